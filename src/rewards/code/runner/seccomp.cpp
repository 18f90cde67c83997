// Paper: none. Which calls are on the list, and why: those an interpreter or a C++ program needs to compute, read,
// write and keep threads. Missing on purpose: socket, ptrace, mount, unshare, bpf, keyctl, userfaultfd, io_uring, perf,
// memfd, shm.
#include "rewards/code/runner/seccomp.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace r1::runner {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kArch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArch = AUDIT_ARCH_AARCH64;
#else
constexpr uint32_t kArch = 0;
#endif

constexpr uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr uint32_t kKill = SECCOMP_RET_KILL_PROCESS;
constexpr uint32_t refuse(int error) { return SECCOMP_RET_ERRNO | static_cast<uint32_t>(error); }

/// (argument & mask) == value, in the low 32 bits, or in all 64 with `wide`.
struct Check {
  int arg;
  uint32_t mask, value;
  bool wide = false;
};
using AllOf = std::vector<Check>;

class Filter {
 public:
  Filter() {
    load(offsetof(seccomp_data, arch));
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArch, 1, 0));
    give(kKill);
    load(offsetof(seccomp_data, nr));
#if defined(__x86_64__)
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1));  // x32: other numbers, same architecture
    give(kKill);
#endif
  }
  void rule(long number, uint32_t action) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(number), 0, 1));
    give(action);
  }
  void rules(std::initializer_list<long> numbers, uint32_t action) {
    for (const long n : numbers) rule(n, action);
  }
  /// Allowed if one of the alternatives holds, else `otherwise`. Both ends return: the number need not be loaded again.
  void rule_if(long number, const std::vector<AllOf>& any_of, uint32_t otherwise) {
    std::vector<sock_filter> body;
    for (const AllOf& all : any_of) append_alternative(body, all);
    body.push_back(BPF_STMT(BPF_RET | BPF_K, otherwise));
    code_.push_back(
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(number), 0, static_cast<uint8_t>(body.size())));
    code_.insert(code_.end(), body.begin(), body.end());
  }
  std::vector<sock_filter> finish() {
    give(kKill);
    return code_;
  }

 private:
  static constexpr uint32_t argument(int i, bool high) {
    return static_cast<uint32_t>(offsetof(seccomp_data, args)) + static_cast<uint32_t>(i) * 8 + (high ? 4 : 0);
  }
  static void append_test(std::vector<sock_filter>& out, uint32_t offset, uint32_t mask, uint32_t value) {
    out.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset));
    out.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
    out.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 0));  // jf is set below
  }
  static void append_alternative(std::vector<sock_filter>& out, const AllOf& all) {
    std::vector<sock_filter> tests;
    for (const Check& c : all) {
      append_test(tests, argument(c.arg, false), c.mask, c.value);
      if (c.wide) append_test(tests, argument(c.arg, true), 0xffffffff, 0);
    }
    tests.push_back(BPF_STMT(BPF_RET | BPF_K, kAllow));
    for (size_t i = 2; i + 1 < tests.size(); i += 3) tests[i].jf = static_cast<uint8_t>(tests.size() - 1 - i);
    out.insert(out.end(), tests.begin(), tests.end());
  }
  void load(size_t offset) { code_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset))); }
  void give(uint32_t action) { code_.push_back(BPF_STMT(BPF_RET | BPF_K, action)); }

  std::vector<sock_filter> code_;
};

