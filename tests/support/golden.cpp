// Reading golden fixtures and comparing tensors with them.
#include "support/golden.h"

#include <cmath>
#include <limits>

namespace r1_test {

using namespace r1;

namespace {
std::string folder(const std::string& name) { return std::string(R1_SOURCE_DIR) + "/tests/golden/fixtures/" + name; }
}  // namespace

Difference difference(std::span<const double> want, std::span<const real> got) {
  Difference d;
  if (want.size() != got.size()) fail("comparison of ", got.size(), " numbers with ", want.size());
  for (size_t i = 0; i < want.size(); ++i) {
    double e = std::fabs(static_cast<double>(got[i]) - want[i]);
    if (!std::isfinite(e)) e = std::numeric_limits<double>::infinity();
    if (e > d.worst) d.worst = e, d.at = i;
    d.scale = std::max(d.scale, std::fabs(want[i]));
  }
  return d;
}

void check_close(const std::string& name, std::span<const double> want, std::span<const real> got, double tolerance) {
  const Difference d = difference(want, got);
  INFO(name << ": worst |difference| " << d.worst << " at element " << d.at << ", max |expected| " << d.scale
            << ", relative " << d.relative() << ", allowed " << tolerance);
  CHECK(d.relative() <= tolerance);
}

Golden::Golden(const std::string& name)
    : config_(load_model_config(folder(name) + "/config.json")),
      weights_(folder(name)),
      expected_(Safetensors::open(folder(name) + "/expected.safetensors")) {
  const TensorInfo& t = expected_.require("ids");
  if (t.shape.size() != 2) fail(expected_.where(), ": ids: expected [B, T]");
  docs_ = t.shape[0], length_ = t.shape[1];
  for (double v : expected_.read_double(t)) ids_.push_back(static_cast<token_t>(v));
}

std::vector<int32_t> Golden::positions() const {
  std::vector<int32_t> out;
  for (int64_t i = 0; i < docs_ * length_; ++i) out.push_back(static_cast<int32_t>(i % length_));
  return out;
}

std::vector<int32_t> Golden::cu_seqlens() const {
  std::vector<int32_t> out;
  for (int64_t d = 0; d <= docs_; ++d) out.push_back(static_cast<int32_t>(d * length_));
  return out;
}

std::vector<double> Golden::logits() const {
  return expected_.read_double(expected_.require("logits", {docs_, length_, config_.vocab_size}));
}

double Golden::loss() const { return expected_.read_double(expected_.require("loss", {})).at(0); }

Json Golden::adamw() const { return parse_json(expected_.metadata().at("about"), expected_.where())["adamw"]; }

std::vector<double> Golden::fused(const std::string& prefix, const std::string& name, const Shape& shape) const {
  std::vector<double> out(static_cast<size_t>(shape.numel()));
  for (const HfSlice& s : hf_slices(config_, name, shape)) {
    const std::vector<double> hf = expected_.read_double(expected_.require(prefix + s.hf_name));
    for (int64_t i = 0; i < s.count; ++i) out[static_cast<size_t>(s.at + i)] = hf.at(static_cast<size_t>(s.hf_at + i));
  }
  return out;
}

void Golden::check_tensors(const std::string& prefix, const std::vector<NamedTensor>& tensors, double tolerance) const {
  for (const NamedTensor& t : tensors) {
    const auto want = fused(prefix, t.name, t.value.shape());
    check_close(prefix + t.name, want, {t.value.data(), static_cast<size_t>(t.value.numel())}, tolerance);
  }
}

std::vector<NamedTensor> memory_tensors(const ModelConfig& c) {
  std::vector<NamedTensor> out;
  const auto add = [&](const std::string& name, Shape shape) { out.push_back({name, Tensor::zeros(shape)}); };
  add("model.embed_tokens.weight", {c.vocab_size, c.dim});
  const bool latent = c.arch == "deepseek_v3";
  const int64_t mtp = latent ? c.n_mtp : 0;
  for (int64_t l = 0; l < c.n_layers + mtp; ++l) {
    const std::string p = cat("model.layers.", l, ".");
    add(p + "input_layernorm.weight", {c.dim});
    add(p + "post_attention_layernorm.weight", {c.dim});
    if (latent) {
      const int64_t q = c.n_heads * c.qk_head_dim();
      if (c.q_lora_rank > 0) {
        add(p + "self_attn.q_a_proj.weight", {c.q_lora_rank, c.dim});
        add(p + "self_attn.q_a_layernorm.weight", {c.q_lora_rank});
        add(p + "self_attn.q_b_proj.weight", {q, c.q_lora_rank});
      } else {
        add(p + "self_attn.q_proj.weight", {q, c.dim});
      }
      add(p + "self_attn.kv_a_proj_with_mqa.weight", {c.kv_lora_rank + c.qk_rope_head_dim, c.dim});
      add(p + "self_attn.kv_a_layernorm.weight", {c.kv_lora_rank});
      add(p + "self_attn.w_uk", {c.n_heads, c.qk_nope_head_dim, c.kv_lora_rank});
      add(p + "self_attn.w_uv", {c.n_heads, c.v_head_dim, c.kv_lora_rank});
      add(p + "self_attn.o_proj.weight", {c.dim, c.n_heads * c.v_head_dim});
    } else {
      const int64_t q = c.n_heads * c.dense_head_dim(), kv = c.n_kv_heads * c.dense_head_dim();
      for (const auto& [name, rows] : {std::pair{"q_proj", q}, std::pair{"k_proj", kv}, std::pair{"v_proj", kv}}) {
        add(p + "self_attn." + name + ".weight", {rows, c.dim});
        if (c.qkv_bias) add(p + "self_attn." + name + ".bias", {rows});
      }
      add(p + "self_attn.o_proj.weight", {c.dim, q});
    }
    if (c.is_moe(l)) {
      add(p + "mlp.gate.weight", {c.n_routed_experts, c.dim});
      if (c.router_bias) add(p + "mlp.gate.e_score_correction_bias", {c.n_routed_experts});
      add(p + "mlp.experts.w13", {c.n_routed_experts, 2 * c.moe_inter_dim, c.dim});
      add(p + "mlp.experts.w2", {c.n_routed_experts, c.dim, c.moe_inter_dim});
      if (c.n_shared_experts > 0) {
        add(p + "mlp.shared_experts.w13", {2 * c.moe_inter_dim * c.n_shared_experts, c.dim});
        add(p + "mlp.shared_experts.w2", {c.dim, c.moe_inter_dim * c.n_shared_experts});
      }
    } else {
      add(p + "mlp.w13", {2 * c.inter_dim, c.dim});
      add(p + "mlp.w2", {c.dim, c.inter_dim});
    }
    if (l < c.n_layers) continue;
    add(p + "enorm.weight", {c.dim});
    add(p + "hnorm.weight", {c.dim});
    add(p + "eh_proj.weight", {c.dim, 2 * c.dim});
    add(p + "shared_head.norm.weight", {c.dim});
  }
  add("model.norm.weight", {c.dim});
  if (!c.tie_embeddings) add("lm_head.weight", {c.vocab_size, c.dim});
  return out;
}

}  // namespace r1_test
