// Paper: none. Trap: setresuid resets the parent-death signal, and exec of a descriptor needs its number below the
// limit of open files, which is therefore lowered after it is placed.
#include "rewards/code/runner/candidate.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "rewards/code/runner/landlock.h"
#include "rewards/code/runner/namespaces.h"
#include "rewards/code/runner/seccomp.h"

namespace r1::runner {
namespace {

[[noreturn]] void give_up(const std::string& message) {
  if (::write(kErrorFd, message.data(), message.size()) < 0) ::_exit(126);
  ::_exit(127);
}

void need(bool ok, const char* what) {
  if (!ok) give_up(std::string(what) + ": " + std::strerror(errno));
}

void arrange_descriptors(const CandidateFds& fds) {
  // The numbers are high first, so that none of the five is overwritten by another.
  const int in = ::fcntl(fds.in, F_DUPFD, 1100), out = ::fcntl(fds.out, F_DUPFD, 1100);
  const int err = ::fcntl(fds.err, F_DUPFD, 1100), exec = ::fcntl(fds.exec, F_DUPFD, 1100);
  if (::dup3(fds.error, kErrorFd, O_CLOEXEC) < 0) ::_exit(125);
  need(in >= 0 && out >= 0 && err >= 0 && exec >= 0, "descriptors");
  need(::dup2(in, 0) == 0 && ::dup2(out, 1) == 1 && ::dup2(err, 2) == 2, "stdin, stdout, stderr");
  need(::dup3(exec, kExecFd, O_CLOEXEC) == kExecFd, "descriptor of the program");
  need(::syscall(SYS_close_range, 3, kErrorFd - 1, 0) == 0 && ::syscall(SYS_close_range, kExecFd + 1, ~0U, 0) == 0,
       "close_range");
}

void set_limit(int which, uint64_t soft, uint64_t hard, const char* name) {
  rlimit r{soft, hard};
  need(::setrlimit(static_cast<__rlimit_resource_t>(which), &r) == 0, name);
}

void set_limits(const wire::Limits& l, const Sandbox& s) {
  const uint64_t cpu = (l.cpu_ms + 999) / 1000;
  set_limit(RLIMIT_CPU, cpu, cpu + 1, "limit of CPU time");
  set_limit(RLIMIT_AS, l.memory, l.memory, "limit of memory");
  set_limit(RLIMIT_STACK, l.stack, l.stack, "limit of the stack");
  set_limit(RLIMIT_FSIZE, l.file, l.file, "limit of file size");
  set_limit(RLIMIT_CORE, 0, 0, "limit of core files");
  set_limit(RLIMIT_MEMLOCK, 0, 0, "limit of locked memory");
  set_limit(RLIMIT_MSGQUEUE, 0, 0, "limit of message queues");
  const uint64_t processes = l.processes + s.process_base;
  set_limit(RLIMIT_NPROC, processes, processes, "limit of processes");
  set_limit(RLIMIT_NOFILE, l.open_files, l.open_files, "limit of open files");
}

/// No capability in any set, none to gain; root becomes another user.
void drop_rights(const Sandbox& s) {
  for (int c = 0; c <= 63; ++c)
    if (::prctl(PR_CAPBSET_DROP, c, 0, 0, 0) != 0 && errno == EINVAL) break;
  const bool inside = s.hello.level >= 2;
  if (!s.same_user()) {
    const unsigned id = inside ? kInnerUser : static_cast<unsigned>(s.hello.uid);
    need(::setgroups(0, nullptr) == 0, "setgroups");
    need(::setresgid(id, id, id) == 0, "setresgid");
    need(::setresuid(id, id, id) == 0, "setresuid");
    need(::getuid() == id && ::geteuid() == id, "user of the program");
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  need(::syscall(SYS_capset, &header, none) == 0, "capset");
  need(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no_new_privs");
}

/// If the control group runs out of memory, the program is killed and not the worker beside it.
void be_first_to_die(int proc) {
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  const int fd = ::openat(proc, "self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  (void)!::write(fd, "1000", 4);
  ::close(fd);
}

void reset_signals() {
  for (int s = 1; s < NSIG; ++s) ::signal(s, SIG_DFL);
  sigset_t empty;
  sigemptyset(&empty);
  ::sigprocmask(SIG_SETMASK, &empty, nullptr);
}

std::vector<char*> pointers(const std::vector<std::string>& list) {
  std::vector<char*> out;
  for (const std::string& s : list) out.push_back(const_cast<char*>(s.c_str()));
  out.push_back(nullptr);
  return out;
}

}  // namespace

void become_candidate(const wire::Run& run, const Sandbox& s, const std::string& box, const CandidateFds& fds) {
  const std::vector<char*> argv = pointers(run.argv), env = pointers(run.env);
  if (s.proc >= 0) be_first_to_die(s.proc);
  arrange_descriptors(fds);
  need(::chdir(box.c_str()) == 0, "private directory");
  ::umask(077);
  reset_signals();
  need(::setpgid(0, 0) == 0, "setpgid");
  set_limits(run.limits, s);
  drop_rights(s);
  need(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0, "parent-death signal");
  if (::getppid() != fds.parent) ::_exit(124);  // it died before we asked to be told
  if (s.hello.level >= 1) {
    std::string e = install_landlock(run.readable, box);
    if (e.empty()) e = install_seccomp(run.compile != 0);
    if (!e.empty()) give_up(e);
  }
  ::syscall(SYS_execveat, kExecFd, "", argv.data(), env.data(), AT_EMPTY_PATH);
  give_up("exec of " + (run.program.empty() ? std::string("the compiled program") : run.program) + ": " +
          std::strerror(errno));
}

}  // namespace r1::runner
