// The model configs that ship with the program; examples/configs/NAME.json holds the same values (a test compares).
// Paper: [V3 §4.2] and [V2 App. B] for the two published sizes; nano, toy and small are ours.
#include "base/io.h"
#include "model/config.h"

namespace r1 {

namespace {

/// For tests and lessons: everything of the architecture, trained in seconds.
ModelConfig nano() {
  ModelConfig c;
  c.dim = 48, c.inter_dim = 96, c.moe_inter_dim = 24;
  c.n_layers = 2, c.n_heads = 2, c.n_kv_heads = 2;
  c.n_routed_experts = 4;
  c.kv_lora_rank = 16, c.qk_nope_head_dim = 12, c.qk_rope_head_dim = 8, c.v_head_dim = 12;
  c.max_seq_len = c.original_seq_len = 256;
  return c;
}

/// The network of the quickstart.
ModelConfig toy() {
  ModelConfig c;
  c.max_seq_len = c.original_seq_len = 512;
  return c;
}

/// Query compression, groups and untied head as in the large ones, at a size for an evening on a CPU.
ModelConfig small() {
  ModelConfig c;
  c.vocab_size = 4096;
  c.dim = 256, c.inter_dim = 704, c.moe_inter_dim = 128;
  c.n_layers = 6, c.n_heads = 8, c.n_kv_heads = 8;
  c.n_routed_experts = 16, c.n_activated_experts = 4, c.n_expert_groups = 4, c.n_limited_groups = 2;
  c.route_scale = 2.5;
  c.q_lora_rank = 96, c.kv_lora_rank = 64, c.qk_nope_head_dim = 32, c.qk_rope_head_dim = 16, c.v_head_dim = 32;
  c.max_seq_len = c.original_seq_len = 2048;
  c.tie_embeddings = false;
  return c;
}

ModelConfig v2_lite_16b() {
  ModelConfig c;
  c.vocab_size = 102400;
  c.dim = 2048, c.inter_dim = 10944, c.moe_inter_dim = 1408;
  c.n_layers = 27, c.n_dense_layers = 1, c.n_heads = 16, c.n_kv_heads = 16;
  c.n_routed_experts = 64, c.n_shared_experts = 2, c.n_activated_experts = 6;
  c.score_func = "softmax", c.norm_topk = false, c.router_bias = false;
  c.kv_lora_rank = 512, c.qk_nope_head_dim = 128, c.qk_rope_head_dim = 64, c.v_head_dim = 128;
  c.n_mtp = 0;
  c.rope_factor = 40, c.original_seq_len = 4096, c.max_seq_len = 163840, c.mscale = 0.707;
  c.tie_embeddings = false;
  c.init_std = 0.006;
  return c;
}

ModelConfig r1_671b() {
  ModelConfig c;
  c.vocab_size = 129280;
  c.dim = 7168, c.inter_dim = 18432, c.moe_inter_dim = 2048;
  c.n_layers = 61, c.n_dense_layers = 3, c.n_heads = 128, c.n_kv_heads = 128;
  c.n_routed_experts = 256, c.n_activated_experts = 8, c.n_expert_groups = 8, c.n_limited_groups = 4;
  c.route_scale = 2.5;
  c.q_lora_rank = 1536, c.kv_lora_rank = 512, c.qk_nope_head_dim = 128, c.qk_rope_head_dim = 64, c.v_head_dim = 128;
  c.rope_factor = 40, c.original_seq_len = 4096, c.max_seq_len = 163840;
  c.tie_embeddings = false;
  c.init_std = 0.006;
  return c;
}

}  // namespace

const std::map<std::string, ModelConfig>& builtin_model_configs() {
  static const std::map<std::string, ModelConfig> all{
      {"nano", nano()}, {"toy", toy()}, {"small", small()}, {"v2-lite-16b", v2_lite_16b()}, {"r1-671b", r1_671b()}};
  return all;
}

ModelConfig find_model_config(const std::string& name_or_path) {
  const auto& all = builtin_model_configs();
  if (const auto it = all.find(name_or_path); it != all.end()) return it->second;
  if (file_exists(name_or_path)) return load_model_config(name_or_path);
  std::string names;
  for (const auto& [name, config] : all) names += (names.empty() ? "" : ", ") + name;
  fail(name_or_path, ": no such file, and no built-in config (", names, ")");
}

}  // namespace r1
