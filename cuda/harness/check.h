// Judges a kernel on one problem: sentinels, unwritten and wrong elements, equality with the CPU kernel, equality with
// itself, independence of the batch. Paper: none.
#pragma once
#include <string>

#include "harness/trial.h"

namespace r1::harness {

struct Verdict {
  int problems = 0;                 ///< sizes x fills x alignments tried
  double worst = 0;                 ///< largest error divided by what was allowed
  std::vector<std::string> faults;  ///< one line each; empty: passed
};

struct CheckOptions {
  int runs = 2;            ///< equal bits asked of so many runs (schedules, in the emulator)
  bool alignments = true;  ///< also one element off alignment
  int most_faults = 8;     ///< stop a case after so many
};

Verdict check_case(const std::string& name, const KernelCase& c, const CheckOptions& o);
/// "37, 96".
std::string text_of(const Dims& d);

}  // namespace r1::harness
