// Checkpoint directories. Paper: none.
#include "train/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>

#include "base/io.h"
#include "base/json_file.h"
#include "base/sha256.h"
#include "formats/safetensors.h"

namespace r1 {

namespace fs = std::filesystem;

namespace {

constexpr const char* kTensors = "tensors.safetensors";
constexpr const char* kState = "state.json";
constexpr const char* kManifest = "manifest.json";
constexpr FileDtype kRealType = sizeof(real) == 4 ? FileDtype::kF32 : FileDtype::kF64;

std::vector<int64_t> extents(const Shape& s) {
  std::vector<int64_t> v;
  for (int i = 0; i < s.rank(); ++i) v.push_back(s[i]);
  return v;
}

void write_tensors(const std::string& path, const CheckpointState& state) {
  std::map<std::string, Tensor> by_name(state.tensors.begin(), state.tensors.end());
  R1_CHECK(by_name.size() == state.tensors.size(), "a tensor name occurs twice in a checkpoint");
  std::vector<TensorInfo> infos;
  for (const auto& [name, t] : state.tensors) infos.push_back({name, kRealType, extents(t.shape()), 0, 0});
  SafetensorsWriter writer(path, infos, {{"format", "r1-checkpoint"}});
  for (const TensorInfo& info : std::vector<TensorInfo>(writer.tensors())) {
    const Tensor t = by_name.at(info.name).to(Device::kCpu);
    writer.add(info.name, std::span<const real>(t.data(), static_cast<size_t>(t.numel())));
  }
  writer.commit();
}

/// Throws unless DIR holds exactly what its manifest says.
void verify(const std::string& dir) {
  const std::string where = dir + "/" + kManifest;
  const Json manifest = read_json_file(where);
  for (const char* file : {kTensors, kState}) {
    const auto entry = manifest.is_object() ? manifest.find(file) : manifest.end();
    if (entry == manifest.end() || !entry->is_object() || !entry->contains("sha256") || !entry->contains("bytes"))
      fail(where, ": no entry for ", file);
    const std::string path = dir + "/" + file;
    std::error_code ec;
    const auto bytes = fs::file_size(path, ec);
    if (ec) fail(path, ": missing, though ", kManifest, " names it");
    if ((*entry)["bytes"] != Json(bytes)) fail(path, ": ", bytes, " bytes, expected ", (*entry)["bytes"].dump());
    if ((*entry)["sha256"] != Json(sha256_file(path)))
      fail(path, ": SHA-256 differs from ", kManifest, ": the file is damaged");
  }
}

/// The number at the end of NAME-<number>; -1 if there is none.
int64_t number_of(const std::string& name) {
  const size_t dash = name.rfind('-');
  if (dash == std::string::npos) return -1;
  int64_t n = -1;
  const char *begin = name.data() + dash + 1, *end = name.data() + name.size();
  const auto [p, ec] = std::from_chars(begin, end, n);
  return ec == std::errc() && p == end && n >= 0 ? n : -1;
}

/// Checkpoints under ROOT, newest first.
std::vector<std::pair<int64_t, std::string>> list(const std::string& root) {
  std::vector<std::pair<int64_t, std::string>> found;
  std::error_code ec;
  for (const auto& e : fs::directory_iterator(root, ec))
    if (e.is_directory())
      if (const int64_t n = number_of(e.path().filename().string()); n >= 0) found.emplace_back(n, e.path().string());
  std::sort(found.rbegin(), found.rend());
  return found;
}

}  // namespace

void CheckpointState::add(const std::string& prefix, const ParamList& params) {
  for (const Param& p : params.all()) tensors.emplace_back(prefix + p.name, p.value);
}

void CheckpointState::add(const std::string& prefix, const ParamList& params, const Gradients& values) {
  for (const Param& p : params.all()) tensors.emplace_back(prefix + p.name, values.all()[static_cast<size_t>(p.id)]);
}

void save_checkpoint(const std::string& dir, const CheckpointState& state) {
  const std::string tmp = dir + ".tmp", old = dir + ".old";
  fs::remove_all(tmp);
  make_directories(tmp);
  try {
    write_tensors(tmp + "/" + kTensors, state);
    write_json_file(tmp + "/" + kState, state.sections);
    Json manifest = Json::object();
    for (const char* file : {kTensors, kState})
      manifest[file] = Json{{"bytes", fs::file_size(tmp + "/" + file)}, {"sha256", sha256_file(tmp + "/" + file)}};
    write_json_file(tmp + "/" + kManifest, manifest);
    sync_directory(tmp);
  } catch (...) {
    std::error_code ec;
    fs::remove_all(tmp, ec);
    throw;
  }
  fs::remove_all(old);
  if (fs::exists(dir)) fs::rename(dir, old);
  rename_durable(tmp, dir);
  fs::remove_all(old);
}

Json load_checkpoint(const std::string& dir, CheckpointState& state) {
  if (!fs::is_directory(dir)) fail(dir, ": no such checkpoint directory");
  verify(dir);
  const Safetensors file = Safetensors::open(dir + "/" + kTensors);
  for (const auto& [name, t] : state.tensors) {
    const TensorInfo& info = file.require(name, extents(t.shape()));
    if (info.dtype != kRealType) fail(file.where(), ": tensor ", name, " has another number type than this build");
  }
  if (file.tensors().size() != state.tensors.size())
    fail(file.where(), ": ", file.tensors().size(), " tensors, expected ", state.tensors.size(),
         ": a checkpoint of another model or stage");
  Json sections = read_json_file(dir + "/" + kState);
  for (const auto& [name, t] : state.tensors) {
    const Tensor here = t.to(Device::kCpu);
    file.read(*file.find(name), 0, std::span<real>(here.data(), static_cast<size_t>(here.numel())));
    if (t.device() != Device::kCpu) t.copy_from(here);
  }
  return sections;
}

std::string latest_checkpoint(const std::string& root, std::vector<std::string>* skipped) {
  for (const auto& [n, path] : list(root)) {
    try {
      verify(path);
      return path;
    } catch (const Error& e) {
      if (skipped) skipped->push_back(e.what());
    }
  }
  return "";
}

void prune_checkpoints(const std::string& root, size_t keep) {
  const auto found = list(root);
  for (size_t i = keep; i < found.size(); ++i) fs::remove_all(found[i].second);
  std::error_code ec;
  for (const auto& e : fs::directory_iterator(root, ec))
    if (const std::string ext = e.path().extension().string(); ext == ".tmp" || ext == ".old") fs::remove_all(e.path());
}

}  // namespace r1
