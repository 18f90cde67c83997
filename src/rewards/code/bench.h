// What a run in the sandbox costs beside the same program started plainly, and whether anything is left afterwards.
// Paper: none.
#pragma once
#include <string>
#include <vector>

#include "rewards/code/executor.h"

namespace r1 {

/// Many starts: sorted times in milliseconds, and processor time of one, which says more on a machine under load.
struct StartTimes {
  std::string what;
  std::vector<double> plain_ms, sandbox_ms;
  double plain_cpu_ms = 0, sandbox_cpu_ms = 0;
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
