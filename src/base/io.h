// Files: read whole or mapped read-only; replaced atomically (written beside, fsync, rename, fsync of the directory),
// so that a full disk or a kill leaves the old file or the new one, never a mixture. Every error is one line naming
// the file and the system's reason. Tests plan faults by the number of the system call.
// Trap: a file that shrinks while it is mapped raises SIGBUS; read_file is the form without that risk. Paper: none.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace r1 {

using Bytes = std::span<const std::byte>;

/// The bytes of a string, and back.
inline Bytes as_bytes(std::string_view s) { return std::as_bytes(std::span(s.data(), s.size())); }
inline std::string_view as_text(Bytes b) { return {reinterpret_cast<const char*>(b.data()), b.size()}; }

/// The whole file in own memory. Throws Error when it cannot be read or is longer than `max_bytes`.
std::vector<std::byte> read_file(const std::string& path, uint64_t max_bytes = uint64_t{1} << 40);
/// The same as text.
std::string read_text(const std::string& path, uint64_t max_bytes = uint64_t{1} << 32);

/// Calls fn over the file's bytes in portions of up to 1 MiB, so that a large file never fills the memory.
void read_portions(const std::string& path, const std::function<void(Bytes)>& fn);

/// A whole file mapped read-only; an empty file maps to no bytes. Move-only.
class MappedFile {
 public:
  MappedFile() = default;
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& o) noexcept;
  MappedFile& operator=(MappedFile&& o) noexcept;
  Bytes bytes() const { return {static_cast<const std::byte*>(data_), size_}; }

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
};

/// Writes PATH.tmp beside PATH; commit() makes it durable and renames it over PATH. Without commit (an error, an
/// exception) the temporary file is removed and PATH is untouched; what a kill leaves behind is overwritten next time.
class AtomicFile {
 public:
  /// Reserves `expect_bytes` on the disk first, so that a large write fails before it begins (0: unknown size).
  explicit AtomicFile(const std::string& path, uint64_t expect_bytes = 0);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  void write(Bytes bytes);
  void write(std::string_view text) { write(as_bytes(text)); }
  void commit();
  uint64_t written() const { return written_; }

 private:
  std::string path_, temporary_;
  int fd_ = -1;
  uint64_t written_ = 0, reserved_ = 0;
};

/// A file that only grows (metrics.jsonl, samples.jsonl). write() is one system call where the system allows it.
class AppendFile {
 public:
  /// Opens or creates; with keep_bytes >= 0 cuts the file to that length first (resume).
  explicit AppendFile(const std::string& path, int64_t keep_bytes = -1);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;
  void write(std::string_view text);
  void sync();
  uint64_t size() const { return size_; }

 private:
  std::string path_;
  int fd_ = -1;
  uint64_t size_ = 0;
};

/// Replaces PATH by these bytes, all or nothing.
void write_file(const std::string& path, std::string_view text);
/// Creates the directory and its parents; an existing one is fine.
void make_directories(const std::string& path);
/// Renames a file or directory and makes that durable. An existing `to` must be a file, or an empty directory.
void rename_durable(const std::string& from, const std::string& to);
/// fsync of a directory, so that the names in it survive a power cut.
void sync_directory(const std::string& path);
bool file_exists(const std::string& path);

/// R1_KILL_AT_IO=n in the environment kills the process with SIGKILL just after the n-th such call, which writes half.
/// For tests: what the n-th system call of the writing kind (open, reserve, write, fsync, rename) does instead.
struct FaultPlan {
  enum class Kind : uint8_t {
    kNone,
    kEnospc,      ///< fails with "No space left on device"
    kEio,         ///< fails with "Input/output error"
    kShortWrite,  ///< writes half of what was asked and reports so (the caller must go on)
    kCrash,       ///< this call and all later ones do not happen, and nothing cleans up: kill -9 in miniature
  };
  Kind kind = Kind::kNone;
  int64_t at = -1;  ///< number of the call, from 0
};

/// Installs a plan for a scope (one at a time in a process) and counts the calls.
class ScopedFaults {
 public:
  explicit ScopedFaults(FaultPlan plan);
  ~ScopedFaults();
  ScopedFaults(const ScopedFaults&) = delete;
  ScopedFaults& operator=(const ScopedFaults&) = delete;
  int64_t calls() const;
};

}  // namespace r1
