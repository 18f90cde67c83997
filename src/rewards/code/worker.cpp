// Paper: none. Trap: a runner may be killed at any moment, also by the machine; each wait has a deadline of its own.
#include "rewards/code/worker.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "base/check.h"

namespace r1 {
namespace {

/// On top of the program's own limits: a machine under load may be slow, but a hang must end.
constexpr int64_t kGraceMs = 120000;

int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// False at the deadline or when the other side has closed and nothing is left to read.
bool wait_for(int fd, short events, int64_t deadline_ms) {
  for (;;) {
    const int64_t left = deadline_ms - now_ms();
    if (left <= 0) return false;
    pollfd p{fd, events, 0};
    const int n = ::poll(&p, 1, static_cast<int>(left));
    if (n > 0) return true;
    if (n < 0 && errno != EINTR) return false;
  }
}

/// Own process group (Ctrl-C is ours), no signals blocked, no environment, nothing but the socket.
pid_t spawn(const std::string& path, int socket) {
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_adddup2(&files, socket, 3);
  ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  std::string name = path;
  char* argv[] = {name.data(), nullptr};
  char* env[] = {nullptr};
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, path.c_str(), &files, &attributes, argv, env);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&files);
  return error == 0 ? pid : -1;
}

}  // namespace

std::string find_runner() {
  if (const char* set = std::getenv("R1_RUNNER")) return set;
  char self[4096];
  const ssize_t n = ::readlink("/proc/self/exe", self, sizeof self);
  if (n <= 0) fail("r1-runner: cannot find this program's own place (/proc/self/exe)");
  const std::string path(self, static_cast<size_t>(n));
  const std::string beside = path.substr(0, path.rfind('/')) + "/r1-runner";
  const std::string above = path.substr(0, path.rfind('/')) + "/../r1-runner";
  for (const std::string& p : {beside, above})
    if (::access(p.c_str(), X_OK) == 0) return p;
  fail("r1-runner: not found at ", beside, " or ", above, ", expected beside r1 (or R1_RUNNER)");
}

std::string SandboxWorker::start() {
  stop();
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return cat("socket: ", std::strerror(errno));
  pid_ = spawn(runner_, pair[1]);
  ::close(pair[1]);
  fd_ = pair[0];
  if (pid_ < 0) {
    stop();
    return cat(runner_, ": cannot start: ", std::strerror(errno));
  }
  ::fcntl(fd_, F_SETFL, O_NONBLOCK);
  const int64_t deadline = now_ms() + kGraceMs;
  greeting_ = {};
  const bool ok = send(wire::encode(wire::Kind::kHello, hello_), deadline) &&
                  receive_message(wire::Kind::kHelloReply, greeting_, uint64_t{1} << 20, deadline);
  std::string error = !ok ? runner_ + ": gave no greeting" : greeting_.error;
  if (ok && greeting_.version != wire::kVersion) error = runner_ + ": is of another version than this program";
  if (!error.empty()) stop();
  return error;
}

bool SandboxWorker::run(const wire::Run& request, wire::RunReply& reply) {
  if (!running()) return false;
  const int64_t deadline = now_ms() + static_cast<int64_t>(request.limits.wall_ms) + kGraceMs;
  const uint64_t most = request.limits.output + (uint64_t{1} << 16);
  reply = {};
  const bool ok = send(wire::encode(wire::Kind::kRun, request), deadline) &&
                  receive_message(wire::Kind::kRunReply, reply, most, deadline);
  if (!ok) stop();
  return ok;
}

void SandboxWorker::stop() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  if (pid_ > 0) {
    // With the socket closed it ends its program, cleans up and leaves; what does not leave is killed.
    int status = 0;
    pid_t done = 0;
    for (int i = 0; i < 4000 && done == 0; ++i) {
      done = ::waitpid(pid_, &status, WNOHANG);
      if (done == 0) ::usleep(500);
    }
    if (done == 0) {
      ::kill(pid_, SIGKILL);
      while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
      }
    }
    remove_cgroups();
  }
  pid_ = -1;
}

void SandboxWorker::remove_cgroups() {
  for (const std::string& path : greeting_.cgroups)
    for (int i = 0; i < 200 && ::rmdir(path.c_str()) != 0 && errno == EBUSY; ++i) ::usleep(1000);
}

bool SandboxWorker::send(const std::string& frame, int64_t deadline_ms) {
  for (size_t done = 0; done < frame.size();) {
    const ssize_t n = ::send(fd_, frame.data() + done, frame.size() - done, MSG_NOSIGNAL);
    if (n > 0) {
      done += static_cast<size_t>(n);
    } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
      return false;
    } else if (!wait_for(fd_, POLLOUT, deadline_ms)) {
      return false;
    }
  }
  return true;
}

bool SandboxWorker::receive(void* to, size_t n, int64_t deadline_ms) {
  for (char* p = static_cast<char*>(to); n > 0;) {
    const ssize_t got = ::recv(fd_, p, n, 0);
    if (got > 0) {
      p += got, n -= static_cast<size_t>(got);
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
      return false;
    } else if (!wait_for(fd_, POLLIN, deadline_ms)) {
      return false;
    }
  }
  return true;
}

template <class M>
bool SandboxWorker::receive_message(wire::Kind kind, M& message, uint64_t max_bytes, int64_t deadline_ms) {
  wire::Header h;
  if (!receive(&h, sizeof h, deadline_ms) || !wire::plausible(h, kind) || h.length > max_bytes) return false;
  std::string payload(h.length, '\0');
  return receive(payload.data(), payload.size(), deadline_ms) && wire::decode(payload, message);
}

}  // namespace r1
