// RMSNorm y = x / rms(x) * w over the last axis, forward and backward, with row strides so that a slice of a wider row
// can be normed in place. rms(x) = sqrt(mean x^2 + eps). Paper: [V3 §2.1.1] (after each compressed latent, pre-norm).
#pragma once
#include "kernels/kernel.h"

namespace r1 {

struct RmsNormArgs {
  int64_t rows = 0, cols = 0;
  real eps = real(1e-6);
  const real* x = nullptr;  ///< [rows, cols], rows ldx apart
  int64_t ldx = 0;
  const real* w = nullptr;  ///< [cols]
};

/// y [rows, cols] (rows ldy apart) and rstd [rows] = 1 / rms (nullptr: not wanted).
R1_KERNEL(rmsnorm_fwd, const Exec& ex, real* y, int64_t ldy, real* rstd, const RmsNormArgs& a)

struct RmsNormGrads {
  const real* dy = nullptr;  ///< [rows, cols], rows lddy apart
  int64_t lddy = 0;
  const real* rstd = nullptr;
  real* dx = nullptr;  ///< [rows, cols], rows lddx apart; = or += if accumulate
  int64_t lddx = 0;
  bool accumulate = false;
  real* dw = nullptr;  ///< [cols], +=, rows in ascending order
};
R1_KERNEL(rmsnorm_bwd, const Exec& ex, const RmsNormArgs& a, const RmsNormGrads& g)

}  // namespace r1
