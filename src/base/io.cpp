// System calls behind io.h: each goes through `planned`, where a test's fault plan may step in. Paper: none.
#include "base/io.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

namespace r1 {

namespace {

using Kind = FaultPlan::Kind;
FaultPlan g_plan;
std::atomic<int64_t> g_calls{0};
std::atomic<bool> g_active{false};

[[noreturn]] void fail_errno(const std::string& path, const char* doing, int error) {
  fail(path, ": cannot ", doing, ": ", std::strerror(error));
}

/// R1_KILL_AT_IO=n in the environment (tests/soak.sh): call n, if it is a write, is cut in half, and call n + 1 never
/// returns: kill -9 in the middle of a save, at a place that can be named.
bool cut_before_kill() {
  static const int64_t at = [] {
    const char* text = std::getenv("R1_KILL_AT_IO");
    return text ? std::atoll(text) : -1;
  }();
  if (at < 0) return false;
  static std::atomic<int64_t> calls{0};
  const int64_t n = calls.fetch_add(1);
  if (n > at) ::raise(SIGKILL);
  return n == at;
}

/// The planned fault of this call, kNone in ordinary life.
Kind planned() {
  if (cut_before_kill()) return Kind::kShortWrite;
  if (!g_active.load(std::memory_order_relaxed)) return Kind::kNone;
  const int64_t n = g_calls.fetch_add(1);
  if (g_plan.kind == Kind::kCrash) return n >= g_plan.at ? Kind::kCrash : Kind::kNone;
  return n == g_plan.at ? g_plan.kind : Kind::kNone;
}

bool crashed() {
  return g_active.load(std::memory_order_relaxed) && g_plan.kind == Kind::kCrash && g_calls.load() > g_plan.at;
}

/// Throws for a planned failure; true means "shorten this write".
bool inject(const std::string& path, const char* doing) {
  switch (planned()) {
    case Kind::kEnospc:
      fail_errno(path, doing, ENOSPC);
    case Kind::kEio:
      fail_errno(path, doing, EIO);
    case Kind::kCrash:
      fail(path, ": simulated crash while trying to ", doing);
    case Kind::kShortWrite:
      return true;
    case Kind::kNone:
      break;
  }
  return false;
}

class Fd {
 public:
  Fd(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {
    if (fd_ < 0) fail_errno(path, "open", errno);
  }
  ~Fd() { ::close(fd_); }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

/// Size of an open regular file; directories and devices are refused.
uint64_t regular_size(int fd, const std::string& path) {
  struct stat s {};
  if (::fstat(fd, &s) != 0) fail_errno(path, "examine", errno);
  if (!S_ISREG(s.st_mode)) fail(path, ": cannot read: not a regular file");
  return static_cast<uint64_t>(s.st_size);
}

void read_into(int fd, const std::string& path, std::byte* out, size_t size) {
  size_t have = 0;
  while (have < size) {
    const ssize_t n = ::read(fd, out + have, size - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_errno(path, "read", errno);
    if (n == 0) fail(path, ": cannot read: file became shorter, ", have, " of ", size, " bytes were there");
    have += static_cast<size_t>(n);
  }
}

void write_all(int fd, const std::string& path, Bytes bytes) {
  while (!bytes.empty()) {
    const bool shorten = inject(path, "write");
    const size_t ask = shorten ? (bytes.size() + 1) / 2 : bytes.size();
    const ssize_t n = ::write(fd, bytes.data(), ask);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_errno(path, "write", errno);
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
}

void sync_fd(int fd, const std::string& path) {
  inject(path, "make durable (fsync)");
  if (::fsync(fd) != 0) fail_errno(path, "make durable (fsync)", errno);
}

std::string parent_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

template <class Buffer>
Buffer read_whole(const std::string& path, uint64_t max_bytes) {
  Fd fd(path, O_RDONLY);
  const uint64_t size = regular_size(fd.get(), path);
  if (size > max_bytes) fail(path, ": ", size, " bytes, expected at most ", max_bytes);
  Buffer out;
  out.resize(static_cast<size_t>(size));
  read_into(fd.get(), path, reinterpret_cast<std::byte*>(out.data()), out.size());
  return out;
}

}  // namespace

std::vector<std::byte> read_file(const std::string& path, uint64_t max_bytes) {
  return read_whole<std::vector<std::byte>>(path, max_bytes);
}

std::string read_text(const std::string& path, uint64_t max_bytes) { return read_whole<std::string>(path, max_bytes); }

void read_portions(const std::string& path, const std::function<void(Bytes)>& fn) {
  Fd fd(path, O_RDONLY);
  uint64_t left = regular_size(fd.get(), path);
  std::vector<std::byte> buffer(static_cast<size_t>(std::min(left, uint64_t{1} << 20)));
  while (left > 0) {
    const size_t n = static_cast<size_t>(std::min<uint64_t>(left, buffer.size()));
    read_into(fd.get(), path, buffer.data(), n);
    fn(Bytes(buffer).first(n));
    left -= n;
  }
}

MappedFile::MappedFile(const std::string& path) {
  Fd fd(path, O_RDONLY);
  size_ = static_cast<size_t>(regular_size(fd.get(), path));
  if (size_ == 0) return;
  data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (data_ == MAP_FAILED) {
    data_ = nullptr;
    fail_errno(path, "map", errno);
  }
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(data_, size_);
}

MappedFile::MappedFile(MappedFile&& o) noexcept
    : data_(std::exchange(o.data_, nullptr)), size_(std::exchange(o.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& o) noexcept {
  std::swap(data_, o.data_);
  std::swap(size_, o.size_);
  return *this;
}

AtomicFile::AtomicFile(const std::string& path, uint64_t expect_bytes)
    : path_(path), temporary_(path + ".tmp"), reserved_(expect_bytes) {
  inject(path_, "create");
  try {
    fd_ = Fd(temporary_, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW).release();
  } catch (const Error& e) {  // the user knows PATH, not what stands beside it
    fail(path_, ": cannot write: ", e.what());
  }
  if (reserved_ == 0) return;
  try {
    inject(path_, "reserve space");
    const int error = ::posix_fallocate(fd_, 0, static_cast<off_t>(reserved_));
    // Some file systems cannot reserve; the write itself will then find a full disk.
    if (error != 0 && error != EOPNOTSUPP && error != EINVAL) fail_errno(path_, "reserve space", error);
  } catch (...) {
    ::close(fd_);
    if (!crashed()) ::unlink(temporary_.c_str());
    throw;
  }
}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  if (!crashed()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(Bytes bytes) {
  R1_CHECK(fd_ >= 0, "write to ", path_, " after commit");
  write_all(fd_, path_, bytes);
  written_ += bytes.size();
}

void AtomicFile::commit() {
  R1_CHECK(fd_ >= 0, "second commit of ", path_);
  if (written_ < reserved_ && ::ftruncate(fd_, static_cast<off_t>(written_)) != 0) fail_errno(path_, "shorten", errno);
  sync_fd(fd_, path_);
  inject(path_, "rename into place");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail_errno(path_, "rename into place", errno);
  ::close(std::exchange(fd_, -1));
  sync_directory(parent_of(path_));
}

AppendFile::AppendFile(const std::string& path, int64_t keep_bytes) : path_(path) {
  inject(path_, "open");
  Fd fd(path, O_WRONLY | O_CREAT | O_APPEND);
  size_ = regular_size(fd.get(), path);
  if (keep_bytes >= 0) {
    if (static_cast<uint64_t>(keep_bytes) > size_) fail(path, ": ", size_, " bytes, expected at least ", keep_bytes);
    if (::ftruncate(fd.get(), keep_bytes) != 0) fail_errno(path, "shorten", errno);
    size_ = static_cast<uint64_t>(keep_bytes);
  }
  fd_ = fd.release();
}

AppendFile::~AppendFile() {
  if (fd_ >= 0) ::close(fd_);
}

void AppendFile::write(std::string_view text) {
  write_all(fd_, path_, as_bytes(text));
  size_ += text.size();
}

void AppendFile::sync() { sync_fd(fd_, path_); }

void write_file(const std::string& path, std::string_view text) {
  AtomicFile f(path);
  f.write(text);
  f.commit();
}

void make_directories(const std::string& path) {
  inject(path, "create directory");
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) fail(path, ": cannot create directory: ", error.message());
  if (!std::filesystem::is_directory(path, error)) fail(path, ": cannot create directory: a file is in the way");
}

void rename_durable(const std::string& from, const std::string& to) {
  inject(to, "rename into place");
  if (::rename(from.c_str(), to.c_str()) != 0) fail_errno(to, cat("rename ", from, " into place").c_str(), errno);
  sync_directory(parent_of(to));
}

void sync_directory(const std::string& path) {
  Fd fd(path, O_RDONLY | O_DIRECTORY);
  sync_fd(fd.get(), path);
}

bool file_exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

ScopedFaults::ScopedFaults(FaultPlan plan) {
  R1_CHECK(!g_active.load(), "a fault plan is already installed");
  g_plan = plan;
  g_calls = 0;
  g_active = true;
}

ScopedFaults::~ScopedFaults() {
  g_active = false;
  g_plan = {};
}

int64_t ScopedFaults::calls() const { return g_calls.load(); }

}  // namespace r1
