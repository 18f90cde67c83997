// Slicing fused tensors, saving and loading. Paper: [V3 §2.1.1], [V3 §2.1.2].
#include "model/hf_weights.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "base/json_file.h"
#include "model/hf_config.h"

namespace r1 {

namespace {

/// The part of `name` before `suffix`, which it must end with.
std::string stem(const std::string& name, std::string_view suffix) {
  return name.substr(0, name.size() - suffix.size());
}

void expect_shape(const std::string& name, const Shape& got, const Shape& want) {
  if (!(got == want)) fail("parameter '", name, "' has shape ", got.str(), ", expected ", want.str());
}

/// gate and up of `inner` rows each, from element `at` on.
void gate_up(std::vector<HfSlice>& out, const std::string& prefix, int64_t at, int64_t inner, int64_t width) {
  out.push_back({prefix + "gate_proj.weight", 0, at, inner * width});
  out.push_back({prefix + "up_proj.weight", 0, at + inner * width, inner * width});
}

std::vector<HfSlice> expert_slices(const ModelConfig& c, const std::string& name, bool first) {
  std::vector<HfSlice> out;
  const std::string prefix = stem(name, first ? "w13" : "w2");
  const int64_t block = c.moe_inter_dim * c.dim;
  for (int64_t e = 0; e < c.n_routed_experts; ++e) {
    const std::string expert = cat(prefix, e, ".");
    if (first)
      gate_up(out, expert, e * 2 * block, c.moe_inter_dim, c.dim);
    else
      out.push_back({expert + "down_proj.weight", 0, e * block, block});
  }
  return out;
}

/// Head h of kv_b_proj [H * (nope + v), r] has the rows of w_uk first, those of w_uv after.
std::vector<HfSlice> latent_slices(const ModelConfig& c, const std::string& name, bool keys) {
  std::vector<HfSlice> out;
  const std::string hf = stem(name, keys ? "w_uk" : "w_uv") + "kv_b_proj.weight";
  const int64_t rows = keys ? c.qk_nope_head_dim : c.v_head_dim, skip = keys ? 0 : c.qk_nope_head_dim;
  const int64_t r = c.kv_lora_rank, stride = c.qk_nope_head_dim + c.v_head_dim;
  for (int64_t h = 0; h < c.n_heads; ++h) out.push_back({hf, (h * stride + skip) * r, h * rows * r, rows * r});
  return out;
}

int64_t inner_of(const ModelConfig& c, const std::string& name) {
  return name.find(".shared_experts.") != std::string::npos ? c.moe_inter_dim * c.n_shared_experts : c.inter_dim;
}

}  // namespace

std::vector<HfSlice> hf_slices(const ModelConfig& c, const std::string& name, const Shape& shape) {
  const auto ends = [&](std::string_view s) { return std::string_view(name).ends_with(s); };
  const int64_t e = c.n_routed_experts, i = c.moe_inter_dim;
  if (ends(".experts.w13") || ends(".experts.w2")) {
    const bool first = ends("w13");
    expect_shape(name, shape, first ? Shape{e, 2 * i, c.dim} : Shape{e, c.dim, i});
    return expert_slices(c, name, first);
  }
  if (ends(".w_uk") || ends(".w_uv")) {
    const bool keys = ends("w_uk");
    expect_shape(name, shape, {c.n_heads, keys ? c.qk_nope_head_dim : c.v_head_dim, c.kv_lora_rank});
    return latent_slices(c, name, keys);
  }
  std::vector<HfSlice> out;
  if (ends(".w13")) {
    const int64_t inner = inner_of(c, name);
    expect_shape(name, shape, {2 * inner, c.dim});
    gate_up(out, stem(name, "w13"), 0, inner, c.dim);
  } else if (ends(".w2")) {
    expect_shape(name, shape, {c.dim, inner_of(c, name)});
    out.push_back({stem(name, "w2") + "down_proj.weight", 0, 0, shape.numel()});
  } else {
    out.push_back({name, 0, 0, shape.numel()});
  }
  return out;
}

std::vector<NamedTensor> named_tensors(const ParamList& params, const std::vector<NamedTensor>& buffers) {
  std::vector<NamedTensor> out;
  for (const Param& p : params.all()) out.push_back({p.name, p.value});
  out.insert(out.end(), buffers.begin(), buffers.end());
  return out;
}

namespace {

/// Where the elements of one HuggingFace tensor lie in memory.
struct Part {
  const NamedTensor* tensor;
  HfSlice slice;
};
using Cover = std::map<std::string, std::vector<Part>, std::less<>>;

/// Groups all slices by HuggingFace tensor and demands that they tile the layout exactly.
Cover cover_layout(const ModelConfig& c, const std::vector<HfTensor>& layout, const std::vector<NamedTensor>& tensors) {
  Cover cover;
  for (const NamedTensor& t : tensors)
    for (HfSlice& s : hf_slices(c, t.name, t.value.shape())) {
      std::string name = s.hf_name;
      cover[std::move(name)].push_back({&t, std::move(s)});
    }
  size_t used = 0;
  for (const HfTensor& t : layout) {
    if (!t.alias_of.empty()) continue;
    const auto it = cover.find(t.name);
    if (it == cover.end()) fail("the model in memory has nothing for tensor '", t.name, "' of its layout");
    auto& parts = it->second;
    std::sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.slice.hf_at < b.slice.hf_at; });
    int64_t at = 0;
    for (const Part& p : parts) {
      if (p.slice.hf_at != at) fail("tensor '", t.name, "' is not covered exactly once at element ", at);
      at += p.slice.count;
    }
    if (at != t.numel()) fail("tensor '", t.name, "' has ", t.numel(), " elements, the model in memory has ", at);
    ++used;
  }
  if (used == cover.size()) return cover;
  for (const HfTensor& t : layout) cover.erase(t.name);
  fail("the model in memory has '", cover.begin()->second.front().tensor->name, "', which is not in its layout");
}

