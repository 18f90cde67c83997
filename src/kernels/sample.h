// Draws one token id per row of logits by inverse transform over ids ascending, with temperature and nucleus cut. The
// uniform numbers come from outside (base/rng.h), so a draw is a function of its row and its number alone.
// Paper: [R1 App. D.1] (temperature 0.6, top-p 0.95 in evaluation), [R1 §2.1] (temperature 1 in rollouts).
#pragma once
#include "kernels/kernel.h"

namespace r1 {

/// ids[r] ~ softmax(logits[r] * inv_temperature) cut to its nucleus: the most probable tokens that hold at least the
/// share top_p of the mass (ties with the last of them included). top_p <= 0: the most probable token, lowest id first;
/// top_p >= 1: no cut. uniform[r] in [0, 1). Logits with NaN give some id in range: check the log-probability.
R1_KERNEL_CPU_ONLY(sample_rows, const Exec& ex, int32_t* ids, const real* logits, const real* uniform, int64_t rows,
                   int64_t vocab, real inv_temperature, real top_p)
/// Scratch bytes: one row a worker.
inline size_t sample_workspace(int64_t vocab, int workers) {
  return static_cast<size_t>(workers) * static_cast<size_t>((vocab + 15) / 16 * 16) * sizeof(real) + 64;
}

}  // namespace r1
