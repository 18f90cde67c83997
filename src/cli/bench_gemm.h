// The matrix-product part of `r1 bench cpu`. Paper: none.
#pragma once
#include <string>

#include "base/parallel.h"

namespace r1 {

struct GemmBench {
  int rounds = 11;      ///< interleaved rounds a case: ours, oneDNN, FMA probe
  int threads = 2;      ///< measured with 1 thread and with this many
  double slice_ms = 2;  ///< shortest time of one measurement
  std::string only;     ///< cases whose name contains this
};

/// Prints the table; returns the geometric mean of ours / oneDNN on 1 thread, 0 without oneDNN.
double bench_gemm(const GemmBench& options);

/// GFLOP/s of a loop of fused multiply-adds in registers, on all threads of the pool (null: this one), for about
/// `seconds`.
double fma_peak(ThreadPool* pool, double seconds);

}  // namespace r1
