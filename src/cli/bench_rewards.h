// `r1 bench rewards`: verdicts a second of every checker that a registered task names, on that task's own problems.
// Paper: none.
#pragma once

namespace r1 {

struct RewardBench {
  int threads = 2;
  double seconds = 1;  ///< length of one measurement at least
};

/// Prints a table: right answers, wrong answers and a hostile text, in turn, on one thread and on all.
void bench_rewards(const RewardBench& options);

}  // namespace r1
