// What a run in the sandbox costs beside the same program started plainly, and whether anything is left afterwards.
// Paper: none.
#pragma once
#include <string>
#include <vector>

#include "rewards/code/executor.h"

namespace r1 {

/// Sorted times of many starts, in milliseconds.
struct StartTimes {
  std::string what;
  std::vector<double> plain_ms, sandbox_ms;
};

/// What this process and its runners hold; equal before and after if nothing leaks.
struct Holdings {
  int64_t descriptors = 0;  ///< open in this process and its runners
  int64_t children = 0;     ///< processes below the runners
  int64_t files = 0;        ///< names in the executor's directory
  int64_t memory = 0;       ///< resident bytes of the runners
};
Holdings holdings_of(const Executor& executor);

struct ExecutorBench {
  int level = 0;
  std::vector<StartTimes> starts;
  Holdings before, after;
  double programs_per_s = 0;  ///< all workers busy
};

/// `count` runs of an empty compiled program and of `python -I -S` with an empty program, one after another, each
/// beside a plain start; then `count` more as fast as the workers can.
ExecutorBench bench_executor(Executor& executor, int64_t count);
std::string bench_report(const ExecutorBench& bench);

}  // namespace r1
