// Files of one JSON object a line (metrics.jsonl, samples.jsonl): append with a flush a line, cut back on resume,
// read with bad lines skipped and named, follow while another process writes. Paper: none.
// Trap: a line counts only once its newline is there, so a line that is being written is never half read.
#pragma once
#include <cstdint>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"

namespace r1 {

/// A point of a run: rollouts finished and policy updates done.
struct RunPosition {
  int64_t rollout = 0;
  int64_t update = 0;
};

/// Parses one line; nothing for text that is no JSON object, is nested deeper than 64 or has a number that overflows.
std::optional<Json> parse_jsonl(const std::string& line);

/// Calls on_object for every object of the file in order, and on_skipped for every other line that is not blank (the
/// last one without newline included). Line numbers count from 1. Throws Error when the file cannot be read.
void read_jsonl(const std::string& path, const std::function<void(int64_t line, const Json&)>& on_object,
                const std::function<void(int64_t line, const std::string& why)>& on_skipped);

/// Appends objects to a file.
class JsonlWriter {
 public:
  /// New file when `resume` is empty (an existing one is an error, nothing is harmed). Otherwise lines with a rollout
  /// or update later than `resume` and a cut last line go, by writing the rest beside the file and renaming it.
  JsonlWriter(std::string path, std::optional<RunPosition> resume);
  ~JsonlWriter();
  JsonlWriter(const JsonlWriter&) = delete;
  JsonlWriter& operator=(const JsonlWriter&) = delete;
  /// One line, flushed. Bytes that are not UTF-8 become U+FFFD. Throws Error naming the file (disk full, ...).
  void write(const Json& object);
  /// Forces the file to the disk.
  void sync();
  /// The last object that was kept on resume; empty object for a new file.
  const Json& last() const { return last_; }

 private:
  std::string path_;
  std::FILE* file_ = nullptr;
  Json last_ = Json::object();
};

/// Follows a growing file: each poll() returns the complete lines that came since the last one.
class JsonlTail {
 public:
  explicit JsonlTail(std::string path) : path_(std::move(path)) {}
  /// Nothing while the file does not exist. A file that became shorter (a run was resumed) is read from its start
  /// again, and `restarted` says so.
  std::vector<Json> poll(bool* restarted = nullptr);

 private:
  std::string path_;
  int64_t offset_ = 0;
};

}  // namespace r1
