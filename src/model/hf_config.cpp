// HuggingFace's and DeepSeek's config keys, each mapped once. Paper: [V3 §4.2], [V2 App. B].
#include "model/hf_config.h"

#include <cmath>
#include <set>

namespace r1 {

namespace {

/// Keys that change nothing in the forward pass of these four networks, with or without our reading them.
const std::set<std::string> kHarmless{
    // book-keeping
    "_name_or_path", "architectures", "auto_map", "model_type", "transformers_version", "torch_dtype", "dtype",
    "use_cache", "return_dict", "output_attentions", "output_hidden_states", "is_encoder_decoder", "mask_value",
    "tokenizer", "add_cross_attention", "tie_encoder_decoder", "attn_implementation", "_attn_implementation_autoset",
    "bos_token_id", "eos_token_id", "pad_token_id", "problem_type", "id2label", "label2id", "chunk_size_feed_forward",
    // training only
    "aux_loss_alpha", "seq_aux", "ep_size", "router_aux_loss_coef", "output_router_logits",
    // storage of the weights: the weight reader sees the element type itself
    "quantization_config", "pretraining_tp",
    // derived from other keys, or of no effect without sliding windows (which are refused)
    "qk_head_dim", "sliding_window", "max_window_layers", "num_experts_per_group"};

/// A JSON object whose keys are taken one by one; what nobody took is an error at the end. null counts as absent.
class Keys {
 public:
  Keys(const Json& j, std::string where) : j_(j), where_(std::move(where)) {
    if (!j.is_object()) fail(where_, ": expected a JSON object, got ", json_kind(j));
  }
  const Json* get(const std::string& key) {
    taken_.insert(key);
    const auto it = j_.find(key);
    return it == j_.end() || it->is_null() ? nullptr : &*it;
  }
  template <class T>
  T required(const std::string& key) {
    const Json* v = get(key);
    if (!v) fail(where_, ": key '", key, "' is missing");
    return value<T>(*v, key);
  }
  template <class T>
  T optional(const std::string& key, T absent) {
    const Json* v = get(key);
    return v ? value<T>(*v, key) : absent;
  }
  /// The key may be absent, else it must have this value.
  template <class T>
  void expect(const std::string& key, const T& only) {
    if (const T v = optional<T>(key, only); v != only)
      fail(where_, ": key '", key, "' = ", Json(v).dump(), ", only ", Json(only).dump(), " is supported");
  }
  void finish(const std::set<std::string>& harmless) const {
    for (const auto& [key, v] : j_.items())
      if (!taken_.count(key) && !harmless.count(key))
        fail(where_, ": unknown key '", key, "': it could change the computation, so it is not ignored");
  }
  const std::string& where() const { return where_; }

