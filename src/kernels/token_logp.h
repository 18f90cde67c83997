// Log-probabilities of chosen tokens from the last hidden states and the head's weights, without the logits: the device
// works through the rows in chunks (backward) or keeps a few numbers a tile of the product (forward), never [B, T, V].
// Logits are float sums of bf16 products, unrounded. On the CPU the operation of the tape does the same in chunks
// (autograd/ops/logp.h). Paper: [R1 Eq. 1].
#pragma once
#include "kernels/kernel.h"

namespace r1 {

struct TokenLogpArgs {
  int64_t rows = 0, dim = 0, vocab = 0;
  const bf16* h = nullptr;  ///< [rows, dim]
  const bf16* w = nullptr;  ///< [vocab, dim]
  const int32_t* targets = nullptr;
  float inv_temperature = 1;  ///< positive
};

/// Rows whose logits' gradients are held at once.
constexpr int64_t kTokenLogpRows = 2048;
/// Scratch bytes of either call: what a chip without wgmma needs is the larger.
inline size_t token_logp_workspace(const TokenLogpArgs& a) {
  const int64_t rows = a.rows < kTokenLogpRows ? a.rows : kTokenLogpRows, ld = (a.vocab + 7) / 8 * 8;
  const int64_t stats = a.rows * ((a.vocab + 255) / 256) * 16 + a.rows * 4;
  const int64_t chunk = rows * ld * 6;
  return static_cast<size_t>(stats > chunk ? stats : chunk) + 256;
}

/// logp, lse, entropy [rows] as logp_rows gives from logits h w^T (entropy nullptr: not wanted).
R1_KERNEL_CUDA(token_logp_fwd, const Exec& ex, float* logp, float* lse, float* entropy, const TokenLogpArgs& a)
/// dh [rows, dim] = and dw [vocab, dim] += the gradients, from dlogp [rows] and the forward's lse.
R1_KERNEL_CUDA(token_logp_bwd, const Exec& ex, bf16* dh, float* dw, const float* dlogp, const float* lse,
               const TokenLogpArgs& a)

}  // namespace r1
