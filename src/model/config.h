// Model configurations with DeepSeek's field names (inference/configs/*.json), each field listed once.
// Paper: [V3 §4.2], [V2 App. B]; extra fields of ours are marked.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/fields.h"

namespace r1 {

/// Names of the networks that exist (each registers itself, causal_lm.h).
std::vector<std::string> model_archs();

struct ModelConfig {
  std::string arch = "deepseek_v3";  ///< ours: deepseek_v3 | dense
  int64_t vocab_size = 512;
  int64_t dim = 96;
  int64_t inter_dim = 192;
  int64_t moe_inter_dim = 48;
  int64_t n_layers = 3;
  int64_t n_dense_layers = 1;
  int64_t n_heads = 4;
  int64_t n_kv_heads = 4;  ///< dense only
  int64_t head_dim = 0;    ///< dense only; 0 = dim / n_heads
  bool qkv_bias = false;   ///< dense only (Qwen2)
  int64_t n_routed_experts = 8;
  int64_t n_shared_experts = 1;
  int64_t n_activated_experts = 2;
  int64_t n_expert_groups = 1;
  int64_t n_limited_groups = 1;
  std::string score_func = "sigmoid";
  bool norm_topk = true;
  double route_scale = 1.0;
  bool router_bias = true;  ///< ours: aux-loss-free selection bias exists [V3 Eq. 16]
  int64_t q_lora_rank = 0;
  int64_t kv_lora_rank = 32;
  int64_t qk_nope_head_dim = 16;
  int64_t qk_rope_head_dim = 8;
  int64_t v_head_dim = 16;
  int64_t n_mtp = 1;
  double rope_theta = 10000.0;
  bool rope_interleave = true;  ///< pairs are neighbours (DeepSeek); false: halves (Qwen2, Llama)
  double rope_factor = 1.0;     ///< YaRN s; 1 = off
  int64_t original_seq_len = 4096;
  int64_t max_seq_len = 4096;
  double beta_fast = 32;
  double beta_slow = 1;
  double mscale = 1.0;
  double rms_eps = 1e-6;
  bool tie_embeddings = true;
  double init_std = 0.02;              ///< ours
  std::string attn_form = "absorbed";  ///< ours: absorbed | expanded, one setting for rollout and training

  template <class V>
  void visit(V& v) {
    v("arch", arch, "network family", model_archs());
    v("vocab_size", vocab_size, "token ids V", 1, 1 << 22);
    v("dim", dim, "width C of the residual stream", 1, 1 << 17);
    v("inter_dim", inter_dim, "inner width of dense feed-forward layers", 1, 1 << 20);
    v("moe_inter_dim", moe_inter_dim, "inner width of one expert", 1, 1 << 20);
    v("n_layers", n_layers, "transformer blocks", 1, 1000);
    v("n_dense_layers", n_dense_layers, "first blocks with a dense feed-forward layer", 0, 1000);
    v("n_heads", n_heads, "attention heads H", 1, 1024);
    v("n_kv_heads", n_kv_heads, "dense: key/value heads", 1, 1024);
    v("head_dim", head_dim, "dense: head width, 0 = dim / n_heads", 0, 4096);
    v("qkv_bias", qkv_bias, "dense: biases on q, k, v (Qwen2)");
    v("n_routed_experts", n_routed_experts, "routed experts E", 1, 4096);
    v("n_shared_experts", n_shared_experts, "shared experts", 0, 64);
    v("n_activated_experts", n_activated_experts, "experts per token K", 1, 64);
    v("n_expert_groups", n_expert_groups, "expert groups (nodes)", 1, 256);
    v("n_limited_groups", n_limited_groups, "groups a token may use", 1, 256);
    v("score_func", score_func, "router affinity", std::vector<std::string>{"sigmoid", "softmax"});
    v("norm_topk", norm_topk, "normalise the gates of the chosen experts");
    v("route_scale", route_scale, "factor on the gates", 0.0, 1e3);
    v("router_bias", router_bias, "selection bias of aux-loss-free balancing");
    v("q_lora_rank", q_lora_rank, "query compression width, 0 = none", 0, 1 << 16);
    v("kv_lora_rank", kv_lora_rank, "latent width of keys and values", 1, 1 << 16);
    v("qk_nope_head_dim", qk_nope_head_dim, "head width without position", 1, 4096);
    v("qk_rope_head_dim", qk_rope_head_dim, "head width with rotary position", 2, 4096);
    v("v_head_dim", v_head_dim, "value head width", 1, 4096);
    v("n_mtp", n_mtp, "multi-token prediction modules", 0, 8);
    v("rope_theta", rope_theta, "rotary base", 1.0, 1e9);
    v("rope_interleave", rope_interleave, "rotary pairs are neighbours");
    v("rope_factor", rope_factor, "YaRN scale s, 1 = off", 1.0, 1e4);
    v("original_seq_len", original_seq_len, "context before YaRN", 1, 1 << 30);
    v("max_seq_len", max_seq_len, "longest sequence", 1, 1 << 30);
    v("beta_fast", beta_fast, "YaRN fast bound", 0.0, 1e4);
    v("beta_slow", beta_slow, "YaRN slow bound", 0.0, 1e4);
    v("mscale", mscale, "YaRN attention factor", 0.0, 100.0);
    v("rms_eps", rms_eps, "RMSNorm epsilon", 0.0, 1.0);
    v("tie_embeddings", tie_embeddings, "output head = embedding");
    v("init_std", init_std, "standard deviation of the initial weights", 0.0, 10.0);
    v("attn_form", attn_form, "form of latent attention", std::vector<std::string>{"absorbed", "expanded"});
  }

  int64_t qk_head_dim() const { return qk_nope_head_dim + qk_rope_head_dim; }
  /// Head width of the dense network.
  int64_t dense_head_dim() const { return head_dim > 0 ? head_dim : dim / n_heads; }
  /// Blocks whose feed-forward layer is a mixture of experts are those with index >= n_dense_layers (MTP blocks too).
  bool is_moe(int64_t layer) const { return arch == "deepseek_v3" && layer >= n_dense_layers; }
  /// Cross-field rules; throws Error naming the fields.
  void check(const std::string& where) const;
};

/// A config in any of the three dialects: ours, HuggingFace's config.json, DeepSeek's inference/configs. Checked.
ModelConfig parse_model_config(const Json& j, const std::string& where);
ModelConfig load_model_config(const std::string& path);
/// Writes our dialect, atomically.
void save_model_config(const ModelConfig& config, const std::string& path);

/// The configs that ship with the program: nano, toy, small, v2-lite-16b, r1-671b (examples/configs/NAME.json).
const std::map<std::string, ModelConfig>& builtin_model_configs();
/// A built-in name or the path of a file.
ModelConfig find_model_config(const std::string& name_or_path);

}  // namespace r1
