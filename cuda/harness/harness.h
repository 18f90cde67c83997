// The four uses of a kernel case: list, check (with sweep of sizes and alignments), time. Paper: none.
#pragma once
#include <string>

#include "base/check.h"

namespace r1::harness {

struct Options {
  bool list = false, check = false, bench = false;
  std::string only;  ///< part of a case's name; empty: all
  std::string out;   ///< folder for bench.json, bench.md, check.log; empty: none
  int runs = 2;
  bool small = false;  ///< checks: aligned problems only (sanitizers)
};

/// Returns 1 if a check failed, else 0.
int run(const Options& o);

}  // namespace r1::harness