void allow_memory_and_time(Filter& f) {
  f.rules({__NR_mmap,
           __NR_munmap,
           __NR_mprotect,
           __NR_mremap,
           __NR_madvise,
           __NR_brk,
           __NR_mincore,
           __NR_msync,
           __NR_futex,
           __NR_set_robust_list,
           __NR_set_tid_address,
           __NR_rseq,
           __NR_sched_yield,
           __NR_membarrier,
           __NR_sched_getaffinity,
           __NR_sched_getparam,
           __NR_sched_getscheduler,
           __NR_sched_get_priority_max,
           __NR_sched_get_priority_min,
           __NR_nanosleep,
           __NR_clock_nanosleep,
           __NR_clock_gettime,
           __NR_clock_getres,
           __NR_gettimeofday,
           __NR_times,
           __NR_getrusage,
           __NR_getitimer,
           __NR_setitimer,
           __NR_getcpu,
           __NR_rt_sigaction,
           __NR_rt_sigprocmask,
           __NR_rt_sigreturn,
           __NR_rt_sigpending,
           __NR_rt_sigtimedwait,
           __NR_rt_sigsuspend,
           __NR_sigaltstack,
           __NR_restart_syscall,
           __NR_exit,
           __NR_exit_group},
          kAllow);
#if defined(__x86_64__)
  f.rules({__NR_time, __NR_alarm, __NR_pause, __NR_arch_prctl}, kAllow);
#endif
}

void allow_identity(Filter& f) {
  f.rules({__NR_getpid,    __NR_getppid,   __NR_gettid,    __NR_getuid,    __NR_geteuid,     __NR_getgid, __NR_getegid,
           __NR_getresuid, __NR_getresgid, __NR_getgroups, __NR_getpgid,   __NR_getsid,      __NR_uname,  __NR_sysinfo,
           __NR_getrandom, __NR_wait4,     __NR_waitid,    __NR_getrlimit, __NR_getpriority, __NR_capget},
          kAllow);
#if defined(__x86_64__)
  f.rule(__NR_getpgrp, kAllow);
#endif
}

/// Paths are Landlock's business; here only what it does not cover.
void allow_files(Filter& f) {
  f.rules(
      {__NR_read,          __NR_write,       __NR_readv,       __NR_writev,     __NR_pread64,         __NR_pwrite64,
       __NR_close,         __NR_close_range, __NR_lseek,       __NR_fstat,      __NR_newfstatat,      __NR_statx,
       __NR_faccessat,     __NR_faccessat2,  __NR_readlinkat,  __NR_getdents64, __NR_getcwd,          __NR_chdir,
       __NR_fchdir,        __NR_dup,         __NR_dup3,        __NR_pipe2,      __NR_ppoll,           __NR_pselect6,
       __NR_epoll_create1, __NR_epoll_ctl,   __NR_epoll_pwait, __NR_eventfd2,   __NR_mkdirat,         __NR_unlinkat,
       __NR_renameat,      __NR_renameat2,   __NR_ftruncate,   __NR_fallocate,  __NR_fsync,           __NR_fdatasync,
       __NR_flock,         __NR_umask,       __NR_fadvise64,   __NR_sendfile,   __NR_copy_file_range, __NR_fstatfs,
       __NR_statfs},
      kAllow);
  // O_TRUNC on a descriptor opened for reading: Landlock before ABI 3 does not see it.
  const AllOf whole_or_writing[] = {{{2, O_TRUNC, 0}}, {{2, O_ACCMODE, O_WRONLY}}, {{2, O_ACCMODE, O_RDWR}}};
  f.rule_if(__NR_openat, {std::begin(whole_or_writing), std::end(whole_or_writing)}, refuse(EPERM));
#if defined(__x86_64__)
  f.rules({__NR_stat, __NR_lstat, __NR_access, __NR_readlink, __NR_dup2, __NR_pipe, __NR_poll, __NR_select,
           __NR_epoll_wait, __NR_epoll_create, __NR_mkdir, __NR_rmdir, __NR_unlink, __NR_rename, __NR_creat},
          kAllow);
  f.rule_if(__NR_open, {{{1, O_TRUNC, 0}}, {{1, O_ACCMODE, O_WRONLY}}, {{1, O_ACCMODE, O_RDWR}}}, refuse(EPERM));
#endif
}

