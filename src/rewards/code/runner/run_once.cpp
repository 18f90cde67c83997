// Paper: none. The worker's side of a run: pipes, the private directory, and the pump that feeds stdin and keeps at
// most the allowed bytes of stdout. Trap: a program may close stdout and go on, or never read stdin; only the
// supervisor's report ends a run.
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "rewards/code/runner/box.h"
#include "rewards/code/runner/namespaces.h"
#include "rewards/code/runner/supervise.h"

namespace r1::runner {
namespace {

constexpr size_t kErrBytes = 4096;

struct Pipe {
  int read = -1, write = -1;
  bool open() {
    int p[2];
    if (::pipe2(p, O_CLOEXEC) != 0) return false;
    read = p[0], write = p[1];
    return true;
  }
  static void shut(int& fd) {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
  ~Pipe() { shut(read), shut(write); }
};

/// Directory for levels 0 and 1; level 2 has its own file system. A candidate may have left directories without rights.
class Box {
 public:
  Box(const Sandbox& s, std::string& error) : path_("/tmp"), own_(s.hello.level < 2) {
    if (!own_) return;
    path_ = s.hello.box_parent + "/box-XXXXXX";
    if (!::mkdtemp(path_.data())) {
      own_ = false, error = path_ + ": " + std::strerror(errno);
    } else if (!s.same_user() &&
               ::chown(path_.c_str(), static_cast<uid_t>(s.hello.uid), static_cast<gid_t>(s.hello.uid)) != 0) {
      error = path_ + ": chown: " + std::strerror(errno);
    }
  }
  ~Box() {
    if (own_) remove_box(path_);
  }
  Box(const Box&) = delete;
  Box& operator=(const Box&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool own_;
};

class Pump {
 public:
  Pump(const wire::Run& run, Pipe& in, Pipe& out, Pipe& err, int control, int connection)
      : run_(run), in_(in), out_(out), err_(err), control_(control), connection_(connection) {
    for (const int fd : {in.write, out.read, err.read}) ::fcntl(fd, F_SETFL, O_NONBLOCK);
  }
  /// Moves bytes until the supervisor reports; false if it died without a word.
  bool until_report(Report& report, wire::RunReply& reply) {
    if (run_.input.empty()) Pipe::shut(in_.write);
    for (;;) {
      pollfd p[5] = {{control_, POLLIN, 0},
                     {out_.read, POLLIN, 0},
                     {err_.read, POLLIN, 0},
                     {in_.write, POLLOUT, 0},
                     {connection_, POLLIN, 0}};
      if (::poll(p, 5, -1) < 0) continue;
      if (p[4].revents) judge_is_gone();
      if (p[1].revents) take(out_.read, reply.out, run_.limits.output);
      if (p[2].revents) take(err_.read, reply.err, kErrBytes);
      if (p[3].revents) feed();
      if (p[0].revents) {
        // The first try fails with ECONNRESET if the supervisor ended with our order unread; the report is behind it.
        ssize_t n = ::recv(control_, &report, sizeof report, 0);
        if (n < 0) n = ::recv(control_, &report, sizeof report, 0);
        const bool whole = n == static_cast<ssize_t>(sizeof report);
        while (out_.read >= 0 && take(out_.read, reply.out, run_.limits.output)) {
        }
        while (err_.read >= 0 && take(err_.read, reply.err, kErrBytes)) {
        }
        reply.stop = over_ ? static_cast<uint64_t>(wire::Stop::kOutput) : report.stop;
        return whole;
      }
    }
  }

 private:
  /// One portion; closes the descriptor at its end. False when nothing is there now.
  bool take(int& fd, std::string& to, uint64_t limit) {
    char buffer[1 << 16];
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (n <= 0) return Pipe::shut(fd), false;
    const uint64_t room = limit - to.size();
    const bool over = static_cast<uint64_t>(n) > room;
    to.append(buffer, over ? room : static_cast<size_t>(n));
    if (over && &fd == &out_.read && !over_) {
      over_ = true;
      order(wire::Stop::kOutput);
      Pipe::shut(fd);
      return false;
    }
    return true;
  }
  /// Nobody waits for the result any more (or breaks the protocol): end the run, clean up; the reply cannot be sent.
  void judge_is_gone() {
    connection_ = -1;
    order(wire::Stop::kWall);
  }
  void order(wire::Stop stop) {
    const auto byte = static_cast<unsigned char>(stop);
    (void)!::send(control_, &byte, 1, MSG_NOSIGNAL);
  }
  void feed() {
    const ssize_t n = ::write(in_.write, run_.input.data() + fed_, run_.input.size() - fed_);
    if (n > 0) fed_ += static_cast<size_t>(n);
    const bool broken = n < 0 && errno != EAGAIN && errno != EINTR;
    if (broken || fed_ == run_.input.size()) Pipe::shut(in_.write);
  }

