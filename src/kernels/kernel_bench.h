// `r1 bench cuda`: tests and timings of the device's kernels. Implemented by cuda/harness in builds with CUDA; without,
// the call says so (src/tensor/device_cpu.cpp). Paper: none.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace r1 {

struct KernelBenchOptions {
  bool list = false, check = false, bench = false;
  std::string only;           ///< part of a case's name; empty: all
  std::string kernel;         ///< beginning of a case's name ("gemm", "rmsnorm_fwd"); unknown: an error that lists them
  std::string file;           ///< a reader's own .cu with twins of `kernel`: its cases run on that
  std::string step;           ///< "block,thread": walk this thread through the first case, emulated builds only
  std::vector<int64_t> size;  ///< instead of the cases' own problems
  std::string out;            ///< folder for bench.json, bench.md, check.log; empty: none
  int runs = 2;               ///< a kernel is run so often and must give the same bits
  int faults = 8;             ///< checks: a case ends with the problem at which it has so many
  bool small = false;         ///< checks: aligned problems only (sanitizers)
};

/// Returns 1 if a check failed, else 0.
int run_kernel_bench(const KernelBenchOptions& o);

}  // namespace r1