/// Calls of which some forms are harmless and needed.
void allow_in_part(Filter& f) {
  const auto any = [](int arg, std::initializer_list<uint32_t> values) {
    std::vector<AllOf> out;
    for (const uint32_t v : values) out.push_back({{arg, 0xffffffff, v}});
    return out;
  };
  f.rule_if(__NR_ioctl,
            any(1, {0x5401 /*TCGETS*/, 0x5413 /*TIOCGWINSZ*/, 0x5451 /*FIOCLEX*/, 0x5450, 0x541b, 0x5421 /*FIONBIO*/}),
            refuse(ENOTTY));
  f.rule_if(__NR_fcntl,
            any(1, {F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_DUPFD_CLOEXEC,
                    1032 /*F_GETPIPE_SZ*/}),
            refuse(EPERM));
  f.rule_if(__NR_prctl, any(0, {PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE}), refuse(EINVAL));
  f.rule_if(__NR_prlimit64, {{{2, 0xffffffff, 0, true}}}, refuse(EPERM));  // reading only
  const uint32_t self = static_cast<uint32_t>(::getpid());
  for (const long call : {__NR_kill, __NR_tgkill, __NR_rt_sigqueueinfo})
    f.rule_if(call, {{{0, 0xffffffff, self}}}, refuse(EPERM));
  // A pair of connected stream sockets (asyncio makes one) reaches nobody else; an address to send to could.
  f.rule_if(__NR_socketpair, {{{0, 0xffffffff, 1 /*AF_UNIX*/}, {1, 0xf, 1 /*SOCK_STREAM*/}}}, kKill);
  f.rule_if(__NR_sendto, {{{4, 0xffffffff, 0, true}}}, kKill);
  f.rules({__NR_recvfrom, __NR_shutdown, __NR_getsockname, __NR_getpeername, __NR_getsockopt}, kAllow);
}

void refuse_quietly(Filter& f) {
  f.rules({__NR_clone3, __NR_openat2}, refuse(ENOSYS));  // their flags are behind a pointer; libc falls back
  f.rules({__NR_fchmod,         __NR_fchmodat,
           __NR_fchown,         __NR_fchownat,
           __NR_utimensat,      __NR_setxattr,
           __NR_fsetxattr,      __NR_lsetxattr,
           __NR_getxattr,       __NR_fgetxattr,
           __NR_lgetxattr,      __NR_truncate,
           __NR_setpgid,        __NR_setsid,
           __NR_setpriority,    __NR_sched_setaffinity,
           __NR_sched_setparam, __NR_sched_setscheduler,
           __NR_tkill,          __NR_mlock,
           __NR_mlockall,       __NR_setrlimit,
           __NR_linkat,         __NR_symlinkat,
           __NR_mknodat,        __NR_timer_create,
           __NR_inotify_init1,  __NR_personality,
           __NR_sync,           __NR_ioprio_set},
          refuse(EPERM));
#if defined(__x86_64__)
  f.rules({__NR_chmod, __NR_chown, __NR_lchown, __NR_utime, __NR_utimes, __NR_futimesat, __NR_link, __NR_symlink,
           __NR_mknod},
          refuse(EPERM));
#endif
}

constexpr uint32_t kNewNamespaces = 0x7e020000;  // CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID, NET
constexpr uint32_t kThread = 0x00010900;         // CLONE_VM, SIGHAND, THREAD

void allow_starting(Filter& f, bool compile) {
  if (compile) {
    f.rule_if(__NR_clone, {{{0, kNewNamespaces, 0}}}, kKill);
    f.rule(__NR_execve, kAllow);
#if defined(__x86_64__)
    f.rules({__NR_fork, __NR_vfork}, kAllow);
#endif
  } else {
    f.rule_if(__NR_clone, {{{0, kNewNamespaces | kThread, kThread}}}, kKill);
  }
  f.rule_if(__NR_execveat, {{{0, 0xffffffff, kExecFd}, {4, 0xffffffff, AT_EMPTY_PATH}}}, kKill);
}

}  // namespace

std::string install_seccomp(bool compile) {
  if (kArch == 0) return "no system-call list for this processor, expected x86-64 or aarch64";
  Filter f;
  allow_memory_and_time(f);
  allow_files(f);
  allow_identity(f);
  allow_in_part(f);
  refuse_quietly(f);
  allow_starting(f, compile);
  std::vector<sock_filter> code = f.finish();
  sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  if (::syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
    return std::string("seccomp: ") + std::strerror(errno);
  return "";
}

}  // namespace r1::runner
