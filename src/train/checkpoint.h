// Checkpoints: a directory with tensors.safetensors, state.json and manifest.json (size and SHA-256 of both), written
// beside and renamed, so that a kill or a full disk leaves the old or the new one. Owners contribute named tensors and
// JSON sections; loading verifies everything before it touches any state. Paper: none.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "autograd/tape.h"
#include "base/fields.h"
#include "train/adamw.h"

namespace r1 {

/// What a checkpoint holds. Tensors are views: saving reads them, loading writes into them.
struct CheckpointState {
  std::vector<std::pair<std::string, Tensor>> tensors;
  Json sections = Json::object();

  /// All parameters as PREFIX + name.
  void add(const std::string& prefix, const ParamList& params);
  /// One tensor per parameter as PREFIX + name (moments).
  void add(const std::string& prefix, const ParamList& params, const Gradients& values);
  void add(const std::string& name, const Tensor& tensor) { tensors.emplace_back(name, tensor); }
};

/// Writes DIR as a whole; an existing DIR of that name is replaced only after the new one is complete on disk.
/// Throws Error (disk full, ...) with the old state of the disk intact.
void save_checkpoint(const std::string& dir, const CheckpointState& state);

/// Verifies manifest, hashes, names and shapes, then fills the tensors and returns the sections. Throws Error naming
/// the file and what was expected, before any tensor is changed.
Json load_checkpoint(const std::string& dir, CheckpointState& state);

/// Newest complete checkpoint under ROOT by its number (names NAME-<number>); damaged ones are skipped, each with a
/// line in `skipped`. Empty string if there is none.
std::string latest_checkpoint(const std::string& root, std::vector<std::string>* skipped = nullptr);

/// Removes all but the newest `keep` checkpoints and left-over temporary directories under ROOT.
void prune_checkpoints(const std::string& root, size_t keep);

}  // namespace r1
