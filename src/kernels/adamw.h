// AdamW with decoupled weight decay, one pass over a tensor. Paper: [V3 §4.2] (b1 0.9, b2 0.95, decay 0.1).
#pragma once
#include "kernels/kernel.h"

namespace r1 {

struct AdamWArgs {
  real lr = 0, beta1 = real(0.9), beta2 = real(0.95), eps = real(1e-8), weight_decay = 0;
  real correction1 = 1, correction2 = 1;  ///< 1 - beta^t
  real grad_scale = 1;                    ///< factor on the gradient
  /// Clip by global norm where the norm is known only on the device: the sum of squares of all gradients (after
  /// grad_scale) that sum_squares left there, and the norm allowed. nullptr: no clip.
  const double* squares = nullptr;
  real max_norm = 1;
};

/// w, m, v [n] in place from g [n]: m = b1 m + (1-b1) g, v = b2 v + (1-b2) g^2, w -= lr (mhat / (sqrt vhat + eps) +
/// decay w).
R1_KERNEL(adamw, const Exec& ex, real* w, real* m, real* v, const real* g, int64_t n, const AdamWArgs& a)
/// The same with a bf16 gradient and a bf16 copy w16 of the new weights: 28 bytes a parameter.
R1_KERNEL_CUDA(adamw, const Exec& ex, bf16* w16, float* w, float* m, float* v, const bf16* g, int64_t n,
               const AdamWArgs& a)

}  // namespace r1
