// MLA in both forms. Paper: [V3 Eq. 1-11], [V2 App. C].
#include "nn/mla.h"

#include "autograd/ops/basic.h"
#include "autograd/ops/linear.h"

namespace r1 {

Mla::Mla(ParamList& p, const std::string& prefix, const MlaShape& s) : s_(s) {
  const int64_t q_width = s.n_heads * (s.nope_dim + s.rope_dim);
  if (s.q_lora_rank > 0) {
    w_dq_ = &p.add(prefix + ".q_a_proj.weight", {s.q_lora_rank, s.dim});
    q_norm_ = &p.add(prefix + ".q_a_layernorm.weight", {s.q_lora_rank}, false);
    w_uq_ = &p.add(prefix + ".q_b_proj.weight", {q_width, s.q_lora_rank});
  } else {
    w_q_ = &p.add(prefix + ".q_proj.weight", {q_width, s.dim});
  }
  w_dkv_ = &p.add(prefix + ".kv_a_proj_with_mqa.weight", {s.kv_lora_rank + s.rope_dim, s.dim});
  kv_norm_ = &p.add(prefix + ".kv_a_layernorm.weight", {s.kv_lora_rank}, false);
  w_uk_ = &p.add(prefix + ".w_uk", {s.n_heads, s.nope_dim, s.kv_lora_rank});
  w_uv_ = &p.add(prefix + ".w_uv", {s.n_heads, s.v_dim, s.kv_lora_rank});
  w_o_ = &p.add(prefix + ".o_proj.weight", {s.dim, s.n_heads * s.v_dim});
}

Var Mla::query(Tape& t, Var x) const {
  if (w_q_) return ops::linear(t, x, *w_q_);                               // [V3 Eq. 6-8] without compression
  Var c_q = ops::rmsnorm(t, ops::linear(t, x, *w_dq_), *q_norm_, s_.eps);  // [V3 Eq. 6]
  return ops::linear(t, c_q, *w_uq_);                                      // [V3 Eq. 7]
}

Var Mla::forward(Tape& t, Var x, Var residual, const LayerContext& ctx, int64_t layer) const {
  Var q = query(t, x);
  // [V3 Eq. 1, 3]: the row that is cached, [c_kv | k_R].
  Var key = ops::latent_key(t, ops::linear(t, x, *w_dkv_), *kv_norm_, s_.eps, s_.rope_dim, ctx.rotary);
  const PagedKv* paged = ctx.kv ? &ctx.kv->layers[static_cast<size_t>(layer)] : nullptr;
  const int64_t longest = ctx.kv ? ctx.kv->longest : 0;
  Var o;
  if (s_.absorbed) {
    const ops::AttentionShape a{s_.n_heads, 1, s_.kv_lora_rank + s_.rope_dim, s_.kv_lora_rank, s_.scale};
    Var q_latent = ops::absorbed_query(t, q, *w_uk_, s_.rope_dim, ctx.rotary);
    Var u = ops::attention(t, q_latent, key, nullptr, a, ctx.cu_seqlens, ctx.prefix, ctx.positions, paged, longest);
    o = ops::heads_linear(t, u, *w_uv_, false);
  } else {
    const ops::AttentionShape a{s_.n_heads, s_.n_heads, s_.nope_dim + s_.rope_dim, s_.v_dim, s_.scale};
    Var k = ops::expanded_keys(t, key, *w_uk_, s_.rope_dim);  // [V3 Eq. 2, 4]
    Var v = ops::expanded_values(t, key, *w_uv_);             // [V3 Eq. 5]
    q = ops::rotate_heads(t, q, s_.n_heads, s_.nope_dim, s_.rope_dim, ctx.rotary);
    o = ops::attention(t, q, k, v, a, ctx.cu_seqlens, ctx.prefix, ctx.positions, paged, longest);  // [V3 Eq. 10]
  }
  return ops::linear(t, o, *w_o_, residual);  // [V3 Eq. 11]
}

}  // namespace r1
