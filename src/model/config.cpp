// Cross-field rules of a model config, and its three dialects of JSON: ours (has "arch"), HuggingFace's (has
// "architectures" or "model_type") and that of DeepSeek's inference code (neither). Paper: [V3 §4.2].
#include "model/config.h"

#include <cmath>

#include "base/json_file.h"
#include "model/hf_config.h"

namespace r1 {

namespace {

/// One broken rule: "FILE: n_heads = 3 and n_kv_heads = 2: expected ...".
template <class... A>
void rule(bool holds, const std::string& where, const A&... message) {
  if (!holds) fail(where, ": ", message...);
}

void check_latent(const ModelConfig& c, const std::string& w) {
  rule(c.qk_rope_head_dim % 2 == 0, w, "qk_rope_head_dim = ", c.qk_rope_head_dim, ": expected an even number");
  rule(c.n_dense_layers <= c.n_layers, w, "n_dense_layers = ", c.n_dense_layers,
       ": expected at most n_layers = ", c.n_layers);
}

void check_experts(const ModelConfig& c, const std::string& w) {
  const int64_t per_group = c.n_routed_experts / c.n_expert_groups;
  rule(c.n_routed_experts % c.n_expert_groups == 0, w, "n_routed_experts = ", c.n_routed_experts,
       ": expected a multiple of n_expert_groups = ", c.n_expert_groups);
  rule(c.n_limited_groups <= c.n_expert_groups, w, "n_limited_groups = ", c.n_limited_groups,
       ": expected at most n_expert_groups = ", c.n_expert_groups);
  rule(c.n_activated_experts <= c.n_limited_groups * per_group, w, "n_activated_experts = ", c.n_activated_experts,
       ": expected at most n_limited_groups x n_routed_experts / n_expert_groups = ", c.n_limited_groups * per_group);
  rule(c.n_expert_groups == 1 || !c.router_bias || per_group >= 2, w, "n_expert_groups = ", c.n_expert_groups,
       ": expected at least 2 experts a group (a group is scored by its two best), n_routed_experts = ",
       c.n_routed_experts);
}

void check_dense(const ModelConfig& c, const std::string& w) {
  rule(c.n_heads % c.n_kv_heads == 0, w, "n_heads = ", c.n_heads,
       ": expected a multiple of n_kv_heads = ", c.n_kv_heads);
  rule(c.head_dim > 0 || c.dim % c.n_heads == 0, w, "dim = ", c.dim, ": expected a multiple of n_heads = ", c.n_heads,
       " where head_dim is 0");
  const int64_t head = c.dense_head_dim();
  rule(head % 2 == 0, w, "head_dim = ", head, ": expected an even number");
  rule(c.rope_factor == 1.0, w, "rope_factor = ", c.rope_factor, ": expected 1 (YaRN is for arch deepseek_v3)");
}

}  // namespace

void ModelConfig::check(const std::string& where) const {
  rule(rms_eps > 0, where, "rms_eps = ", rms_eps, ": expected more than 0");
  if (arch == "dense") return check_dense(*this, where);
  check_latent(*this, where);
  if (n_dense_layers < n_layers || n_mtp > 0) check_experts(*this, where);
  rule(route_scale > 0, where, "route_scale = ", route_scale, ": expected more than 0");
  if (rope_factor == 1.0) return;
  // DeepSeek's code applies YaRN only to sequences beyond the original length, HuggingFace's always: demand agreement.
  rule(max_seq_len > original_seq_len, where, "max_seq_len = ", max_seq_len,
       ": expected more than original_seq_len = ", original_seq_len, " where rope_factor is not 1");
  rule(beta_fast >= beta_slow && beta_slow > 0, where, "beta_slow = ", beta_slow, ": expected more than 0 and at most ",
       "beta_fast = ", beta_fast);
}

ModelConfig parse_model_config(const Json& j, const std::string& where) {
  if (!j.is_object()) fail(where, ": expected a JSON object, got ", json_kind(j));
  if (j.contains("architectures") || j.contains("model_type")) return from_hf_config(j, where);
  if (!j.contains("arch")) return from_deepseek_config(j, where);
  ModelConfig c;
  fields::from_json(c, j, where);
  c.check(where);
  return c;
}

ModelConfig load_model_config(const std::string& path) { return parse_model_config(read_json_file(path), path); }

void save_model_config(const ModelConfig& config, const std::string& path) {
  config.check(path);
  write_json_file(path, fields::to_json(config));
}

}  // namespace r1
