// Raw system calls 444 to 446, as Debian 12's libc has no wrappers and its headers stop at version 2. Paper: none.
#include "rewards/code/runner/landlock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace r1::runner {
namespace {

constexpr long kCreate = 444, kAddRule = 445, kRestrict = 446;  // the same on every architecture

struct Ruleset {
  uint64_t handled_fs = 0, handled_net = 0, scoped = 0;
};
struct PathRule {
  uint64_t allowed = 0;
  int32_t parent = -1;
} __attribute__((packed));

constexpr uint64_t kExecute = 1, kWriteFile = 2, kReadFile = 4, kReadDir = 8, kRemoveDir = 16, kRemoveFile = 32;
constexpr uint64_t kMakeDir = 128, kMakeRegular = 256, kTruncate = 1 << 14;
constexpr uint64_t kFileRights = kExecute | kWriteFile | kReadFile | kTruncate;

/// Rights that the kernel of this version knows; all of them are handled, so what no rule grants is refused.
Ruleset everything(int abi) {
  Ruleset r;
  r.handled_fs = (1 << 13) - 1;
  if (abi >= 2) r.handled_fs |= 1 << 13;  // rename and link across directories
  if (abi >= 3) r.handled_fs |= kTruncate;
  if (abi >= 4) r.handled_net = 3;        // bind and connect, TCP
  if (abi >= 5) r.handled_fs |= 1 << 15;  // ioctl on devices
  if (abi >= 6) r.scoped = 3;             // abstract unix sockets, signals
  return r;
}

size_t ruleset_size(int abi) { return abi >= 6 ? 24 : abi >= 4 ? 16 : 8; }

std::string add_path(int ruleset, const std::string& path, uint64_t rights, uint64_t handled) {
  struct stat link {};
  if (::lstat(path.c_str(), &link) == 0 && S_ISLNK(link.st_mode)) return "";  // a rule would open all of its target
  const int fd = ::open(path.c_str(), O_PATH | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? "" : "landlock: " + path + ": " + std::strerror(errno);
  struct stat s {};
  if (::fstat(fd, &s) == 0 && !S_ISDIR(s.st_mode)) rights &= kFileRights;
  PathRule rule;
  rule.allowed = rights & handled, rule.parent = fd;
  const long rc = ::syscall(kAddRule, ruleset, 1 /*path beneath*/, &rule, 0);
  const int error = errno;
  ::close(fd);
  return rc == 0 ? "" : "landlock: rule for " + path + ": " + std::strerror(error);
}

}  // namespace

int landlock_abi() {
  const long v = ::syscall(kCreate, nullptr, 0, 1 /*ask the version*/);
  return v < 0 ? 0 : static_cast<int>(v);
}

std::string install_landlock(const std::vector<std::string>& readable, const std::string& box) {
  const int abi = landlock_abi();
  if (abi == 0) return "the kernel has no Landlock";
  const Ruleset r = everything(abi);
  const int fd = static_cast<int>(::syscall(kCreate, &r, ruleset_size(abi), 0));
  if (fd < 0) return std::string("landlock: ") + std::strerror(errno);
  std::string error;
  for (const std::string& path : readable)
    if (error.empty()) error = add_path(fd, path, kExecute | kReadFile | kReadDir, r.handled_fs);
  const uint64_t own =
      kReadFile | kReadDir | kWriteFile | kTruncate | kMakeRegular | kMakeDir | kRemoveFile | kRemoveDir;
  if (error.empty()) error = add_path(fd, box, own, r.handled_fs);
  if (error.empty()) error = add_path(fd, "/dev/null", kReadFile | kWriteFile, r.handled_fs);
  if (error.empty()) error = add_path(fd, "/dev/urandom", kReadFile, r.handled_fs);
  if (error.empty() && ::syscall(kRestrict, fd, 0) != 0) error = std::string("landlock: ") + std::strerror(errno);
  ::close(fd);
  return error;
}

}  // namespace r1::runner
