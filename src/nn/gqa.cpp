// Grouped-query attention. Paper: [R1 App. F].
#include "nn/gqa.h"

#include <cmath>

#include "autograd/ops/linear.h"

namespace r1 {

Gqa::Gqa(ParamList& p, const std::string& prefix, const GqaShape& s) : s_(s) {
  const int64_t q = s.n_heads * s.head_dim, kv = s.n_kv_heads * s.head_dim;
  w_q_ = &p.add(prefix + ".q_proj.weight", {q, s.dim});
  if (s.qkv_bias) b_q_ = &p.add(prefix + ".q_proj.bias", {q}, false);
  w_k_ = &p.add(prefix + ".k_proj.weight", {kv, s.dim});
  if (s.qkv_bias) b_k_ = &p.add(prefix + ".k_proj.bias", {kv}, false);
  w_v_ = &p.add(prefix + ".v_proj.weight", {kv, s.dim});
  if (s.qkv_bias) b_v_ = &p.add(prefix + ".v_proj.bias", {kv}, false);
  w_o_ = &p.add(prefix + ".o_proj.weight", {s.dim, q});
}

Var Gqa::project(Tape& t, Var x, const Param* w, const Param* b) const {
  Var y = ops::linear(t, x, *w);
  return b ? ops::bias(t, y, *b) : y;
}

Var Gqa::forward(Tape& t, Var x, Var residual, const LayerContext& ctx, int64_t layer) const {
  const auto rotate = [&](Var v, int64_t heads) { return ops::rotate_heads(t, v, heads, 0, s_.head_dim, ctx.rotary); };
  Var q = rotate(project(t, x, w_q_, b_q_), s_.n_heads);
  Var k = rotate(project(t, x, w_k_, b_k_), s_.n_kv_heads);
  Var v = project(t, x, w_v_, b_v_);
  const real scale = static_cast<real>(1 / std::sqrt(static_cast<double>(s_.head_dim)));
  const ops::AttentionShape a{s_.n_heads, s_.n_kv_heads, s_.head_dim, s_.head_dim, scale};
  const PagedKv* paged = ctx.kv ? &ctx.kv->layers[static_cast<size_t>(layer)] : nullptr;
  Var o = ops::attention(t, q, k, v, a, ctx.cu_seqlens, ctx.prefix, ctx.positions, paged, ctx.kv ? ctx.kv->longest : 0);
  return ops::linear(t, o, *w_o_, residual);
}

}  // namespace r1
