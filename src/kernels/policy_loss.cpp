// GRPO's token objective. Paper: [R1 Eq. 1-2].
#include "kernels/policy_loss.h"

#include "kernels/vec.h"

namespace r1::R1_ISA {

namespace {

/// Estimate of KL(policy || reference) from one token and its derivative in logp; d = logp_ref - logp.
R1_INLINE vec kl_estimate(KlKind kind, vec d, vec& derivative) {
  if (kind == KlKind::kK1) {
    derivative = splat(1);
    return -d;
  }
  if (kind == KlKind::kK2) {
    derivative = -d;
    return d * d * real(0.5);
  }
  const vec r = exp(d);  // k3: r - log r - 1 with r = pi_ref / pi, never negative [R1 Eq. 2]
  derivative = real(1) - r;
  return max((r - real(1)) - d, vec{});
}

}  // namespace

void policy_loss(const Exec&, real* loss, real* dlogp, real* ratio, real* kl, real* clipped, const PolicyLossArgs& a) {
  const vec low = splat(real(1) - a.clip_low), high = splat(real(1) + a.clip_high);
  for (int64_t i = 0; i < a.n; i += kLanes) {
    const int64_t n = a.n - i;
    const vec lp = load_tail(a.logp + i, n), adv = load_tail(a.advantage + i, n), w = load_tail(a.weight + i, n);
    const vec rho = exp(lp - load_tail(a.logp_old + i, n));
    const vec free = rho * adv, bound = min(max(rho, low), high) * adv;
    const ivec cut = bound < free;
    const vec gain = min(free, bound);
    vec dkl{}, k{};
    if (a.logp_ref) k = kl_estimate(a.kl, load_tail(a.logp_ref + i, n) - lp, dkl);
    const vec slope = select(cut, vec{}, free);
    store_tail(loss + i, w * (k * a.kl_beta - gain), n);
    store_tail(dlogp + i, w * (dkl * a.kl_beta - slope), n);
    store_tail(ratio + i, rho, n);
    store_tail(kl + i, k, n);
    store_tail(clipped + i, select(cut, splat(1), vec{}), n);
  }
}

}  // namespace r1::R1_ISA