/// The tensor whose numbers `t` holds.
const std::string& source_of(const HfTensor& t) { return t.alias_of.empty() ? t.name : t.alias_of; }

std::vector<real> gather(const std::vector<Part>& parts, int64_t numel) {
  std::vector<real> out(static_cast<size_t>(numel));
  for (const Part& p : parts) {
    const Tensor here = p.tensor->value.reshape({p.tensor->value.numel()}).rows(p.slice.at, p.slice.at + p.slice.count);
    std::copy_n(here.to(Device::kCpu).data(), p.slice.count, out.begin() + p.slice.hf_at);
  }
  return out;
}

/// True for tensors of a file that no model needs: constant tables, and MTP layers that the config leaves out.
bool is_ignored(const ModelConfig& c, const std::string& name) {
  if (name.ends_with(".rotary_emb.inv_freq")) return true;
  constexpr std::string_view kPrefix = "model.layers.";
  if (!name.starts_with(kPrefix)) return false;
  const int64_t layer = std::strtoll(name.c_str() + kPrefix.size(), nullptr, 10);
  return c.arch == "deepseek_v3" && layer >= c.n_layers + c.n_mtp;
}

void check_extras(const WeightDir& from, const ModelConfig& c, const std::vector<HfTensor>& layout) {
  std::set<std::string_view> known;
  for (const HfTensor& t : layout) known.insert(t.name);
  const auto same_bytes = [&](const std::string& name, const std::string& source) {
    const auto a = from.find(name), b = from.find(source);
    if (!a.file || !b.file) return;  // copies may be absent
    const Bytes x = a.file->bytes(*a.info), y = b.file->bytes(*b.info);
    if (a.info->dtype != b.info->dtype || x.size() != y.size() || std::memcmp(x.data(), y.data(), x.size()) != 0)
      fail(from.where(), ": tensor '", name, "' differs from '", source, "', which it must share");
  };
  for (const HfTensor& t : layout)
    if (!t.alias_of.empty()) same_bytes(t.name, t.alias_of);
  if (c.tie_embeddings) same_bytes("lm_head.weight", "model.embed_tokens.weight");
  for (const std::string& name : from.names()) {
    const bool tied_head = c.tie_embeddings && name == "lm_head.weight";
    if (!known.count(name) && !tied_head && !is_ignored(c, name))
      fail(from.where(), ": tensor '", name, "' is unknown to this model (", c.arch, ", ", c.n_layers, " layers)");
  }
}

}  // namespace

void save_hf_weights(const std::string& path, const ModelConfig& c, const std::vector<NamedTensor>& tensors,
                     FileDtype dtype) {
  const auto layout = hf_layout(c);
  const Cover cover = cover_layout(c, layout, tensors);
  std::vector<TensorInfo> infos;
  for (const HfTensor& t : layout) infos.push_back({t.name, dtype, t.shape, 0, 0});
  SafetensorsWriter w(path, std::move(infos));
  for (const HfTensor& t : layout)
    w.add(t.name, std::span<const real>(gather(cover.find(source_of(t))->second, t.numel())));
  w.commit();
}

void save_hf_model(const std::string& dir, const ModelConfig& c, const std::vector<NamedTensor>& tensors,
                   FileDtype dtype) {
  Json config = to_hf_config(c);
  config["torch_dtype"] = dtype == FileDtype::kF64    ? "float64"
                          : dtype == FileDtype::kBf16 ? "bfloat16"
                          : dtype == FileDtype::kF16  ? "float16"
                                                      : "float32";
  make_directories(dir);
  save_hf_weights(dir + "/model.safetensors", c, tensors, dtype);
  write_json_file(dir + "/config.json", config);
}

void load_hf_weights(const WeightDir& from, const ModelConfig& c, const std::vector<NamedTensor>& into) {
  for (const NamedTensor& t : into)
    R1_CHECK(t.value.device() == Device::kCpu, "loading '", t.name, "' into device memory, expected the CPU's");
  const auto layout = hf_layout(c);
  const Cover cover = cover_layout(c, layout, into);
  for (const HfTensor& t : layout)
    if (t.alias_of.empty()) from.require(t.name, t.shape);
  check_extras(from, c, layout);
  for (const auto& [name, parts] : cover) {
    const auto source = from.find(name);
    for (const Part& p : parts)
      source.file->read(*source.info, p.slice.hf_at,
                        {p.tensor->value.data() + p.slice.at, static_cast<size_t>(p.slice.count)});
  }
}

}  // namespace r1
