// `r1 bench cuda`: tests and timings of the device's kernels. Implemented by cuda/harness in builds with CUDA; without,
// the call says so (src/tensor/device_cpu.cpp). Paper: none.
#pragma once
#include <string>

namespace r1 {

struct KernelBenchOptions {
  bool list = false, check = false, bench = false;
  std::string only;    ///< part of a case's name; empty: all
  std::string out;     ///< folder for bench.json, bench.md, check.log; empty: none
  int runs = 2;        ///< a kernel is run so often and must give the same bits
  bool small = false;  ///< checks: aligned problems only (sanitizers)
};

/// Returns 1 if a check failed, else 0.
int run_kernel_bench(const KernelBenchOptions& o);

}  // namespace r1
