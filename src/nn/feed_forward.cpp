// Dense and mixture-of-experts feed-forward. Paper: [V3 Eq. 12-16], [V3 §2.1.2].
#include "nn/feed_forward.h"

#include "autograd/ops/basic.h"
#include "autograd/ops/linear.h"

namespace r1 {

Mlp::Mlp(ParamList& p, const std::string& prefix, int64_t dim, int64_t inner)
    : w13_(&p.add(prefix + ".w13", {2 * inner, dim})), w2_(&p.add(prefix + ".w2", {dim, inner})) {}

Var Mlp::forward(Tape& t, Var x, Var residual) const {
  return ops::linear(t, ops::swiglu(t, ops::linear(t, x, *w13_)), *w2_, residual);
}

Moe::Moe(ParamList& p, std::vector<Buffer>& buffers, const std::string& prefix, const MoeShape& s)
    : s_(s), buffers_(&buffers) {
  w_gate_ = &p.add(prefix + ".gate.weight", {s.n_routed, s.dim});
  bias_ = buffers.size();
  if (s.has_bias) buffers.push_back({prefix + ".gate.e_score_correction_bias", Tensor::meta({s.n_routed})});
  if (s.n_shared > 0) shared_.emplace_back(p, prefix + ".shared_experts", s.dim, s.inner * s.n_shared);
  w13_ = &p.add(prefix + ".experts.w13", {s.n_routed, 2 * s.inner, s.dim});
  w2_ = &p.add(prefix + ".experts.w2", {s.n_routed, s.dim, s.inner});
}

Var Moe::forward(Tape& t, Var x, Var residual, const LayerContext& ctx, size_t index) const {
  RouterArgs args = s_.router;
  if (s_.has_bias) args.bias = (*buffers_)[bias_].value.data();
  ops::RouterStats* stats = ctx.routers ? &(*ctx.routers)[index] : nullptr;
  const ops::Routing routing = ops::router(t, x, *w_gate_, args, ctx.cu_seqlens, ctx.balance_weight, stats);
  for (const Mlp& shared : shared_) residual = shared.forward(t, x, residual);
  return ops::experts(t, x, routing, *w13_, *w2_, residual);
}

void update_router_bias(Tensor& bias, const std::vector<int64_t>& load, real gamma) {
  int64_t total = 0;
  for (int64_t n : load) total += n;
  const int64_t experts = bias.numel();
  for (size_t i = 0; i < load.size(); ++i) {
    const int64_t excess = load[i] * experts - total;  // exact comparison with the mean
    bias.data()[i] += excess > 0 ? -gamma : excess < 0 ? gamma : real(0);
  }
}

}  // namespace r1