 private:
  template <class T>
  T value(const Json& v, const std::string& key) const {
    T out;
    fields::read(v, out, where_ + ": key '" + key + "'");
    return out;
  }
  const Json& j_;
  std::string where_;
  std::set<std::string> taken_;
};

std::string architecture(const Json& j, const std::string& where) {
  if (const auto it = j.find("architectures"); it != j.end() && !it->is_null()) {
    if (!it->is_array() || it->size() != 1 || !it->front().is_string())
      fail(where, ": key 'architectures': expected a list of one name");
    return it->front().get<std::string>();
  }
  std::string type;
  fields::read(j.at("model_type"), type, where + ": key 'model_type'");
  if (type == "deepseek_v3") return "DeepseekV3ForCausalLM";
  if (type == "deepseek_v2") return "DeepseekV2ForCausalLM";
  if (type == "qwen2") return "Qwen2ForCausalLM";
  if (type == "llama") return "LlamaForCausalLM";
  return type;
}

void read_common(Keys& k, ModelConfig& c) {
  c.vocab_size = k.required<int64_t>("vocab_size");
  c.dim = k.required<int64_t>("hidden_size");
  c.inter_dim = k.required<int64_t>("intermediate_size");
  c.n_layers = k.required<int64_t>("num_hidden_layers");
  c.n_heads = k.required<int64_t>("num_attention_heads");
  c.max_seq_len = k.required<int64_t>("max_position_embeddings");
  c.rms_eps = k.optional("rms_norm_eps", 1e-6);
  c.rope_theta = k.optional("rope_theta", 10000.0);
  c.tie_embeddings = k.optional("tie_word_embeddings", false);
  c.init_std = k.optional("initializer_range", 0.02);
  k.expect<std::string>("hidden_act", "silu");
  k.expect("attention_dropout", 0.0);
  k.expect("attention_bias", false);
}

void read_yarn(Keys& k, ModelConfig& c) {
  c.original_seq_len = c.max_seq_len;
  c.rope_factor = c.mscale = 1.0;
  const Json* scaling = k.get("rope_scaling");
  if (!scaling) return;
  Keys r(*scaling, k.where() + ": rope_scaling");
  r.expect<std::string>("type", "yarn");
  r.expect<std::string>("rope_type", "yarn");
  c.rope_factor = r.required<double>("factor");
  c.original_seq_len = r.required<int64_t>("original_max_position_embeddings");
  c.beta_fast = r.optional("beta_fast", 32.0);
  c.beta_slow = r.optional("beta_slow", 1.0);
  c.mscale = r.required<double>("mscale_all_dim");
  r.expect("mscale", c.mscale);
  r.finish({});
}

void read_experts(Keys& k, ModelConfig& c, bool v3) {
  c.n_routed_experts = k.required<int64_t>("n_routed_experts");
  c.n_shared_experts = k.optional<int64_t>("n_shared_experts", 0);
  c.n_activated_experts = k.required<int64_t>("num_experts_per_tok");
  c.moe_inter_dim = k.required<int64_t>("moe_intermediate_size");
  c.n_dense_layers = k.required<int64_t>("first_k_dense_replace");
  c.n_expert_groups = k.required<int64_t>("n_group");
  c.n_limited_groups = k.required<int64_t>("topk_group");
  c.norm_topk = k.required<bool>("norm_topk_prob");
  c.route_scale = k.required<double>("routed_scaling_factor");
  c.score_func = k.optional<std::string>("scoring_func", v3 ? "sigmoid" : "softmax");
  const auto method = k.optional<std::string>("topk_method", v3 ? "noaux_tc" : "greedy");
  c.router_bias = method == "noaux_tc";
  if (!c.router_bias && method != "greedy" && method != "group_limited_greedy")
    fail(k.where(), ": key 'topk_method' = '", method, "', expected noaux_tc | greedy | group_limited_greedy");
  if (method == "greedy") c.n_expert_groups = c.n_limited_groups = 1;
  // V2's code scales the gates only where it does not normalise them.
  if (!v3 && c.norm_topk && c.route_scale != 1.0)
    fail(k.where(), ": key 'routed_scaling_factor' = ", c.route_scale, ": expected 1 where norm_topk_prob is true");
  k.expect<int64_t>("moe_layer_freq", 1);
}

ModelConfig read_deepseek(Keys& k, bool v3) {
  ModelConfig c;
  c.arch = "deepseek_v3";
  read_common(k, c);
  read_experts(k, c, v3);
  read_yarn(k, c);
  k.expect("num_key_value_heads", c.n_heads);
  c.n_kv_heads = c.n_heads;
  c.q_lora_rank = k.optional<int64_t>("q_lora_rank", 0);
  c.kv_lora_rank = k.required<int64_t>("kv_lora_rank");
  c.qk_nope_head_dim = k.required<int64_t>("qk_nope_head_dim");
  c.qk_rope_head_dim = k.required<int64_t>("qk_rope_head_dim");
  c.v_head_dim = k.required<int64_t>("v_head_dim");
  c.n_mtp = k.optional<int64_t>("num_nextn_predict_layers", 0);
  c.rope_interleave = k.optional("rope_interleave", true);
  c.attn_form = k.optional<std::string>("attn_form", c.attn_form);  // ours; others compute the same function
  k.expect("head_dim", c.qk_rope_head_dim);
  k.expect("mlp_bias", false);
  return c;
}

ModelConfig read_dense(Keys& k, bool qwen) {
  ModelConfig c;
  c.arch = "dense";
  read_common(k, c);
  c.n_kv_heads = k.optional("num_key_value_heads", c.n_heads);
  c.head_dim = k.optional<int64_t>("head_dim", 0);
  c.qkv_bias = qwen;
  c.rope_interleave = false;
  c.n_mtp = 0;
  c.original_seq_len = c.max_seq_len;
  k.expect("mlp_bias", false);
  k.expect("use_sliding_window", false);
  k.expect("use_mrope", false);
  if (const Json* scaling = k.get("rope_scaling")) {
    Keys r(*scaling, k.where() + ": rope_scaling");
    r.expect<std::string>("rope_type", "default");
    r.expect<std::string>("type", "default");
    r.finish({});
  }
  if (const Json* types = k.get("layer_types"))
    for (const auto& t : *types)
      if (t != "full_attention") fail(k.where(), ": key 'layer_types': only full_attention is supported");
  return c;
}

/// Runs the bounds of each field over the result, then the cross-field rules.
ModelConfig checked(const ModelConfig& c, const std::string& where) {
  ModelConfig out;
  fields::from_json(out, fields::to_json(c), where);
  out.check(where);
  return out;
}

}  // namespace

ModelConfig from_hf_config(const Json& j, const std::string& where) {
  const std::string a = architecture(j, where);
  Keys k(j, where);
  ModelConfig c;
  if (a == "DeepseekV3ForCausalLM" || a == "DeepseekV2ForCausalLM")
    c = read_deepseek(k, a == "DeepseekV3ForCausalLM");
  else if (a == "Qwen2ForCausalLM" || a == "LlamaForCausalLM")
    c = read_dense(k, a == "Qwen2ForCausalLM");
  else
    fail(where, ": architecture '", a, "', expected one of: DeepseekV3ForCausalLM, DeepseekV2ForCausalLM, ",
         "Qwen2ForCausalLM, LlamaForCausalLM");
  k.finish(kHarmless);
  return checked(c, where);
}

ModelConfig from_deepseek_config(const Json& j, const std::string& where) {
  const std::string w = where + " (DeepSeek inference config: no 'arch', no 'model_type')";
  Keys k(j, w);
  ModelConfig c;
  c.vocab_size = k.optional<int64_t>("vocab_size", 102400);
  c.dim = k.required<int64_t>("dim");
  c.inter_dim = k.optional<int64_t>("inter_dim", 10944);
  c.moe_inter_dim = k.optional<int64_t>("moe_inter_dim", 1408);
  c.n_layers = k.required<int64_t>("n_layers");
  c.n_dense_layers = k.optional<int64_t>("n_dense_layers", 1);
  c.n_heads = c.n_kv_heads = k.optional<int64_t>("n_heads", 16);
  c.n_routed_experts = k.optional<int64_t>("n_routed_experts", 64);
  c.n_shared_experts = k.optional<int64_t>("n_shared_experts", 2);
  c.n_activated_experts = k.optional<int64_t>("n_activated_experts", 6);
  c.n_expert_groups = k.optional<int64_t>("n_expert_groups", 1);
  c.n_limited_groups = k.optional<int64_t>("n_limited_groups", 1);
  c.score_func = k.optional<std::string>("score_func", "softmax");
  c.route_scale = k.optional("route_scale", 1.0);
  c.q_lora_rank = k.optional<int64_t>("q_lora_rank", 0);
  c.kv_lora_rank = k.optional<int64_t>("kv_lora_rank", 512);
  c.qk_nope_head_dim = k.optional<int64_t>("qk_nope_head_dim", 128);
  c.qk_rope_head_dim = k.optional<int64_t>("qk_rope_head_dim", 64);
  c.v_head_dim = k.optional<int64_t>("v_head_dim", 128);
  c.max_seq_len = k.optional<int64_t>("max_seq_len", 16384);
  c.original_seq_len = k.optional<int64_t>("original_seq_len", 4096);
  c.rope_theta = k.optional("rope_theta", 10000.0);
  c.rope_factor = k.optional("rope_factor", 40.0);
  c.beta_fast = k.optional("beta_fast", 32.0);
  c.beta_slow = k.optional("beta_slow", 1.0);
  c.mscale = k.optional("mscale", 1.0);
  k.finish({"dtype", "scale_fmt", "max_batch_size"});
  if (c.max_seq_len <= c.original_seq_len) c.rope_factor = 1.0;  // their code then leaves YaRN out
  c.norm_topk = c.score_func == "sigmoid";
  c.router_bias = c.dim == 7168;
  c.tie_embeddings = false;
  c.n_mtp = 0;
  c.init_std = 0.006;
  return checked(c, w);
}

Json to_hf_config(const ModelConfig& c) {
  const std::string w = "HuggingFace config";
  c.check(w);
  const bool dense = c.arch == "dense", v3 = !dense && c.score_func == "sigmoid";
  const std::string type = dense ? (c.qkv_bias ? "qwen2" : "llama") : v3 ? "deepseek_v3" : "deepseek_v2";
  const std::string name = dense ? (c.qkv_bias ? "Qwen2" : "Llama") : v3 ? "DeepseekV3" : "DeepseekV2";
  if (!dense && v3 != c.router_bias)
    fail(w, ": score_func = '", c.score_func, "' with router_bias = ", c.router_bias ? "true" : "false",
         ": transformers has sigmoid with bias (V3) and softmax without (V2)");
  if (dense && c.rope_interleave) fail(w, ": rope_interleave = true: transformers' dense networks pair halves");
  Json j{{"architectures", Json::array({name + "ForCausalLM"})}, {"model_type", type}};
  j["vocab_size"] = c.vocab_size;
  j["hidden_size"] = c.dim;
  j["intermediate_size"] = c.inter_dim;
  j["num_hidden_layers"] = c.n_layers;
  j["num_attention_heads"] = c.n_heads;
  j["num_key_value_heads"] = dense ? c.n_kv_heads : c.n_heads;
  j["max_position_embeddings"] = c.max_seq_len;
  j["rms_norm_eps"] = c.rms_eps;
  j["rope_theta"] = c.rope_theta;
  j["rope_scaling"] = nullptr;
  j["tie_word_embeddings"] = c.tie_embeddings;
  j["initializer_range"] = c.init_std;
  j["hidden_act"] = "silu";
  j["attention_dropout"] = 0.0;
  j["torch_dtype"] = "float32";
  if (dense) {
    if (c.head_dim > 0) j["head_dim"] = c.head_dim;
    return j;
  }
  j["attention_bias"] = false;
  j["moe_intermediate_size"] = c.moe_inter_dim;
  j["first_k_dense_replace"] = c.n_dense_layers;
  j["moe_layer_freq"] = 1;
  j["n_routed_experts"] = c.n_routed_experts;
  j["n_shared_experts"] = c.n_shared_experts;
  j["num_experts_per_tok"] = c.n_activated_experts;
  j["n_group"] = c.n_expert_groups;
  j["topk_group"] = c.n_limited_groups;
  j["topk_method"] = v3 ? "noaux_tc" : c.n_expert_groups > 1 ? "group_limited_greedy" : "greedy";
  j["scoring_func"] = c.score_func;
  j["norm_topk_prob"] = c.norm_topk;
  j["routed_scaling_factor"] = c.route_scale;
  j["q_lora_rank"] = c.q_lora_rank > 0 ? Json(c.q_lora_rank) : Json(nullptr);
  j["kv_lora_rank"] = c.kv_lora_rank;
  j["qk_nope_head_dim"] = c.qk_nope_head_dim;
  j["qk_rope_head_dim"] = c.qk_rope_head_dim;
  j["v_head_dim"] = c.v_head_dim;
  j["num_nextn_predict_layers"] = c.n_mtp;
  j["rope_interleave"] = c.rope_interleave;
  if (c.attn_form != ModelConfig{}.attn_form) j["attn_form"] = c.attn_form;
  if (c.rope_factor != 1.0)
    j["rope_scaling"] = {{"type", "yarn"},
                         {"factor", c.rope_factor},
                         {"original_max_position_embeddings", c.original_seq_len},
                         {"beta_fast", c.beta_fast},
                         {"beta_slow", c.beta_slow},
                         {"mscale", c.mscale},
                         {"mscale_all_dim", c.mscale}};
  return j;
}

}  // namespace r1
