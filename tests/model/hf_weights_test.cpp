#include "model/hf_weights.h"

#include <cstring>

#include "base/json_file.h"
#include "base/rng.h"
#include "support/catch.h"
#include "support/files.h"
#include "support/golden.h"

using namespace r1;
using namespace r1_test;

namespace {

void randomise(const std::vector<NamedTensor>& tensors) {
  Rng rng(11, Stream::kTest);
  for (const auto& t : tensors)
    for (int64_t i = 0; i < t.value.numel(); ++i) t.value.data()[i] = static_cast<real>(rng.uniform() - 0.5);
}

bool equal(const std::vector<NamedTensor>& a, const std::vector<NamedTensor>& b) {
  for (size_t i = 0; i < a.size(); ++i)
    if (std::memcmp(a[i].value.raw(), b[i].value.raw(), a[i].value.bytes()) != 0) return false;
  return a.size() == b.size();
}

/// The file again, with a change to its list of tensors.
void rewrite(const std::string& path,
             const std::function<void(std::vector<std::pair<TensorInfo, std::vector<double>>>&)>& f) {
  std::vector<std::pair<TensorInfo, std::vector<double>>> all;
  {
    const Safetensors s = Safetensors::open(path);
    for (const auto& t : s.tensors()) all.emplace_back(t, s.read_double(t));
  }
  f(all);
  std::vector<TensorInfo> infos;
  for (auto& [t, v] : all) infos.push_back(t);
  SafetensorsWriter w(path, infos);
  for (auto& [t, v] : all) w.add(t.name, std::span<const double>(v));
  w.commit();
}

ModelConfig qwen() {
  ModelConfig c;
  c.arch = "dense", c.qkv_bias = true, c.rope_interleave = false, c.n_kv_heads = 2, c.n_mtp = 0;
  return c;
}

}  // namespace

TEST_CASE("weights go out under HuggingFace's names and come back bit for bit") {
  TempDir dir;
  auto configs = builtin_model_configs();
  configs.erase("v2-lite-16b"), configs.erase("r1-671b");
  configs["qwen2"] = qwen();
  for (const auto& [name, c] : configs) {
    INFO(name);
    const auto out = memory_tensors(c), back = memory_tensors(c);
    randomise(out);
    save_hf_model(dir / name, c, out);
    CHECK(fields::to_json(load_model_config(dir / name + "/config.json")) == fields::to_json(c));
    const WeightDir w(dir / name);
    for (const HfTensor& t : hf_layout(c)) w.require(t.name, t.shape);
    CHECK(w.names().size() == hf_layout(c).size());
    load_hf_weights(w, c, back);
    CHECK(equal(out, back));
  }
}

TEST_CASE("fused tensors are the right slices") {
  ModelConfig c = builtin_model_configs().at("nano");
  TempDir dir;
  const auto tensors = memory_tensors(c);
  randomise(tensors);
  save_hf_weights(dir / "w.safetensors", c, tensors);
  const Safetensors s = Safetensors::open(dir / "w.safetensors");
  const auto memory = [&](const std::string& name) {
    for (const auto& t : tensors)
      if (t.name == name) return t.value;
    fail("no ", name);
  };
  const auto file = [&](const std::string& name) { return s.read_double(s.require(name)); };
  const auto at = [](const std::vector<double>& v, int64_t i) { return v[static_cast<size_t>(i)]; };
  const int64_t e = 2, i = 5, k = 7, h = 1, row = 3;
  const real* w13 = memory("model.layers.1.mlp.experts.w13").data();
  CHECK(at(file("model.layers.1.mlp.experts.2.gate_proj.weight"), i * c.dim + k) ==
        static_cast<double>(w13[(e * 2 * c.moe_inter_dim + i) * c.dim + k]));
  CHECK(at(file("model.layers.1.mlp.experts.2.up_proj.weight"), i * c.dim + k) ==
        static_cast<double>(w13[(e * 2 * c.moe_inter_dim + c.moe_inter_dim + i) * c.dim + k]));
  const real* w2 = memory("model.layers.1.mlp.experts.w2").data();
  CHECK(at(file("model.layers.1.mlp.experts.2.down_proj.weight"), k * c.moe_inter_dim + i) ==
        static_cast<double>(w2[(e * c.dim + k) * c.moe_inter_dim + i]));
  // kv_b_proj row h * (nope + v) + j is W_UK's row j of head h, then W_UV's.
  const auto kv_b = file("model.layers.0.self_attn.kv_b_proj.weight");
  const int64_t r = c.kv_lora_rank, stride = c.qk_nope_head_dim + c.v_head_dim;
  const real *uk = memory("model.layers.0.self_attn.w_uk").data(), *uv = memory("model.layers.0.self_attn.w_uv").data();
  CHECK(at(kv_b, (h * stride + row) * r + k) == static_cast<double>(uk[(h * c.qk_nope_head_dim + row) * r + k]));
  CHECK(at(kv_b, (h * stride + c.qk_nope_head_dim + row) * r + k) ==
        static_cast<double>(uv[(h * c.v_head_dim + row) * r + k]));
  CHECK(file("model.layers.2.embed_tokens.weight") == file("model.embed_tokens.weight"));  // the MTP copy
}

