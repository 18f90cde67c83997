// Weights as HuggingFace keeps them: one model.safetensors, or shards named by model.safetensors.index.json.
// In: a directory or a .safetensors file. Every shard is validated and every name of the index must be in its shard,
// and no tensor in two. Trap: an index may name any path; only plain file names are followed. Paper: none.
#pragma once
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "formats/safetensors.h"

namespace r1 {

class WeightDir {
 public:
  /// Throws Error naming the file that is missing or wrong.
  explicit WeightDir(const std::string& path, bool map = true);

  struct Entry {
    const Safetensors* file = nullptr;
    const TensorInfo* info = nullptr;
  };
  /// file == null when there is none of that name.
  Entry find(const std::string& name) const;
  /// Throws Error when it is missing or of another shape.
  Entry require(const std::string& name, const std::vector<int64_t>& shape) const;
  /// All names, in the order of files and data.
  std::vector<std::string> names() const;
  const std::string& where() const { return where_; }

 private:
  void add(const std::string& path, bool map);
  void add_shards(const std::string& path, const std::string& index, bool map);
  std::string where_;
  std::deque<Safetensors> files_;
  std::unordered_map<std::string, Entry> tensors_;
};

}  // namespace r1
