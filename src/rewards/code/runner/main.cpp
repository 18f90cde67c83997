// r1-runner: the process that starts model-written programs, so that the trainer never forks. It links nothing of ours
// and is built without sanitizers. One runner is one worker: it reads a Hello, sets up its level once, then answers
// Run by RunReply until the socket closes. Speaks on descriptor 3 only. Paper: none.
#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "rewards/code/runner/landlock.h"
#include "rewards/code/runner/namespaces.h"
#include "rewards/code/runner/seccomp.h"
#include "rewards/code/runner/supervise.h"

namespace r1::runner {
namespace {

constexpr int kConnection = 3;

bool read_all(void* to, size_t n) {
  for (char* p = static_cast<char*>(to); n > 0;) {
    const ssize_t got = ::read(kConnection, p, n);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    p += got, n -= static_cast<size_t>(got);
  }
  return true;
}

bool write_all(const std::string& bytes) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t n = ::write(kConnection, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return true;
}

template <class M>
bool receive(wire::Kind kind, M& message) {
  wire::Header h;
  if (!read_all(&h, sizeof h) || !wire::plausible(h, kind)) return false;
  std::string payload(h.length, '\0');
  return read_all(payload.data(), payload.size()) && wire::decode(payload, message);
}

/// Descriptors above the connection are the trainer's (files, a GPU); the limit must leave room for kExecFd.
std::string clean_descriptors() {
  ::syscall(SYS_close_range, kConnection + 1, ~0U, 0);
  ::fcntl(kConnection, F_SETFD, FD_CLOEXEC);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max < 4096 ? files.rlim_max : 4096;
  ::setrlimit(RLIMIT_NOFILE, &files);
  return files.rlim_cur > 1200 ? "" : "at most " + std::to_string(files.rlim_cur) + " open files, expected 1200";
}

/// Tasks of our own user: where the candidate shares it, its limit of processes counts from there.
uint64_t tasks_of_user() {
  uint64_t tasks = 0;
  DIR* d = ::opendir("/proc");
  while (const dirent* e = d ? ::readdir(d) : nullptr) {
    struct stat s {};
    const std::string path = std::string("/proc/") + e->d_name;
    if (std::atoi(e->d_name) <= 0 || ::stat(path.c_str(), &s) != 0 || s.st_uid != ::getuid()) continue;
    struct stat threads {};
    tasks += ::stat((path + "/task").c_str(), &threads) == 0 && threads.st_nlink > 2 ? threads.st_nlink - 2 : 1;
  }
  if (d) ::closedir(d);
  return tasks;
}

/// The machine's root, not the "root" of a user namespace, which is an ordinary user outside.
bool true_root() {
  FILE* f = ::geteuid() == 0 ? std::fopen("/proc/self/uid_map", "re") : nullptr;
  unsigned long inside = 0, outside = 0;
  const bool mapped = f && std::fscanf(f, "%lu %lu", &inside, &outside) == 2 && inside == 0 && outside != 0;
  if (f) std::fclose(f);
  return ::geteuid() == 0 && !mapped;
}

/// Root must be able to become the candidate's user, else its files would be root's.
std::string try_user(uint64_t uid) {
  if (uid == 0) return true_root() ? "root without another user to run programs as" : "";
  const pid_t child = ::fork();
  const auto id = static_cast<uid_t>(uid);
  if (child == 0) ::_exit(::setresgid(id, id, id) == 0 && ::setresuid(id, id, id) == 0 ? 0 : 1);
  int status = 1;
  if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0)
    return "cannot become user " + std::to_string(uid) + " (needs CAP_SETUID, CAP_SETGID)";
  return "";
}

/// The filters are tried in a child that then ends.
std::string try_filters(const std::string& box) {
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return "pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    std::string e = install_landlock({}, box);
    if (e.empty()) e = install_seccomp(false);
    (void)!::write(report[1], e.data(), e.size());
    ::_exit(e.empty() ? 0 : 1);
  }
  ::close(report[1]);
  char text[256] = {};
  (void)!::read(report[0], text, sizeof text - 1);
  ::close(report[0]);
  int status = 1;
  ::waitpid(child, &status, 0);
  return status == 0 ? "" : text[0] ? text : "system-call filter or Landlock cannot be installed";
}

std::string set_up(Sandbox& s) {
  if (std::string e = clean_descriptors(); !e.empty()) return e;
  if (std::string e = try_user(s.hello.uid); !e.empty()) return e;
  const uint64_t level = s.hello.level;
  if (level >= 1)
    if (std::string e = try_filters(s.hello.box_parent); !e.empty()) return e;
  if (level >= 3) {
    std::string e = s.cgroup.make(s.hello.cgroup);
    if (e.empty()) e = s.cgroup.join();
    if (!e.empty()) return e;
    s.proc = ::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  }
  if (level >= 2)
    if (std::string e = enter_namespaces(s.hello.box_parent, s.hello.visible, static_cast<unsigned>(s.hello.uid));
        !e.empty())
      return e;
  if (s.same_user()) s.process_base = level >= 2 ? 4 : tasks_of_user() + 4;
  return "";
}

int serve() {
  Sandbox s;
  if (!receive(wire::Kind::kHello, s.hello)) return 2;
  wire::HelloReply reply;
  if (s.hello.version != wire::kVersion) reply.error = "runner and program are of different versions";
  if (reply.error.empty()) reply.error = set_up(s);
  reply.cgroups = s.cgroup.directories();
  if (const int abi = landlock_abi(); abi > 0) reply.landlock = "ABI " + std::to_string(abi);
  const bool ok = reply.error.empty();
  if (!write_all(wire::encode(wire::Kind::kHelloReply, reply)) || !ok) {
    s.cgroup.remove();
    return 1;
  }
  wire::Run run;
  while (receive(wire::Kind::kRun, run))
    if (!write_all(wire::encode(wire::Kind::kRunReply, run_once(run, s, kConnection)))) break;
  s.cgroup.remove();
  return 0;
}

}  // namespace
}  // namespace r1::runner

int main() {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGINT, SIG_IGN);  // Ctrl-C is the trainer's business: it closes the socket
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  ::prctl(PR_SET_NAME, "r1-runner", 0, 0, 0);
  try {
    return r1::runner::serve();
  } catch (const std::bad_alloc&) {
    return 3;
  }
}
