// Row reductions that need no gradient: sums and sums of squares with 16 virtual lanes and a fixed tree.
// Paper: none.
#pragma once
#include "kernels/kernel.h"

namespace r1 {

/// Elements per chunk of the tree in sum_squares: fixed, so that threads do not change the bits.
constexpr int64_t kReduceChunk = 4096;

/// *out = sum x_i^2 over n elements: chunks of kReduceChunk, each by 16 lanes, added in order in double.
R1_KERNEL(sum_squares, const Exec& ex, double* out, const real* x, int64_t n)

/// acc += x, element by element.
R1_KERNEL(add_into, const Exec& ex, real* acc, const real* x, int64_t n)

}  // namespace r1
