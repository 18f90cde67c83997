// Which cases a run is about, and whose kernels they call. Paper: none.
#pragma once
#include <string>
#include <vector>

#include "harness/bench.h"
#include "harness/trial.h"
#include "kernels/kernel_bench.h"

namespace r1::harness {

/// A case to run. With a reader's file, `run` calls the functions of that file and `ours` the project's.
struct Selected {
  std::string name;
  KernelCase run, ours;
  bool of_reader = false;  ///< the file has a kernel that this case calls
};

/// The cases that --kernel, --only and --size name; throws if there are none.
std::vector<Selected> select_cases(const KernelBenchOptions& o);

/// Compiles o.file beside the case files of the selection, loads it, and points `run` at it. Throws if there is no
/// compiler, no source tree, an error in the file (after showing it), or no case that calls a function of the file.
void load_reader(const KernelBenchOptions& o, std::vector<Selected>& cases);

/// --emu-step: one thread of the first case's first problem, event by event.
void step_case(const KernelBenchOptions& o, const Selected& s);

/// The emulator's counters of each case on each of its problems, as a table: the same numbers in every run.
std::string counter_table(const std::vector<Selected>& cases);

/// One problem by the project's kernel and by a reader's, as a table.
struct Comparison {
  Timing ours, yours;
};
std::string comparison_table(const std::vector<Comparison>& rows);

}  // namespace r1::harness
