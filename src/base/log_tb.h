// TensorBoard event files without TensorFlow: each record is a TFRecord (length, masked CRC-32C of the length, bytes,
// masked CRC-32C of the bytes; all little endian) around an Event message in protobuf wire format:
//   Event { 1: double wall_time; 2: int64 step; 3: string file_version; 5: Summary; 7: SessionLog }
//   Summary { 1: repeated Value { 1: string tag; 2: float simple_value } }    SessionLog { 1: START = 1 }
// TensorBoard calls its x axis "step"; ours is the policy update. Paper: none.
#pragma once
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "base/log_jsonl.h"

namespace r1 {

/// CRC-32C (Castagnoli) of n bytes.
uint32_t crc32c(const void* data, size_t n);

/// Writes scalars into a new file of the folder; on resume the points after the resumed update are declared void
/// (a session start), as TensorBoard itself does it.
class TensorBoardWriter {
 public:
  /// Makes the folder if it is missing. Throws Error naming the path.
  TensorBoardWriter(const std::string& folder, std::optional<RunPosition> resume);
  ~TensorBoardWriter();
  TensorBoardWriter(const TensorBoardWriter&) = delete;
  TensorBoardWriter& operator=(const TensorBoardWriter&) = delete;
  void scalar(const std::string& tag, int64_t update, double value);
  void flush();
  const std::string& path() const { return path_; }

 private:
  void write_event(const std::string& event);

  std::string path_;
  std::FILE* file_ = nullptr;
};

}  // namespace r1
