// Names and shapes of every tensor, and the sums over them. Paper: [V3 §2.1], [V3 §2.2].
#include "model/layout.h"

#include <numeric>

namespace r1 {

namespace {

/// Collects tensors under a prefix.
class Lister {
 public:
  explicit Lister(const ModelConfig& c) : c_(c) {}
  std::vector<HfTensor> out;

  void add(const std::string& name, std::vector<int64_t> shape, ParamGroup g, const std::string& alias_of = "") {
    out.push_back({prefix_ + name + ".weight", std::move(shape), g, mtp_, alias_of});
  }

  void layer(int64_t i, bool mtp) {
    prefix_ = cat("model.layers.", i, "."), mtp_ = mtp;
    add("input_layernorm", {c_.dim}, ParamGroup::kNorm);
    c_.arch == "dense" ? grouped_attention() : latent_attention();
    add("post_attention_layernorm", {c_.dim}, ParamGroup::kNorm);
    c_.is_moe(i) ? experts() : feed_forward("mlp.", c_.inter_dim, ParamGroup::kDenseMlp);
    if (mtp) mtp_extras();
    prefix_.clear(), mtp_ = false;
  }

 private:
  void latent_attention() {
    const auto g = ParamGroup::kAttention;
    const int64_t q = c_.n_heads * c_.qk_head_dim();
    if (c_.q_lora_rank > 0) {
      add("self_attn.q_a_proj", {c_.q_lora_rank, c_.dim}, g);
      add("self_attn.q_a_layernorm", {c_.q_lora_rank}, g);
      add("self_attn.q_b_proj", {q, c_.q_lora_rank}, g);
    } else {
      add("self_attn.q_proj", {q, c_.dim}, g);
    }
    add("self_attn.kv_a_proj_with_mqa", {c_.kv_lora_rank + c_.qk_rope_head_dim, c_.dim}, g);
    add("self_attn.kv_a_layernorm", {c_.kv_lora_rank}, g);
    add("self_attn.kv_b_proj", {c_.n_heads * (c_.qk_nope_head_dim + c_.v_head_dim), c_.kv_lora_rank}, g);
    add("self_attn.o_proj", {c_.dim, c_.n_heads * c_.v_head_dim}, g);
  }

  void grouped_attention() {
    const auto g = ParamGroup::kAttention;
    const int64_t q = c_.n_heads * c_.dense_head_dim(), kv = c_.n_kv_heads * c_.dense_head_dim();
    const std::pair<const char*, int64_t> projections[]{{"q_proj", q}, {"k_proj", kv}, {"v_proj", kv}};
    for (const auto& [name, rows] : projections) {
      add(cat("self_attn.", name), {rows, c_.dim}, g);
      if (c_.qkv_bias) out.push_back({cat(prefix_, "self_attn.", name, ".bias"), {rows}, g, mtp_, ""});
    }
    add("self_attn.o_proj", {c_.dim, q}, g);
  }

  void feed_forward(const std::string& at, int64_t inner, ParamGroup g) {
    add(at + "gate_proj", {inner, c_.dim}, g);
    add(at + "up_proj", {inner, c_.dim}, g);
    add(at + "down_proj", {c_.dim, inner}, g);
  }

  void experts() {
    add("mlp.gate", {c_.n_routed_experts, c_.dim}, ParamGroup::kRouter);
    if (c_.router_bias)
      out.push_back(
          {prefix_ + "mlp.gate.e_score_correction_bias", {c_.n_routed_experts}, ParamGroup::kRouterBias, mtp_, ""});
    for (int64_t e = 0; e < c_.n_routed_experts; ++e)
      feed_forward(cat("mlp.experts.", e, "."), c_.moe_inter_dim, ParamGroup::kRoutedExperts);
    if (c_.n_shared_experts > 0)
      feed_forward("mlp.shared_experts.", c_.moe_inter_dim * c_.n_shared_experts, ParamGroup::kSharedExperts);
  }

  void mtp_extras() {
    add("enorm", {c_.dim}, ParamGroup::kNorm);
    add("hnorm", {c_.dim}, ParamGroup::kNorm);
    add("eh_proj", {c_.dim, 2 * c_.dim}, ParamGroup::kMtpProjection);
    add("shared_head.norm", {c_.dim}, ParamGroup::kNorm);
    const std::string head = c_.tie_embeddings ? "model.embed_tokens.weight" : "lm_head.weight";
    add("embed_tokens", {c_.vocab_size, c_.dim}, ParamGroup::kEmbedding, "model.embed_tokens.weight");
    add("shared_head.head", {c_.vocab_size, c_.dim}, ParamGroup::kHead, head);
  }

  const ModelConfig& c_;
  std::string prefix_;
  bool mtp_ = false;
};

int64_t sum_trained(const std::array<int64_t, kParamGroups>& n) {
  return std::accumulate(n.begin(), n.end(), int64_t{0}) - n[static_cast<size_t>(ParamGroup::kRouterBias)];
}

}  // namespace

std::string group_name(ParamGroup g) {
  static const std::array<const char*, kParamGroups> names{
      "embedding", "output head", "attention", "dense feed-forward", "routed experts", "shared experts",
      "router",    "router bias", "norms",     "MTP projection"};
  return names[static_cast<size_t>(g)];
}

std::vector<HfTensor> hf_layout(const ModelConfig& c) {
  Lister l(c);
  l.add("model.embed_tokens", {c.vocab_size, c.dim}, ParamGroup::kEmbedding);
  for (int64_t i = 0; i < c.n_layers; ++i) l.layer(i, false);
  l.add("model.norm", {c.dim}, ParamGroup::kNorm);
  if (!c.tie_embeddings) l.add("lm_head", {c.vocab_size, c.dim}, ParamGroup::kHead);
  if (c.arch == "deepseek_v3")
    for (int64_t k = 0; k < c.n_mtp; ++k) l.layer(c.n_layers + k, true);
  return std::move(l.out);
}

int64_t ParamCount::total() const { return sum_trained(main); }
int64_t ParamCount::total_mtp() const { return sum_trained(mtp); }
int64_t ParamCount::active() const { return total() - unused_experts; }
int64_t ParamCount::active_no_embed() const {
  return active() - (of(ParamGroup::kHead) > 0 ? of(ParamGroup::kEmbedding) : 0);  // a tied table is the head too
}

ParamCount count_params(const ModelConfig& c) {
  ParamCount n;
  for (const HfTensor& t : hf_layout(c))
    if (t.alias_of.empty()) (t.mtp ? n.mtp : n.main)[static_cast<size_t>(t.group)] += t.numel();
  n.unused_experts =
      n.of(ParamGroup::kRoutedExperts) / c.n_routed_experts * (c.n_routed_experts - c.n_activated_experts);
  return n;
}

int64_t cache_numbers(const ModelConfig& c) {
  if (c.arch == "dense") return c.n_layers * 2 * c.n_kv_heads * c.dense_head_dim();
  return c.n_layers * (c.kv_lora_rank + c.qk_rope_head_dim);
}

int64_t mha_cache_numbers(const ModelConfig& c) {
  if (c.arch == "dense") return c.n_layers * 2 * c.n_heads * c.dense_head_dim();
  return c.n_layers * c.n_heads * (c.qk_nope_head_dim + c.v_head_dim);
}

}  // namespace r1
