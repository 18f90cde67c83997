// A run folder: config.json, metrics.jsonl, samples.jsonl, checkpoints/. Refuses to write over a run that exists.
// Paper: none.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "train/checkpoint.h"

namespace r1 {

class RunFolder {
 public:
  /// New run: creates the folder and config.json (with command and machine added); an existing one is an error that
  /// names `--resume`. Resumed: verifies that config.json equals `config` but for command and machine.
  RunFolder(const std::string& path, Json config, bool resume);

  const std::string& path() const { return path_; }
  std::string checkpoints() const { return path_ + "/checkpoints"; }
  /// Newest usable checkpoint, "" if none; prints a line for each damaged one.
  std::string newest() const;
  /// Opens the metrics and samples files at the position that the run goes on from.
  void open_logs(std::optional<RunPosition> resume_at);
  MetricsWriter& metrics() { return *metrics_; }
  JsonlWriter& samples() { return *samples_; }
  /// Saves checkpoints/NAME-<number> after forcing the logs to the disk, and keeps the newest two.
  void save(const CheckpointState& state, int64_t number);

 private:
  std::string path_;
  std::unique_ptr<MetricsWriter> metrics_;
  std::unique_ptr<JsonlWriter> samples_;
};

}  // namespace r1
