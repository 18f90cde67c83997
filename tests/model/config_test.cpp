#include "model/config.h"

#include "base/io.h"
#include "base/json_file.h"
#include "model/hf_config.h"
#include "support/catch.h"
#include "support/files.h"

using namespace r1;

namespace {

/// The message of the check after changing a config, "" if it passes.
std::string broken(const std::function<void(ModelConfig&)>& change, ModelConfig c = {}) {
  change(c);
  try {
    c.check("f.json");
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

std::string rejected(const Json& j) {
  try {
    parse_model_config(j, "c.json");
  } catch (const Error& e) {
    CHECK(std::string(e.what()).find("c.json") == 0);
    return e.what();
  }
  return "";
}

bool same(const ModelConfig& a, const ModelConfig& b) { return fields::to_json(a) == fields::to_json(b); }

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("cross-field rules of a model config name the fields") {
  CHECK(broken([](auto&) {}) == "");
  CHECK(broken([](auto& c) { c.n_dense_layers = 4; }) == "f.json: n_dense_layers = 4: expected at most n_layers = 3");
  CHECK(has(broken([](auto& c) { c.n_expert_groups = 3; }),
            "n_routed_experts = 8: expected a multiple of n_expert_groups = 3"));
  CHECK(has(broken([](auto& c) { c.n_limited_groups = 2; }),
            "n_limited_groups = 2: expected at most n_expert_groups = 1"));
  CHECK(has(broken([](auto& c) { c.n_activated_experts = 9; }), "n_activated_experts = 9"));
  CHECK(has(broken([](auto& c) { c.n_expert_groups = c.n_limited_groups = 8; }), "at least 2 experts a group"));
  CHECK(has(broken([](auto& c) { c.qk_rope_head_dim = 7; }), "qk_rope_head_dim = 7: expected an even number"));
  CHECK(has(broken([](auto& c) { c.rope_factor = 40; }), "max_seq_len = 4096: expected more than original_seq_len"));
  CHECK(has(broken([](auto& c) { c.rms_eps = 0; }), "rms_eps = 0"));
  CHECK(has(broken([](auto& c) { c.route_scale = 0; }), "route_scale = 0"));
  CHECK(has(broken([](auto& c) { c.arch = "dense", c.n_kv_heads = 3; }),
            "n_heads = 4: expected a multiple of n_kv_heads"));
  CHECK(has(broken([](auto& c) { c.arch = "dense", c.dim = 97; }), "dim = 97: expected a multiple of n_heads"));
  CHECK(has(broken([](auto& c) { c.arch = "dense", c.head_dim = 5; }), "head_dim = 5: expected an even number"));
}

TEST_CASE("our own config JSON round-trips and rejects what it does not know") {
  r1_test::TempDir dir;
  for (const auto& [name, c] : builtin_model_configs()) {
    INFO(name);
    c.check(name);
    save_model_config(c, dir / "c.json");
    CHECK(same(load_model_config(dir / "c.json"), c));
    CHECK(same(find_model_config(name), c));
    // The shipped file is the built-in config.
    CHECK(same(load_model_config(std::string(R1_SOURCE_DIR) + "/examples/configs/" + name + ".json"), c));
  }
  CHECK(has(rejected({{"arch", "dense"}, {"n_layer", 3}}), "unknown field 'n_layer', did you mean 'n_layers'?"));
  CHECK(has(rejected({{"arch", "gpt"}}), "field 'arch' = 'gpt', expected deepseek_v3 | dense"));
  CHECK(has(rejected({{"arch", "dense"}, {"dim", "wide"}}), "field 'dim': expected a whole number, got a string"));
  CHECK(has(rejected({{"arch", "dense"}, {"dim", 0}}), "field 'dim' = 0, expected 1 to"));
  CHECK(has(rejected(Json::array()), "expected a JSON object, got a list"));
  CHECK_THROWS_WITH(find_model_config("no-such"), ContainsSubstring("no-such: no such file, and no built-in config"));
}

TEST_CASE("HuggingFace configs round-trip through ours") {
  ModelConfig dense;
  dense.arch = "dense", dense.qkv_bias = true, dense.rope_interleave = false, dense.n_kv_heads = 2, dense.n_mtp = 0;
  ModelConfig llama = dense;
  llama.qkv_bias = false, llama.head_dim = 10, llama.tie_embeddings = false;
  auto configs = builtin_model_configs();
  configs["qwen2"] = dense, configs["llama"] = llama;
  configs["expanded"] = configs.at("toy"), configs["expanded"].attn_form = "expanded";
  for (const auto& [name, c] : configs) {
    INFO(name);
    CHECK(same(from_hf_config(to_hf_config(c), name), c));
  }
  ModelConfig odd;
  odd.router_bias = false;
  CHECK_THROWS_WITH(to_hf_config(odd), ContainsSubstring("router_bias"));
}

TEST_CASE("HuggingFace keys that change the computation are never ignored") {
  const Json good = to_hf_config(builtin_model_configs().at("r1-671b"));
  const auto with = [&](const std::string& key, const Json& value) {
    Json j = good;
    j[key] = value;
    return rejected(j);
  };
  CHECK(with("_name_or_path", "x") == "");
  CHECK(with("attn_logit_softcap", 30.0) ==
        "c.json: unknown key 'attn_logit_softcap': it could change the computation, so it is not ignored");
  CHECK(has(with("hidden_act", "gelu"), "key 'hidden_act' = \"gelu\", only \"silu\" is supported"));
  CHECK(has(with("attention_bias", true), "key 'attention_bias' = true"));
  CHECK(has(with("moe_layer_freq", 2), "key 'moe_layer_freq' = 2"));
  CHECK(has(with("num_key_value_heads", 8), "key 'num_key_value_heads' = 8, only 128"));
  CHECK(has(with("topk_method", "gaux"), "key 'topk_method' = 'gaux'"));
  CHECK(has(with("architectures", {"GPT2LMHeadModel"}), "architecture 'GPT2LMHeadModel'"));
  CHECK(has(with("hidden_size", nullptr), "key 'hidden_size' is missing"));
  CHECK(has(with("hidden_size", "7168"), "key 'hidden_size': expected a whole number, got a string"));
  CHECK(has(with("hidden_size", -7168), "field 'dim' = -7168"));
  Json scaling = good["rope_scaling"];
  scaling["mscale"] = 0.5;
  CHECK(has(with("rope_scaling", scaling), "rope_scaling: key 'mscale' = 0.5, only 1.0"));
  scaling = good["rope_scaling"];
  scaling["attention_factor"] = 2.0;
  CHECK(has(with("rope_scaling", scaling), "rope_scaling: unknown key 'attention_factor'"));
  CHECK(has(with("rope_scaling", "yarn"), "rope_scaling: expected a JSON object, got a string"));
}

TEST_CASE("published configs are read as what they are") {
  const auto dir = r1_test::shared_data("configs");
  if (!dir) {
    WARN("skipped: no shared data (set R1_SHARED_DATA)");
    return;
  }
  const auto hf = [&](const std::string& name) { return load_model_config(*dir + "/hf/" + name + ".config.json"); };
  ModelConfig r1 = hf("DeepSeek-R1");
  CHECK(r1.init_std == 0.02);  // transformers' default; the paper says 0.006
  r1.init_std = 0.006;
  CHECK(same(r1, builtin_model_configs().at("r1-671b")));
  CHECK(hf("Kimi-K2").n_routed_experts == 384);
  CHECK(hf("Kimi-K2").rope_factor == 32);
  const ModelConfig q = hf("Qwen2.5-7B-Instruct");
  CHECK((q.arch == "dense" && q.qkv_bias && q.n_kv_heads == 4 && q.dense_head_dim() == 128 && !q.rope_interleave));
  CHECK(hf("Qwen2.5-0.5B-Instruct").tie_embeddings);
  CHECK(hf("Qwen2.5-3B").dim == 2048);
  CHECK_THROWS_WITH(hf("Llama-3.1-8B-Instruct"), ContainsSubstring("key 'rope_type' = \"llama3\""));
  CHECK_THROWS_WITH(hf("Qwen3-4B"), ContainsSubstring("architecture 'Qwen3ForCausalLM'"));

  const auto own = [&](const std::string& name) {
    return load_model_config(*dir + "/deepseek_inference/" + name + ".json");
  };
  ModelConfig lite = own("config_16B"), big = own("config_671B");
  CHECK((lite.max_seq_len == 16384 && big.n_mtp == 0));  // that code's defaults
  lite.max_seq_len = big.max_seq_len = 163840, big.n_mtp = 1;
  CHECK(same(lite, builtin_model_configs().at("v2-lite-16b")));
  CHECK(same(big, builtin_model_configs().at("r1-671b")));
  CHECK(own("config_236B").n_limited_groups == 3);
  CHECK(own("config_v3.1").route_scale == 2.5);
}