  const wire::Run& run_;
  Pipe &in_, &out_, &err_;
  int control_, connection_;
  size_t fed_ = 0;
  bool over_ = false;
};

int open_program(const wire::Run& run, const Sandbox& s) {
  if (run.exec == static_cast<uint64_t>(wire::Exec::kCompiled)) return s.compiled < 0 ? -1 : ::dup(s.compiled);
  return ::open(run.program.c_str(), O_PATH | O_CLOEXEC);
}

void drop_compiled(Sandbox& s) {
  if (s.compiled >= 0) ::close(s.compiled);
  s.compiled = -1;
}

/// A fresh memory file for the compiler's output.
bool renew_compiled(Sandbox& s) {
  drop_compiled(s);
  constexpr unsigned kExecutable = 0x10;  // MFD_EXEC, unknown before Linux 6.3
  const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  s.compiled = ::memfd_create("program", flags | kExecutable);
  if (s.compiled < 0) s.compiled = ::memfd_create("program", flags);
  return s.compiled >= 0;
}

/// The worker's buffers and the private /tmp count too; the address space of the program is limited by itself.
std::string limit_group(const Sandbox& s, const wire::Limits& l) {
  constexpr uint64_t kOurs = uint64_t{128} << 20;
  return s.cgroup.limit(l.memory + l.disk + kOurs, l.processes + 4);
}

void fill(wire::RunReply& reply, const Report& r) {
  reply.end = r.end, reply.code = r.code, reply.cpu_us = r.cpu_us, reply.wall_us = r.wall_us;
  reply.max_rss = r.max_rss, reply.swept = r.swept;
  reply.error.assign(r.error, ::strnlen(r.error, sizeof r.error));
  if (!reply.error.empty()) reply.end = static_cast<uint64_t>(wire::End::kSandbox);
}

void lost(wire::RunReply& reply, const std::string& error) {
  reply.end = static_cast<uint64_t>(wire::End::kSandbox), reply.error = error;
}

}  // namespace

wire::RunReply run_once(const wire::Run& run, Sandbox& s, int connection) {
  wire::RunReply reply;
  std::string error;
  const uint64_t kills = s.cgroup.oom_kills();
  if (s.hello.level >= 3) error = limit_group(s, run.limits);
  if (run.exec == static_cast<uint64_t>(wire::Exec::kFile)) drop_compiled(s);
  if (run.compile && !renew_compiled(s)) error = std::string("memory file: ") + std::strerror(errno);
  const Box box(s, error);
  Pipe in, out, err;
  int control[2] = {-1, -1};
  CandidateFds fds{};
  fds.exec = open_program(run, s);
  if (error.empty() && fds.exec < 0) error = "program " + run.program + ": " + std::strerror(errno);
  if (error.empty() && (!in.open() || !out.open() || !err.open() ||
                        ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) != 0))
    error = std::string("pipes: ") + std::strerror(errno);
  const pid_t supervisor = !error.empty() ? -1 : s.hello.level >= 2 ? fork_isolated() : ::fork();
  if (error.empty() && supervisor < 0) error = std::string("fork: ") + std::strerror(errno);
  if (supervisor == 0) {
    for (const int fd : {control[0], connection, in.write, out.read, err.read}) ::close(fd);
    fds.in = in.read, fds.out = out.write, fds.err = err.write;
    supervise(run, s, box.path(), fds, control[1]);
  }
  if (fds.exec >= 0) ::close(fds.exec);
  if (control[1] >= 0) ::close(control[1]);
  if (supervisor > 0) {
    Pipe::shut(in.read), Pipe::shut(out.write), Pipe::shut(err.write);
    Report report;
    Pump pump(run, in, out, err, control[0], connection);
    const bool whole = pump.until_report(report, reply);
    ::kill(supervisor, SIGKILL);
    int status = 0;
    ::waitpid(supervisor, &status, __WALL);
    reply.swept += sweep_descendants();  // only if the supervisor was killed from outside at level 0 or 1
    if (whole)
      fill(reply, report);
    else
      error = "the supervisor was lost (status " + std::to_string(status) + ")";
  }
  if (control[0] >= 0) ::close(control[0]);
  if (!error.empty()) lost(reply, error);
  if (run.compile && s.compiled >= 0)
    ::fcntl(s.compiled, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
  reply.oom = s.cgroup.oom_kills() > kills;
  return reply;
}

}  // namespace r1::runner
