// Softmax and log-softmax of rows, forward and backward. Paper: [V3 Eq. 10] (attention), [R1 Eq. 1]
// (log-probabilities).
#pragma once
#include "kernels/kernel.h"

namespace r1 {

/// y [rows, cols] = softmax of each row of scale * x, or its logarithm. y may be x.
R1_KERNEL(softmax_fwd, const Exec& ex, real* y, const real* x, int64_t rows, int64_t cols, real scale, bool log)
R1_KERNEL_CUDA(softmax_fwd, const Exec& ex, bf16* y, const bf16* x, int64_t rows, int64_t cols, float scale, bool log)
/// dx from dy and the forward's y: scale * y * (dy - sum(dy y)), and scale * (dy - exp(y) sum(dy)) for the logarithm.
/// dx may be dy.
R1_KERNEL(softmax_bwd, const Exec& ex, real* dx, const real* dy, const real* y, int64_t rows, int64_t cols, real scale,
          bool log)
R1_KERNEL_CUDA(softmax_bwd, const Exec& ex, bf16* dx, const bf16* dy, const bf16* y, int64_t rows, int64_t cols,
               float scale, bool log)

}  // namespace r1
