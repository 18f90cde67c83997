// Row reductions that need no gradient: sums and sums of squares with 16 virtual lanes and a fixed tree.
// Paper: none.
#pragma once
#include "kernels/kernel.h"

namespace r1 {

/// Elements a chunk and chunks a run in sum_squares: fixed, so that threads do not change the bits.
constexpr int64_t kReduceChunk = 4096, kReduceRun = 256;

/// *out = sum x_i^2 over n elements: chunks of kReduceChunk, each by 16 lanes; in double the chunks of a run are added in
/// order, then the runs.
R1_KERNEL(sum_squares, const Exec& ex, double* out, const real* x, int64_t n)
/// Scratch bytes of sum_squares on the device (the CPU needs none).
inline size_t sum_squares_workspace(int64_t n) {
  const int64_t chunks = (n + kReduceChunk - 1) / kReduceChunk, runs = (chunks + kReduceRun - 1) / kReduceRun;
  return static_cast<size_t>(runs) * sizeof(double) + static_cast<size_t>(chunks) * sizeof(float);
}

/// Most buffers that sum_tree takes.
constexpr int64_t kTreeLeaves = 16;

/// y = the sum of `count` buffers of n elements, each element by the tree 0+1, 2+3, ...; then 0+2, ...; 0+4, ...; 0+8.
/// y may be one of them.
R1_KERNEL(sum_tree, const Exec& ex, real* y, real* const* x, int64_t count, int64_t n)

}  // namespace r1
