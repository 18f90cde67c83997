// Counts of multiply-adds. Paper: [V3 §2.1].
#include "model/flops.h"

#include "model/layout.h"

namespace r1 {

namespace {

/// Widths of a key and a value as attention multiplies them, times the number of query heads.
struct HeadWidths {
  double key, value;
};

HeadWidths head_widths(const ModelConfig& c) {
  const auto h = static_cast<double>(c.n_heads);
  if (c.arch == "dense")
    return {h * static_cast<double>(c.dense_head_dim()), h * static_cast<double>(c.dense_head_dim())};
  if (c.attn_form == "absorbed")
    return {h * static_cast<double>(c.kv_lora_rank + c.qk_rope_head_dim), h * static_cast<double>(c.kv_lora_rank)};
  return {h * static_cast<double>(c.qk_head_dim()), h * static_cast<double>(c.v_head_dim)};
}

}  // namespace

double forward_flops(const ModelConfig& c) { return 2 * static_cast<double>(count_params(c).active_no_embed()); }

double mtp_flops(const ModelConfig& c) {
  if (c.n_mtp == 0 || c.arch == "dense") return 0;
  const ParamCount n = count_params(c);
  const int64_t routed = n.of_mtp(ParamGroup::kRoutedExperts);
  const int64_t used = n.total_mtp() - routed + routed / c.n_routed_experts * c.n_activated_experts;
  return 2 * static_cast<double>(used + c.n_mtp * c.vocab_size * c.dim);
}

double attention_flops(const ModelConfig& c, double keys) {
  const HeadWidths w = head_widths(c);
  return 2 * keys * (w.key + w.value) * static_cast<double>(c.n_layers);
}

double attention_backward_flops(const ModelConfig& c, double keys) {
  const HeadWidths w = head_widths(c);
  return 2 * keys * (3 * w.key + 2 * w.value) * static_cast<double>(c.n_layers);
}

double document_training_flops(const ModelConfig& c, int64_t n) {
  const double tokens = static_cast<double>(n), keys = tokens * (tokens + 1) / 2;  // causal
  const double layers = static_cast<double>(c.n_layers),
               with_mtp = (layers + static_cast<double>(c.arch == "dense" ? 0 : c.n_mtp)) / layers;
  return 3 * tokens * (forward_flops(c) + mtp_flops(c)) +
         (attention_flops(c, keys) + attention_backward_flops(c, keys)) * with_mtp;
}

}  // namespace r1
