// Paper: none. Removal moves each subdirectory up to the top instead of going down, so depth costs nothing.
#include "rewards/code/runner/box.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <vector>

namespace r1::runner {
namespace {

constexpr int kMaxDepth = 64;

struct Usage {
  uint64_t bytes = 0, names = 0;
  bool deep = false;
};

int open_directory(int at, const char* name) {
  return ::openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

bool dots(const char* name) { return std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0; }

void measure(int directory, Usage& u, uint64_t max_names, int depth) {
  DIR* d = ::fdopendir(directory);
  if (!d) {
    ::close(directory);
    return;
  }
  while (const dirent* e = ::readdir(d)) {
    struct stat s {};
    if (dots(e->d_name) || ::fstatat(::dirfd(d), e->d_name, &s, AT_SYMLINK_NOFOLLOW) != 0) continue;
    u.bytes += static_cast<uint64_t>(s.st_blocks) * 512;
    if (++u.names > max_names || u.deep) break;
    if (!S_ISDIR(s.st_mode)) continue;
    if (depth == kMaxDepth)
      u.deep = true;
    else if (const int fd = open_directory(::dirfd(d), e->d_name); fd >= 0)
      measure(fd, u, max_names, depth + 1);
  }
  ::closedir(d);
}

std::vector<std::string> names_in(int directory) {
  std::vector<std::string> out;
  DIR* d = ::fdopendir(::dup(directory));
  if (!d) return out;
  ::rewinddir(d);
  while (const dirent* e = ::readdir(d))
    if (!dots(e->d_name)) out.emplace_back(e->d_name);
  ::closedir(d);
  return out;
}

/// Files go, subdirectories move to `top` under new names, then the directory itself goes.
bool flatten(int top, const std::string& name, uint64_t& counter) {
  ::fchmodat(top, name.c_str(), 0700, 0);
  const int fd = open_directory(top, name.c_str());
  if (fd < 0) return ::unlinkat(top, name.c_str(), AT_REMOVEDIR) == 0;
  for (const std::string& e : names_in(fd)) {
    if (::unlinkat(fd, e.c_str(), 0) == 0) continue;
    ::fchmodat(fd, e.c_str(), 0700, 0);
    ::renameat(fd, e.c_str(), top, (".r1-" + std::to_string(counter++)).c_str());
  }
  ::close(fd);
  return ::unlinkat(top, name.c_str(), AT_REMOVEDIR) == 0;
}

}  // namespace

bool box_is_over(const std::string& path, uint64_t bytes, uint64_t names) {
  const int fd = open_directory(AT_FDCWD, path.c_str());
  if (fd < 0) return false;
  Usage u;
  measure(fd, u, names, 0);
  return u.deep || u.bytes > bytes || u.names > names;
}

void remove_box(const std::string& path) {
  const int top = open_directory(AT_FDCWD, path.c_str());
  if (top < 0) return;
  uint64_t counter = 0;
  for (bool progress = true; progress;) {
    progress = false;
    for (const std::string& name : names_in(top))
      if (::unlinkat(top, name.c_str(), 0) == 0 || flatten(top, name, counter)) progress = true;
  }
  ::close(top);
  ::rmdir(path.c_str());
}

}  // namespace r1::runner
