// Fills, copies and conversions of whole buffers. Paper: none.
#pragma once
#include "kernels/kernel.h"

namespace r1 {

/// y = value over n elements.
R1_KERNEL(fill, const Exec& ex, real* y, real value, int64_t n)
/// y = x over n elements; the buffers do not overlap.
R1_KERNEL(copy, const Exec& ex, real* y, const real* x, int64_t n)
/// y = x in the other type, to nearest even.
R1_KERNEL(cast, const Exec& ex, bf16* y, const real* x, int64_t n)
R1_KERNEL_CUDA(cast, const Exec& ex, float* y, const bf16* x, int64_t n)

}  // namespace r1
