// Run folders. Paper: none.
#include "pipeline/run_folder.h"

#include <cstdio>

#include "base/io.h"
#include "base/json_file.h"

namespace r1 {

RunFolder::RunFolder(const std::string& path, Json config, bool resume) : path_(path) {
  const std::string file = path + "/config.json";
  const bool exists = file_exists(file);
  if (exists && !resume) fail(path, ": a run is there already; choose another --run, or go on with it by --resume");
  if (!exists && resume) fail(path, ": no run to resume (no config.json there)");
  if (exists) {
    Json old = read_json_file(file);
    Json now = config;
    if (old.is_object()) old.erase("about");
    now.erase("about");
    if (old != now) {
      for (const auto& [key, value] : now.items())
        if (!old.contains(key) || old[key] != value) fail(file, ": field '", key, "' differs from this command; a resumed run must be the same run");
      fail(file, ": differs from this command; a resumed run must be the same run");
    }
    return;
  }
  make_directories(checkpoints());
  write_json_file(file, config);
}

std::string RunFolder::newest() const {
  std::vector<std::string> skipped;
  const std::string found = latest_checkpoint(checkpoints(), &skipped);
  for (const std::string& s : skipped) std::fprintf(stderr, "r1: skipping a damaged checkpoint: %s\n", s.c_str());
  return found;
}

void RunFolder::open_logs(std::optional<RunPosition> at) {
  metrics_ = std::make_unique<MetricsWriter>(path_, at);
  samples_ = std::make_unique<JsonlWriter>(path_ + "/samples.jsonl", at);
}

void RunFolder::save(const CheckpointState& state, int64_t number) {
  metrics_->sync();
  samples_->sync();
  save_checkpoint(checkpoints() + "/update-" + std::to_string(number), state);
  prune_checkpoints(checkpoints(), 2);
}

}  // namespace r1
