// Paper: none. Trap: after unshare(CLONE_NEWUSER) a process has no rights in its old namespace, so root's map of two
// users is written by a helper that stayed behind.
#include "rewards/code/runner/namespaces.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace r1::runner {
namespace {

std::string because(const std::string& what) { return what + ": " + std::strerror(errno); }

bool write_text(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool ok = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  ::close(fd);
  errno = error;
  return ok;
}

std::string why_not_unshared() {
  if (errno == ENOSPC) return "user namespaces are switched off here (user.max_user_namespaces)";
  if (errno == EPERM) return "user namespaces are not allowed here (a container's filter or a kernel setting)";
  return because("unshare");
}

/// Root: inner 0 is root (the worker), inner 1000 the candidate's own user. Written from outside by a helper process.
std::string unshare_as_root(int flags, unsigned outer) {
  int go[2];
  if (::pipe2(go, O_CLOEXEC) != 0) return because("pipe");
  const std::string proc = "/proc/" + std::to_string(::getpid());
  const pid_t helper = ::fork();
  if (helper < 0) return because("fork");
  if (helper == 0) {
    char c = 0;
    ::close(go[1]);
    if (::read(go[0], &c, 1) != 1) ::_exit(2);
    const std::string map = "0 0 1\n" + std::to_string(kInnerUser) + " " + std::to_string(outer) + " 1\n";
    ::_exit(write_text(proc + "/uid_map", map) && write_text(proc + "/gid_map", map) ? 0 : 1);
  }
  ::close(go[0]);
  std::string error;
  if (::unshare(flags) != 0) error = why_not_unshared();
  if (error.empty() && ::write(go[1], "g", 1) != 1) error = because("pipe");
  ::close(go[1]);
  int status = 0;
  ::waitpid(helper, &status, 0);
  if (error.empty() && status != 0) error = "uid_map of a user namespace cannot be written";
  return error;
}

std::string unshare_as_user(int flags) {
  const unsigned uid = ::getuid(), gid = ::getgid();
  if (::unshare(flags) != 0) return why_not_unshared();
  const std::string inner = std::to_string(kInnerUser);
  if (!write_text("/proc/self/setgroups", "deny")) return because("/proc/self/setgroups");
  if (!write_text("/proc/self/uid_map", inner + " " + std::to_string(uid) + " 1\n"))
    return because("/proc/self/uid_map");
  if (!write_text("/proc/self/gid_map", inner + " " + std::to_string(gid) + " 1\n"))
    return because("/proc/self/gid_map");
  return "";
}

bool make_parents(const std::string& path) {
  for (size_t i = 1; i < path.size(); ++i)
    if (path[i] == '/' && ::mkdir(path.substr(0, i).c_str(), 0755) != 0 && errno != EEXIST) return false;
  return true;
}

struct MountAttributes {
  uint64_t set = 0, clear = 0, propagation = 0, userns_fd = 0;
};

/// Read-only with everything below it; what is locked outside stays locked.
bool make_read_only(const std::string& path, bool device) {
  MountAttributes a;
  a.set = 1 /*RDONLY*/ | 2 /*NOSUID*/ | (device ? 0 : 4 /*NODEV*/);
  return ::syscall(442 /*mount_setattr*/, AT_FDCWD, path.c_str(), 0x8000 /*AT_RECURSIVE*/, &a, sizeof a) == 0;
}

std::string bind_path(const std::string& root, const std::string& path) {
  struct stat s {};
  if (::lstat(path.c_str(), &s) != 0) return "";  // /lib64 is not everywhere
  const std::string target = root + path;
  if (!make_parents(target)) return because("making " + target);
  if (S_ISLNK(s.st_mode)) {
    char to[4096];
    const ssize_t n = ::readlink(path.c_str(), to, sizeof to - 1);
    if (n < 0 || ::symlink(std::string(to, static_cast<size_t>(n)).c_str(), target.c_str()) != 0)
      return because("link " + target);
    return "";
  }
  if (S_ISDIR(s.st_mode)) {
    if (::mkdir(target.c_str(), 0755) != 0 && errno != EEXIST) return because("making " + target);
  } else {
    const int fd = ::open(target.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0) return because("making " + target);
    ::close(fd);
  }
  if (::mount(path.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
    return because("bind mount of " + path);
  if (!make_read_only(target, S_ISCHR(s.st_mode))) return because("read-only mount of " + path);
  return "";
}

std::string change_root(const std::string& root) {
  if (::chdir(root.c_str()) != 0) return because("chdir " + root);
  if (::syscall(SYS_pivot_root, ".", ".") != 0) return because("pivot_root");
  if (::umount2(".", MNT_DETACH) != 0) return because("umount of the old root");
  if (::chdir("/") != 0) return because("chdir /");
  if (::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, nullptr) != 0)
    return because("read-only root");
  return "";
}

}  // namespace

std::string enter_namespaces(const std::string& root, const std::vector<std::string>& visible, unsigned outer_uid) {
  const int flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
  std::string error = outer_uid != 0 ? unshare_as_root(flags, outer_uid) : unshare_as_user(flags);
  if (!error.empty()) return error;
  if (::sethostname("sandbox", 7) != 0) return because("sethostname");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return because("private mounts");
  if (::mount("none", root.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,nr_inodes=1024,mode=755") != 0)
    return because("tmpfs at " + root);
  for (const std::string& path : visible)
    if (error = bind_path(root, path); !error.empty()) return error;
  for (const char* device : {"/dev/null", "/dev/urandom"})
    if (error = bind_path(root, device); !error.empty()) return error;
  if (::mkdir((root + "/tmp").c_str(), 0755) != 0) return because("making /tmp inside");
  return change_root(root);
}

pid_t fork_isolated() {
  return static_cast<pid_t>(
      ::syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

std::string mount_private_tmp(uint64_t bytes, uint64_t inodes) {
  const std::string user = std::to_string(kInnerUser);
  const std::string options = "mode=700,uid=" + user + ",gid=" + user + ",size=" + std::to_string(bytes) +
                              ",nr_inodes=" + std::to_string(inodes);
  if (::mount("none", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0) return because("tmpfs at /tmp");
  return "";
}

}  // namespace r1::runner