TEST_CASE("a weight file of another model, or a changed one, is refused by name") {
  const ModelConfig c = builtin_model_configs().at("nano");
  TempDir dir;
  const std::string path = dir / "w.safetensors";
  const auto tensors = memory_tensors(c), into = memory_tensors(c);
  randomise(tensors);
  const auto error = [&](const ModelConfig& model) {
    try {
      load_hf_weights(WeightDir(path), model, memory_tensors(model));
    } catch (const Error& e) {
      CHECK(std::string(e.what()).find(dir.path()) != std::string::npos);
      return std::string(e.what());
    }
    return std::string();
  };
  const auto changed = [&](auto f) {
    save_hf_weights(path, c, tensors);
    rewrite(path, f);
    return error(c);
  };
  const auto has = [](const std::string& s, const std::string& part) { return s.find(part) != std::string::npos; };
  save_hf_weights(path, c, tensors);
  CHECK(error(c).empty());
  ModelConfig other = c;
  other.n_layers = 3;
  CHECK(has(error(other), "is missing"));
  other = c, other.dim = 64;
  CHECK(has(error(other), "has shape [512, 48], expected [512, 64]"));
  other = c, other.n_mtp = 0;
  CHECK(error(other).empty());  // a model may leave its MTP modules in the file
  other = c, other.n_routed_experts = 3;
  CHECK(has(error(other), "expected [3, 48]"));
  CHECK(has(changed([](auto& all) { all.erase(all.begin()); }), "tensor 'model.embed_tokens.weight' is missing"));
  CHECK(has(changed([](auto& all) {
              all.push_back({{"extra", FileDtype::kF32, {1}, 0, 0}, {1.0}});
            }),
            "tensor 'extra' is unknown to this model"));
  CHECK(has(changed([](auto& all) {
              for (auto& [t, v] : all)
                if (t.name == "model.layers.2.shared_head.head.weight") v[0] += 1;
            }),
            "differs from 'model.embed_tokens.weight', which it must share"));
}

TEST_CASE("a model in memory that is not its layout cannot be saved") {
  const ModelConfig c = builtin_model_configs().at("nano");
  TempDir dir;
  const auto save = [&](std::vector<NamedTensor> tensors) { save_hf_weights(dir / "w", c, tensors); };
  auto tensors = memory_tensors(c);
  tensors.pop_back();
  CHECK_THROWS_WITH(save(tensors), ContainsSubstring("has nothing for tensor 'model.norm.weight'"));
  tensors = memory_tensors(c);
  tensors.push_back(tensors[3]);
  CHECK_THROWS_WITH(save(tensors), ContainsSubstring("is not covered exactly once"));
  tensors = memory_tensors(c);
  tensors.push_back({"model.extra", Tensor::zeros({2})});
  CHECK_THROWS_WITH(save(tensors), ContainsSubstring("the model in memory has 'model.extra'"));
  tensors = memory_tensors(c);
  for (auto& t : tensors)
    if (t.name == "model.layers.0.self_attn.w_uk") t.value = Tensor::zeros({2, 12, 15});
  CHECK_THROWS_WITH(save(tensors), ContainsSubstring("w_uk' has shape [2, 12, 15], expected [2, 12, 16]"));
  CHECK(!file_exists(dir / "w"));
}

TEST_CASE("shards are joined by their index, which may not lie") {
  const ModelConfig c = qwen();
  TempDir dir;
  const auto tensors = memory_tensors(c), back = memory_tensors(c);
  randomise(tensors);
  save_hf_weights(dir / "all.safetensors", c, tensors);
  const Safetensors all = Safetensors::open(dir / "all.safetensors");
  Json map = Json::object();
  for (int part = 0; part < 2; ++part) {
    const std::string file = cat("model-0000", part + 1, "-of-00002.safetensors");
    std::vector<TensorInfo> mine;
    for (size_t i = 0; i < all.tensors().size(); ++i)
      if (static_cast<int>(i % 2) == part) mine.push_back(all.tensors()[i]);
    SafetensorsWriter w(dir / file, mine);
    for (const auto& t : mine) w.add(t.name, all.bytes(*all.find(t.name))), map[t.name] = file;
    w.commit();
  }
  make_directories(dir / "m");
  for (const char* f : {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"})
    rename_durable(dir / f, dir / "m/" + f);
  const std::string index = dir / "m/model.safetensors.index.json";
  write_json_file(index, {{"metadata", {{"total_size", 1}}}, {"weight_map", map}});
  load_hf_weights(WeightDir(dir / "m"), c, back);
  CHECK(equal(tensors, back));

  Json lie = map;
  lie["model.norm.weight"] = "../all.safetensors";
  write_json_file(index, {{"weight_map", lie}});
  CHECK_THROWS_WITH(WeightDir(dir / "m"), ContainsSubstring("expected a plain file name, got \"../all.safetensors\""));
  lie = map, lie["ghost"] = map.begin().value();
  write_json_file(index, {{"weight_map", lie}});
  CHECK_THROWS_WITH(WeightDir(dir / "m"), ContainsSubstring("tensor 'ghost' is not in"));
  write_json_file(index, Json::array());
  CHECK_THROWS_WITH(WeightDir(dir / "m"), ContainsSubstring("expected an object 'weight_map'"));
  CHECK_THROWS_WITH(WeightDir(dir / "none"), ContainsSubstring("cannot open: No such file"));
}

TEST_CASE("a published Llama checkpoint loads into the dense layout") {
  const auto dir = shared_data("models/stories260K_hf");
  if (!dir) {
    WARN("skipped: no shared data (set R1_SHARED_DATA)");
    return;
  }
  const ModelConfig c = load_model_config(*dir + "/config.json");
  const auto tensors = memory_tensors(c);
  load_hf_weights(WeightDir(*dir), c, tensors);
  CHECK(count_params(c).total() == 260032);
}
