// Run folders. Paper: none.
#include "pipeline/run_folder.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "base/io.h"
#include "base/json_file.h"
#include "base/log_machine.h"

namespace r1 {

namespace {

/// The words that started this process; empty where the system does not tell.
Json command_line() {
  Json words = Json::array();
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(file)), {});
  for (size_t at = 0; at < all.size();) {
    const size_t end = std::min(all.find('\0', at), all.size());
    words.push_back(all.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

/// "field 'train.updates' is 6000, this command has 8000", or empty where both are equal.
std::string first_difference(const Json& old, const Json& now, const std::string& path = "") {
  if (old == now) return "";
  if (old.is_object() && now.is_object()) {
    Json all = old;
    all.update(now);
    for (const auto& [key, value] : all.items())
      if (const std::string s =
              first_difference(old.value(key, Json()), now.value(key, Json()), path.empty() ? key : path + "." + key);
          !s.empty())
        return s;
  }
  return cat("field '", path, "' is ", old.dump(), ", this command has ", now.dump());
}

}  // namespace

RunFolder::RunFolder(const std::string& path, Json config, bool resume) : path_(path) {
  const std::string file = path + "/config.json";
  const bool exists = file_exists(file);
  if (exists && !resume) fail(path, ": a run is there already; choose another --run, or go on with it by --resume");
  if (!exists && resume) fail(path, ": no run to resume (no config.json there)");
  if (exists) {
    Json old = read_json_file(file);
    if (old.is_object()) old.erase("command"), old.erase("machine");
    if (const std::string where = first_difference(old, config); !where.empty())
      fail(file, ": ", where, "; a resumed run must be the same run");
    return;
  }
  make_directories(checkpoints());
  config["command"] = command_line();
  config["machine"] = machine_info();
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
