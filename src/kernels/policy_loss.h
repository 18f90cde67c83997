// The per-token objective of GRPO: clipped ratio times advantage, minus beta times a KL estimate to the reference, and
// its gradient with respect to the new log-probability. Paper: [R1 Eq. 1-2], token form [DSM Eq. 3].
// Note: paper_notes/grpo.md. Trap: the min() leaves a bad sample's growing ratio unclipped (A < 0, ratio > 1 + high).
#pragma once
#include "kernels/kernel.h"

namespace r1 {

enum class KlKind : uint8_t { kK1, kK2, kK3 };

struct PolicyLossArgs {
  int64_t n = 0;
  const real* logp = nullptr;       ///< [n] under the policy being trained
  const real* logp_old = nullptr;   ///< [n] under the policy that drew the tokens
  const real* logp_ref = nullptr;   ///< [n] under the reference policy, nullptr = no KL term
  const real* advantage = nullptr;  ///< [n]
  const real* weight = nullptr;     ///< [n] share of the token in the mean
  real clip_low = real(0.2), clip_high = real(0.2);
  real kl_beta = 0;
  KlKind kl = KlKind::kK3;
};

/// Per token: loss [n] (to minimise, weighted), dlogp [n] = d loss / d logp, ratio [n], kl [n] (unweighted),
/// clipped [n] = 1 where the clip stops the gradient.
R1_KERNEL_CPU_ONLY(policy_loss, const Exec& ex, real* loss, real* dlogp, real* ratio, real* kl, real* clipped,
                   const PolicyLossArgs& a)

}  // namespace r1
