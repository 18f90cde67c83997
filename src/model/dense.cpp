// Dense GQA + SwiGLU model. Paper: [R1 App. F].
#include "model/dense.h"

#include "autograd/ops/basic.h"
#include "model/init.h"

namespace r1 {

Dense::Dense(const ModelConfig& c) : config_(c) {
  c.check("model config");
  rotary_shape_ = {head_dim(),    c.rope_theta, c.rope_factor, c.original_seq_len,
                   c.max_seq_len, c.beta_fast,  c.beta_slow};
  embed_ = &params_.add("model.embed_tokens.weight", {c.vocab_size, c.dim});
  for (int64_t i = 0; i < c.n_layers; ++i) {
    const std::string prefix = cat("model.layers.", i);
    const Param* attn_norm = &params_.add(prefix + ".input_layernorm.weight", {c.dim}, false);
    Gqa attn(params_, prefix + ".self_attn", {c.dim, c.n_heads, c.n_kv_heads, head_dim(), c.qkv_bias});
    const Param* ffn_norm = &params_.add(prefix + ".post_attention_layernorm.weight", {c.dim}, false);
    blocks_.push_back({attn_norm, ffn_norm, attn, Mlp(params_, prefix + ".mlp", c.dim, c.inter_dim)});
  }
  norm_ = &params_.add("model.norm.weight", {c.dim}, false);
  if (!c.tie_embeddings) head_ = &params_.add("lm_head.weight", {c.vocab_size, c.dim});
}

KvShape Dense::kv_shape() const { return {config_.n_kv_heads, head_dim(), head_dim(), false}; }

Var Dense::forward(Tape& t, const TokenBatch& batch) const {
  for (int32_t p : batch.positions)
    R1_CHECK(p >= 0 && p < config_.max_seq_len, "position ", p,
             ", expected 0 to max_seq_len - 1 = ", config_.max_seq_len - 1);
  LayerContext ctx;
  ctx.cu_seqlens = t.visible(batch.cu_seqlens), ctx.prefix = t.visible(batch.prefix);
  ctx.positions = t.visible(batch.positions).data();
  ctx.rotary = {rotary_.data(), ctx.positions, config_.rope_interleave};
  ctx.kv = batch.kv;
  const real eps = static_cast<real>(config_.rms_eps);
  Var x = ops::embedding(t, batch.ids, *embed_);
  int64_t layer = 0;
  for (const Block& b : blocks_) {
    x = b.attn.forward(t, ops::rmsnorm(t, x, *b.attn_norm, eps), x, ctx, layer++);
    x = b.mlp.forward(t, ops::rmsnorm(t, x, *b.ffn_norm, eps), x);
  }
  return ops::rmsnorm(t, x, *norm_, eps);
}

void Dense::allocate() {
  CausalLm::allocate();
  rotary_ = rotary_table(rotary_shape_);
}

void Dense::to(Device device) {
  CausalLm::to(device);
  rotary_ = rotary_.to(device, "rotary angles");
}

void Dense::init(uint64_t seed) { init_normal(params_, seed, config_.init_std, residual_scale(config_)); }

R1_REGISTER(ModelFactory, "dense", [](const ModelConfig& c) { return std::unique_ptr<CausalLm>(new Dense(c)); });

}  // namespace r1
