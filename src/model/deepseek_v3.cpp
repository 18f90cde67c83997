// DeepSeek-V3. Paper: [V3 §2.1], [V3 §2.2].
#include "model/deepseek_v3.h"

#include <cmath>

#include "autograd/ops/basic.h"
#include "autograd/ops/linear.h"
#include "model/init.h"

namespace r1 {

DeepseekV3::DeepseekV3(const ModelConfig& c) : config_(c) {
  c.check("model config");
  rotary_shape_ = {c.qk_rope_head_dim, c.rope_theta, c.rope_factor, c.original_seq_len,
                   c.max_seq_len,      c.beta_fast,  c.beta_slow};
  embed_ = &params_.add("model.embed_tokens.weight", {c.vocab_size, c.dim});
  for (int64_t i = 0; i < c.n_layers; ++i) blocks_.push_back(make_block(cat("model.layers.", i), i < c.n_dense_layers));
  norm_ = &params_.add("model.norm.weight", {c.dim}, false);
  if (!c.tie_embeddings) head_ = &params_.add("lm_head.weight", {c.vocab_size, c.dim});
  for (int64_t k = 0; k < c.n_mtp; ++k) {  // in the weight file an MTP module is a layer after the last
    const std::string prefix = cat("model.layers.", c.n_layers + k);
    Mtp m;
    m.enorm = &params_.add(prefix + ".enorm.weight", {c.dim}, false);
    m.hnorm = &params_.add(prefix + ".hnorm.weight", {c.dim}, false);
    m.eh_proj = &params_.add(prefix + ".eh_proj.weight", {c.dim, 2 * c.dim});
    m.block = blocks_.size();
    blocks_.push_back(make_block(prefix, c.n_layers <= c.n_dense_layers));
    m.norm = &params_.add(prefix + ".shared_head.norm.weight", {c.dim}, false);
    mtp_.push_back(m);
  }
}

DeepseekV3::Block DeepseekV3::make_block(const std::string& prefix, bool dense) {
  const ModelConfig& c = config_;
  const double scale = yarn_softmax_factor(rotary_shape_, c.mscale) / std::sqrt(static_cast<double>(c.qk_head_dim()));
  const MlaShape mla{c.dim,
                     c.n_heads,
                     c.q_lora_rank,
                     c.kv_lora_rank,
                     c.qk_nope_head_dim,
                     c.qk_rope_head_dim,
                     c.v_head_dim,
                     static_cast<real>(c.rms_eps),
                     static_cast<real>(scale),
                     c.attn_form == "absorbed"};
  const Param* attn_norm = &params_.add(prefix + ".input_layernorm.weight", {c.dim}, false);
  Block b{attn_norm, nullptr, Mla(params_, prefix + ".self_attn", mla), {}, {}, 0};
  b.ffn_norm = &params_.add(prefix + ".post_attention_layernorm.weight", {c.dim}, false);
  if (dense) {
    b.mlp.emplace(params_, prefix + ".mlp", c.dim, c.inter_dim);
    return b;
  }
  RouterArgs router;
  router.k = c.n_activated_experts, router.groups = c.n_expert_groups, router.limited_groups = c.n_limited_groups;
  router.sigmoid = c.score_func == "sigmoid", router.norm_topk = c.norm_topk,
  router.scale = static_cast<real>(c.route_scale);
  b.moe.emplace(params_, buffers_, prefix + ".mlp",
                MoeShape{c.dim, c.moe_inter_dim, c.n_routed_experts, c.n_shared_experts, router, c.router_bias});
  b.moe_index = n_moe_++;
  return b;
}

KvShape DeepseekV3::kv_shape() const {
  const ModelConfig& c = config_;
  if (c.attn_form == "absorbed") return {1, c.kv_lora_rank + c.qk_rope_head_dim, c.kv_lora_rank, true};
  return {c.n_heads, c.qk_head_dim(), c.v_head_dim, false};
}

LayerContext DeepseekV3::context(Tape& t, const TokenBatch& batch) const {
  LayerContext ctx;
  R1_CHECK(batch.prefix.empty() || batch.balance_weight == 0,
           "the balance loss is per sequence, expected no shared prefixes beside it");
  ctx.cu_seqlens = t.visible(batch.cu_seqlens), ctx.prefix = t.visible(batch.prefix);
  ctx.positions = t.visible(batch.positions).data();
  ctx.rotary = {rotary_.data(), ctx.positions, config_.rope_interleave};
  ctx.kv = batch.kv, ctx.routers = batch.routers, ctx.balance_weight = batch.balance_weight;
  return ctx;
}

Var DeepseekV3::run_block(Tape& t, Var x, const Block& b, const LayerContext& ctx, int64_t layer) const {
  const real eps = static_cast<real>(config_.rms_eps);
  const auto body = [&b, ctx, layer, eps](Tape& tape, Var in) {
    Var h = b.attn.forward(tape, ops::rmsnorm(tape, in, *b.attn_norm, eps), in, ctx, layer);
    Var n = ops::rmsnorm(tape, h, *b.ffn_norm, eps);
    return b.moe ? b.moe->forward(tape, n, h, ctx, b.moe_index) : b.mlp->forward(tape, n, h);
  };
  return recompute_ ? recompute(t, x, body) : body(t, x);
}

Var DeepseekV3::forward(Tape& t, const TokenBatch& batch) const {
  for (int32_t p : batch.positions)
    R1_CHECK(p >= 0 && p < config_.max_seq_len, "position ", p,
             ", expected 0 to max_seq_len - 1 = ", config_.max_seq_len - 1);
  const LayerContext ctx = context(t, batch);
  Var x = ops::embedding(t, batch.ids, *embed_);
  for (int64_t i = 0; i < config_.n_layers; ++i) x = run_block(t, x, blocks_[static_cast<size_t>(i)], ctx, i);
  return ops::rmsnorm(t, x, *norm_, static_cast<real>(config_.rms_eps));
}

Var DeepseekV3::mtp(Tape& t, Var hidden, const TokenBatch& batch, int64_t k) const {
  R1_CHECK(k >= 1 && k <= config_.n_mtp, "MTP depth ", k, ", expected 1 to ", config_.n_mtp);
  const Mtp& m = mtp_[static_cast<size_t>(k - 1)];
  const real eps = static_cast<real>(config_.rms_eps);
  std::vector<token_t> ahead(batch.ids.size(), 0);  // t_{i+k}; rows past the document's end see id 0 and have no target
  for (size_t d = 0; d + 1 < batch.cu_seqlens.size(); ++d)
    for (int64_t i = batch.cu_seqlens[d]; i + k < batch.cu_seqlens[d + 1]; ++i)
      ahead[static_cast<size_t>(i)] = batch.ids[static_cast<size_t>(i + k)];
  Var e = ops::rmsnorm(t, ops::embedding(t, ahead, *embed_), *m.enorm, eps);
  Var h = ops::rmsnorm(t, hidden, *m.hnorm, eps);
  Var x =
      ops::linear(t, ops::concat(t, e, h), *m.eh_proj);  // [V3 Eq. 21]; the weight file's order is [embedding | hidden]
  x = run_block(t, x, blocks_[m.block], context(t, batch), config_.n_layers + k - 1);  // [V3 Eq. 22]
  return ops::rmsnorm(t, x, *m.norm, eps);
}

void DeepseekV3::allocate() {
  CausalLm::allocate();
  rotary_ = rotary_table(rotary_shape_);
}

void DeepseekV3::to(Device device) {
  CausalLm::to(device);
  rotary_ = rotary_.to(device, "rotary angles");
}

void DeepseekV3::init(uint64_t seed) { init_normal(params_, seed, config_.init_std, residual_scale(config_)); }

R1_REGISTER(ModelFactory, "deepseek_v3",
            [](const ModelConfig& c) { return std::unique_ptr<CausalLm>(new DeepseekV3(c)); });

}  // namespace r1
