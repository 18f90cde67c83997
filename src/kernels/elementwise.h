// Element-wise maps: SwiGLU, sums, strided copies, embedding rows. Paper: [V3 §2.1.2] (FFN is w2(silu(w1 x) * w3 x)).
#pragma once
#include "kernels/kernel.h"

namespace r1 {

/// y [rows, inner] = silu(g) * u where h [rows, 2 inner] = [g | u].
R1_KERNEL(swiglu_fwd, const Exec& ex, real* y, const real* h, int64_t rows, int64_t inner)
R1_KERNEL_CUDA(swiglu_fwd, const Exec& ex, bf16* y, const bf16* h, int64_t rows, int64_t inner)
/// dh [rows, 2 inner] = from dy [rows, inner].
R1_KERNEL(swiglu_bwd, const Exec& ex, real* dh, const real* dy, const real* h, int64_t rows, int64_t inner)
R1_KERNEL_CUDA(swiglu_bwd, const Exec& ex, bf16* dh, const bf16* dy, const bf16* h, int64_t rows, int64_t inner)

/// y = a + b over n elements (y may be a or b).
R1_KERNEL(add, const Exec& ex, real* y, const real* a, const real* b, int64_t n)
R1_KERNEL_CUDA(add, const Exec& ex, bf16* y, const bf16* a, const bf16* b, int64_t n)
/// y (=|+=) factor * x over n elements.
R1_KERNEL(scale, const Exec& ex, real* y, const real* x, real factor, int64_t n, bool accumulate)
/// y [rows, cols] (=|+=) x with row strides.
R1_KERNEL(copy_rows, const Exec& ex, real* y, int64_t ldy, const real* x, int64_t ldx, int64_t rows, int64_t cols,
          bool accumulate)
/// y [rows, cols] += b [cols] (bias).
R1_KERNEL(bias_fwd, const Exec& ex, real* y, const real* b, int64_t rows, int64_t cols)
/// db [cols] += sum of the rows of dy, ascending.
R1_KERNEL(bias_bwd, const Exec& ex, real* db, const real* dy, int64_t rows, int64_t cols)

/// y [rows, cols] = table[ids[r]].
R1_KERNEL(embedding_fwd, const Exec& ex, real* y, const real* table, const int32_t* ids, int64_t rows, int64_t cols)
R1_KERNEL_CUDA(embedding_fwd, const Exec& ex, bf16* y, const bf16* table, const int32_t* ids, int64_t rows,
               int64_t cols)
/// dtable[ids[r]] += dy[r], rows in ascending order.
R1_KERNEL(embedding_bwd, const Exec& ex, real* dtable, const real* dy, const int32_t* ids, int64_t rows, int64_t cols)
R1_KERNEL_CUDA(embedding_bwd, const Exec& ex, float* dtable, const bf16* dy, const int32_t* ids, int64_t rows,
               int64_t cols)

}  // namespace r1
