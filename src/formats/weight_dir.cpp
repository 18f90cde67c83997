// Opening a directory of weights. Paper: none.
#include "formats/weight_dir.h"

#include <filesystem>
#include <set>

#include "base/json_file.h"

namespace r1 {

WeightDir::WeightDir(const std::string& path, bool map) : where_(path) {
  const std::string single = path + "/model.safetensors", index = single + ".index.json";
  if (!std::filesystem::is_directory(path))
    add(path, map);
  else if (!file_exists(index))
    add(single, map);
  else
    add_shards(path, index, map);
}

void WeightDir::add_shards(const std::string& path, const std::string& index, bool map) {
  JsonLimits limits;
  limits.max_bytes = uint64_t{64} << 20;  // R1's index names about 92,000 tensors
  limits.max_keys = size_t{1} << 18;
  const auto j = parse_large_json(read_text(index, limits.max_bytes), index, limits);
  if (!j.is_object() || !j.contains("weight_map") || !j["weight_map"].is_object())
    fail(index, ": expected an object 'weight_map' of tensor names and files");
  std::set<std::string> files;
  for (const auto& [name, file] : j["weight_map"].items()) {
    const std::string plain = file.is_string() ? file.get<std::string>() : "";
    if (plain.empty() || plain.find('/') != std::string::npos)
      fail(index, ": tensor '", name, "': expected a plain file name, got ", file.dump());
    files.insert(plain);
  }
  for (const auto& f : files) add(path + "/" + f, map);
  for (const auto& [name, file] : j["weight_map"].items()) {
    const Entry e = find(name);
    if (!e.file || e.file->where() != path + "/" + file.get<std::string>())
      fail(index, ": tensor '", name, "' is not in ", file.get<std::string>());
  }
}

void WeightDir::add(const std::string& path, bool map) {
  const Safetensors& s = files_.emplace_back(Safetensors::open(path, map));
  for (const TensorInfo& t : s.tensors())
    if (!tensors_.emplace(t.name, Entry{&s, &t}).second) fail(path, ": tensor '", t.name, "' is in another shard too");
}

WeightDir::Entry WeightDir::find(const std::string& name) const {
  const auto it = tensors_.find(name);
  return it == tensors_.end() ? Entry{} : it->second;
}

WeightDir::Entry WeightDir::require(const std::string& name, const std::vector<int64_t>& shape) const {
  const Entry e = find(name);
  if (!e.file) fail(where_, ": tensor '", name, "' is missing");
  e.file->require(name, shape);
  return e;
}

std::vector<std::string> WeightDir::names() const {
  std::vector<std::string> out;
  for (const auto& f : files_)
    for (const auto& t : f.tensors()) out.push_back(t.name);
  return out;
}

}  // namespace r1
