// RMSNorm y = x / rms(x) * w over the last axis, forward and backward, with row strides so that a slice of a wider row
// can be normed in place. rms(x) = sqrt(mean x^2 + eps). Paper: [V3 §2.1.1] (after each compressed latent, pre-norm).
#pragma once
#include "kernels/kernel.h"

namespace r1 {

template <class T>
struct RmsNormArgsOf {
  int64_t rows = 0, cols = 0;
  real eps = real(1e-6);
  const T* x = nullptr;  ///< [rows, cols], rows ldx apart
  int64_t ldx = 0;
  const T* w = nullptr;  ///< [cols]
};
using RmsNormArgs = RmsNormArgsOf<real>;

/// y [rows, cols] (rows ldy apart) and rstd [rows] = 1 / rms (nullptr: not wanted).
R1_KERNEL(rmsnorm_fwd, const Exec& ex, real* y, int64_t ldy, real* rstd, const RmsNormArgs& a)
R1_KERNEL_CUDA(rmsnorm_fwd, const Exec& ex, bf16* y, int64_t ldy, float* rstd, const RmsNormArgsOf<bf16>& a)

/// The residual stream and its norm in one pass: h = x + r (h [rows, cols] dense, may be x or r when these are dense),
/// y = h / rms(h) * w.
R1_KERNEL(rmsnorm_residual_fwd, const Exec& ex, real* y, int64_t ldy, real* rstd, real* h, const real* r,
          const RmsNormArgs& a)
R1_KERNEL_CUDA(rmsnorm_residual_fwd, const Exec& ex, bf16* y, int64_t ldy, float* rstd, bf16* h, const bf16* r,
               const RmsNormArgsOf<bf16>& a)

template <class T>
struct RmsNormGradsOf {
  const T* dy = nullptr;  ///< [rows, cols], rows lddy apart
  int64_t lddy = 0;
  const real* rstd = nullptr;
  T* dx = nullptr;  ///< [rows, cols], rows lddx apart; = or += if accumulate
  int64_t lddx = 0;
  bool accumulate = false;
  real* dw = nullptr;  ///< [cols], +=, rows in ascending order
};
using RmsNormGrads = RmsNormGradsOf<real>;
R1_KERNEL(rmsnorm_bwd, const Exec& ex, const RmsNormArgs& a, const RmsNormGrads& g)
R1_KERNEL_CUDA(rmsnorm_bwd, const Exec& ex, const RmsNormArgsOf<bf16>& a, const RmsNormGradsOf<bf16>& g)

/// Rows whose share of dw the device sums in one piece; the pieces are then added in order.
constexpr int64_t kNormChunk = 64;
/// Scratch bytes of rmsnorm_bwd on the device (the CPU needs none).
inline size_t rmsnorm_bwd_workspace(int64_t rows, int64_t cols) {
  return static_cast<size_t>((rows + kNormChunk - 1) / kNormChunk) * static_cast<size_t>(cols) * sizeof(float);
}

}  // namespace r1
