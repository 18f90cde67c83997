// Paper: none. The supervisor's side of a run. Trap: levels 0 and 1 have no process namespace, so what a candidate
// leaves behind is found by the kernel's reparenting to us (PR_SET_CHILD_SUBREAPER), however often it forked.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <map>

#include "rewards/code/runner/box.h"
#include "rewards/code/runner/namespaces.h"
#include "rewards/code/runner/supervise.h"

namespace r1::runner {
namespace {

[[noreturn]] void send_report(int control, const Report& r) {
  (void)!::send(control, &r, sizeof r, MSG_NOSIGNAL);
  ::_exit(0);
}

[[noreturn]] void send_failure(int control, const std::string& error) {
  Report r;
  std::snprintf(r.error, sizeof r.error, "%s", error.c_str());
  send_report(control, r);
}

std::string write_source(const std::string& box, const wire::Run& run) {
  if (run.source_name.empty()) return "";
  const std::string path = box + "/" + run.source_name;
  const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0444);
  if (fd < 0) return path + ": " + std::strerror(errno);
  const char* p = run.source.data();
  for (size_t left = run.source.size(); left > 0;) {
    const ssize_t n = ::write(fd, p, left);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return path + ": " + std::strerror(errno);
    p += n, left -= static_cast<size_t>(n);
  }
  ::fchmod(fd, 0444);
  ::close(fd);
  return "";
}

/// Waits until exec has happened: the descriptor closes without a word. Returns what the child said.
std::string wait_for_exec(int error_read) {
  char text[240];
  pollfd p{error_read, POLLIN, 0};
  while (::poll(&p, 1, 60000) < 0 && errno == EINTR) {
  }
  if (p.revents == 0) return "the program did not start within 60 s";
  const ssize_t n = ::read(error_read, text, sizeof text);
  return n > 0 ? std::string(text, static_cast<size_t>(n)) : "";
}

/// Until the candidate ends, the deadline passes, the box is full, or the worker says stop (or is gone).
wire::Stop watch(int pidfd, int control, uint64_t deadline, const std::string& box, const wire::Limits& l, bool disk) {
  for (;;) {
    const uint64_t now = now_us();
    if (now >= deadline) return wire::Stop::kWall;
    uint64_t wait_ms = (deadline - now) / 1000 + 1;
    if (disk && wait_ms > 20) wait_ms = 20;
    pollfd p[2] = {{pidfd, POLLIN, 0}, {control, POLLIN, 0}};
    const int n = ::poll(p, 2, static_cast<int>(wait_ms));
    if (n < 0 && errno != EINTR) return wire::Stop::kWall;
    if (n > 0 && p[0].revents) return wire::Stop::kNone;
    if (n > 0 && p[1].revents) {
      unsigned char order = 0;
      if (::recv(control, &order, 1, 0) != 1) order = static_cast<unsigned char>(wire::Stop::kWall);
      return static_cast<wire::Stop>(order);
    }
    if (disk && box_is_over(box, l.disk, l.inodes)) return wire::Stop::kDisk;
  }
}

/// The compiler's output, from the box into the memory file that the worker keeps.
bool collect(const std::string& path, int into) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  struct stat s {};
  bool ok = fd >= 0 && ::fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && s.st_size > 0;
  char buffer[1 << 16];
  for (ssize_t n; ok && (n = ::read(fd, buffer, sizeof buffer)) > 0;)
    ok = ::write(into, buffer, static_cast<size_t>(n)) == n;
  if (fd >= 0) ::close(fd);
  return ok;
}

pid_t parent_of(const char* process) {
  std::ifstream in(std::string("/proc/") + process + "/stat");
  std::string text;
  std::getline(in, text);
  const size_t at = text.rfind(')');  // the name may contain anything
  int parent = 0;
  char state = 0;
  if (at == std::string::npos || std::sscanf(text.c_str() + at + 1, " %c %d", &state, &parent) != 2) return 0;
  return parent;
}

uint64_t reap_all() {
  uint64_t n = 0;
  while (::waitpid(-1, nullptr, WNOHANG | __WALL) > 0) ++n;
  return n;
}

bool have_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 || errno != ECHILD;
}

}  // namespace

uint64_t now_us() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1000000 + static_cast<uint64_t>(t.tv_nsec) / 1000;
}

uint64_t sweep_descendants() {
  uint64_t reaped = reap_all();
  // A chain is killed from its top: orphans come to us and are found in the next round. Frozen or forking, each round
  // kills all that exist at its moment; a fork bomb is bounded by its process limit.
  while (have_children()) {
    std::map<pid_t, pid_t> parents;
    if (DIR* d = ::opendir("/proc")) {
      while (const dirent* e = ::readdir(d))
        if (const int pid = std::atoi(e->d_name); pid > 0) parents[pid] = parent_of(e->d_name);
      ::closedir(d);
    }
    const pid_t self = ::getpid();
    for (const auto& [pid, parent] : parents)
      for (pid_t up = parent; up > 1; up = parents.count(up) ? parents[up] : 0)
        if (up == self) {
          ::kill(pid, SIGKILL);
          break;
        }
    ::usleep(500);
    reaped += reap_all();
  }
  return reaped;
}

void supervise(const wire::Run& run, const Sandbox& s, const std::string& box, CandidateFds fds, int control) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  const bool inside = s.hello.level >= 2;
  std::string error = inside ? mount_private_tmp(run.limits.disk, run.limits.inodes + 8) : "";
  if (error.empty()) error = write_source(box, run);
  int report[2] = {-1, -1};
  if (error.empty() && ::pipe2(report, O_CLOEXEC) != 0) error = "pipe";
  if (!error.empty()) send_failure(control, error);
  fds.error = report[1], fds.parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) become_candidate(run, s, box, fds);
  if (child < 0) send_failure(control, std::string("fork: ") + std::strerror(errno));
  for (const int fd : {report[1], fds.in, fds.out, fds.err}) ::close(fd);

  Report r;
  const int pidfd = static_cast<int>(::syscall(434 /*pidfd_open*/, child, 0));
  error = pidfd < 0 ? "pidfd_open" : wait_for_exec(report[0]);
  const uint64_t begin = now_us();
  if (error.empty())
    r.stop = static_cast<uint64_t>(
        watch(pidfd, control, begin + run.limits.wall_ms * 1000, box, run.limits, !inside && run.limits.disk > 0));
  r.wall_us = now_us() - begin;
  ::kill(child, SIGKILL);
  int status = 0;
  rusage usage{};
  while (::wait4(child, &status, __WALL, &usage) < 0 && errno == EINTR) {
  }
  if (inside) ::kill(-1, SIGKILL);  // all of the namespace but ourselves
  if (inside)
    while (::waitpid(-1, nullptr, __WALL) > 0 || errno == EINTR) ++r.swept;
  if (!inside) r.swept = sweep_descendants();
  if (!error.empty()) send_failure(control, error);
  r.end = static_cast<uint64_t>(WIFEXITED(status) ? wire::End::kExit : wire::End::kSignal);
  r.code = static_cast<uint64_t>(WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
  r.cpu_us = static_cast<uint64_t>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
             static_cast<uint64_t>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  r.max_rss = static_cast<uint64_t>(usage.ru_maxrss) * 1024;
  if (!run.collect.empty() && r.end == static_cast<uint64_t>(wire::End::kExit) && r.code == 0 && r.stop == 0)
    if (!collect(box + "/" + run.collect, s.compiled)) r.code = 1;  // the source's fault, not ours
  send_report(control, r);
}

}  // namespace r1::runner
