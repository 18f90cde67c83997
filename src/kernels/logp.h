// Log-probabilities of chosen tokens from rows of logits, and their gradient. One row routine for sampler and training,
// so that a token's log-probability has the same bits in both. Paper: [R1 Eq. 1].
#pragma once
#include "kernels/kernel.h"

namespace r1 {

/// Per row r: lse[r] = log sum exp(z / T), logp[r] = z[target] / T - lse, entropy[r] (nullptr: not wanted).
R1_KERNEL(logp_rows, const Exec& ex, real* logp, real* lse, real* entropy, const real* logits, const int32_t* targets,
          int64_t rows, int64_t vocab, real inv_temperature)
R1_KERNEL_CUDA(logp_rows, const Exec& ex, float* logp, float* lse, float* entropy, const bf16* logits,
               const int32_t* targets, int64_t rows, int64_t vocab, float inv_temperature)

/// dlogits[r, v] = dlogp[r] * (1[v = target] - p_v) / T; may alias logits.
R1_KERNEL(logp_rows_bwd, const Exec& ex, real* dlogits, const real* logits, const real* lse, const int32_t* targets,
          const real* dlogp, int64_t rows, int64_t vocab, real inv_temperature)
R1_KERNEL_CUDA(logp_rows_bwd, const Exec& ex, bf16* dlogits, const bf16* logits, const float* lse,
               const int32_t* targets, const float* dlogp, int64_t rows, int64_t vocab, float inv_temperature)

}  // namespace r1
