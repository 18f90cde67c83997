// The programs. Each prints ESCAPED only after it has seen that it worked; what it does outside is seen by the scene
// too. Settings of the scene come by stdin as JSON: files to read and write, ports, process ids. Paper: none.
#include "rewards/code/escape_suite.h"

namespace r1 {
namespace {

constexpr CodeLimits kSpin{.cpu_ms = 1000, .wall_ms = 20000, .memory_mb = 128, .output_bytes = 1 << 16};
constexpr CodeLimits kSleep{.cpu_ms = 1000, .wall_ms = 1000, .memory_mb = 128, .output_bytes = 1 << 16};

constexpr bool kOpen = true, kSafe = true, kHarmful = false, kShut = false;

std::vector<EscapeAttempt> files() {
  return {
      {"files", "read a file outside", "python", "say(open(c['secret']).read())", kOpen},
      {"files", "read /etc/passwd", "python", "say(open('/etc/passwd').read())", kOpen},
      {"files", "read /etc/shadow", "python", "say(open('/etc/shadow').read())"},
      {"files", "read ~/.ssh and home directories", "python",
       "for d in ['/root', '/root/.ssh'] + ['/home/' + h for h in os.listdir('/home')]:\n  say(os.listdir(d))"},
      {"files", "list a directory outside", "python", "say(os.listdir(c['dir']))", kOpen},
      {"files", "read the judge's command line", "python", "say(open('/proc/%d/cmdline' % c['judge']).read())", kOpen},
      {"files", "read the judge's environment", "python", "say(open('/proc/%d/environ' % c['judge'], 'rb').read(1))"},
      {"files", "read /proc/1/environ", "python", "say(open('/proc/1/environ', 'rb').read(1))"},
      {"files", "open the judge's descriptors", "python", "say(os.listdir('/proc/%d/fd' % c['judge']))"},
      {"files", "read the judge's memory", "python", "say(open('/proc/%d/mem' % c['judge'], 'rb') and 1)"},
      {"files", "write a file outside", "python", "open(c['dir'] + '/new', 'w').write('x')", kOpen},
      {"files", "append to a file outside", "python", "open(c['victim'], 'a').write('x')", kOpen},
      {"files", "cut a file outside by truncate", "python", "os.truncate(c['victim'], 0)", kOpen},
      {"files", "cut a file outside by O_TRUNC alone", "python", "os.open(c['victim'], os.O_RDONLY | os.O_TRUNC)",
       kOpen},
      {"files", "delete a file outside", "python", "os.unlink(c['victim'])", kOpen},
      {"files", "rename a file outside", "python", "os.rename(c['victim'], c['victim'] + '2')", kOpen},
      {"files", "make a directory outside", "python", "os.mkdir(c['dir'] + '/d')", kOpen},
      {"files", "symlink out and read through it", "python", "os.symlink(c['secret'], 'l'); say(open('l').read())",
       kOpen},
      {"files", "hard link out and read through it", "python", "os.link(c['secret'], 'h'); say(open('h').read())"},
      {"files", "change rights of a file outside", "python", "os.chmod(c['victim'], 0o600)"},
      {"files", "change times of a file outside", "python", "os.utime(c['victim'], (1, 1))"},
      {"files", "make a node outside", "python", "os.mkfifo(c['dir'] + '/p')", kOpen},
      {"files", "write into /dev/shm", "python",
       "p = '/dev/shm/r1-%d' % os.getpid()\nopen(p, 'w').write('x'); os.unlink(p); say('written')"},
      {"files", "list the directories of other runs", "python", "say([n for n in os.listdir('..') if 'box' in n])"},
      {"files", "fill the disk", "python",
       "n = 0\nfor i in range(200):\n  with open('f%d' % i, 'wb') as f:\n    for k in range(8): n += f.write(b'x' * "
       "(1 << 20)); f.flush()\n  if n > 1 << 30: say('a GiB')"},
      {"files", "make 10^6 files", "python",
       "for i in range(10**6):\n  os.close(os.open('f%d' % i, os.O_CREAT | os.O_WRONLY))\n  if i > 300000: say(i); "
       "break"},
      {"files", "hide in deep directories", "python",
       "for i in range(20000):\n  os.mkdir('d' * 200); os.chdir('d' * 200)\nsay('20000 deep')"},
      {"files", "open a file by handle", "python", "say(sc(304, -100, 0, 0) != -1)"},
  };
}

std::vector<EscapeAttempt> network() {
  return {
      {"network", "connect by TCP", "python", "import socket\nsocket.create_connection(('127.0.0.1', c['tcp']), 5)",
       kOpen},
      {"network", "send by UDP", "python",
       "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', c['udp']))", kOpen},
      {"network", "connect to an abstract socket", "python",
       "import socket\nsocket.socket(socket.AF_UNIX).connect('\\0' + c['abstract'])", kOpen},
      {"network", "connect to a socket file", "python",
       "import socket\nsocket.socket(socket.AF_UNIX).connect(c['socket'])", kOpen},
      {"network", "bind a port", "python",
       "import socket\ns = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); say(s.getsockname())", kOpen},
      {"network", "ask the kernel for interfaces", "python", "import socket\nsay(socket.socket(16, 3, 0))", kOpen},
      {"network", "send from a datagram pair", "python",
       "import socket\na, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\na.sendto(b'x', c['datagram'])",
       kOpen},
      {"network", "send a message with an address", "python",
       "import socket\na, b = socket.socketpair()\na.sendmsg([b'x'], [], 0, c['datagram']); say('sent')"},
  };
}

std::vector<EscapeAttempt> processes() {
  return {
      {"processes", "start a process", "python",
       "p = os.fork()\nif p == 0: os._exit(7)\nsay(os.waitstatus_to_exitcode(os.waitpid(p, 0)[1]) == 7)", kOpen},
      {"processes", "fork bomb", "python", "n = 0\nwhile True:\n  if os.fork(): n += 1\n  if n > 500: say(n)", kShut,
       kHarmful, kSpin},
      {"processes", "survive by setsid and two forks", "python",
       "if os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0:\n    signal.signal(15, signal.SIG_IGN); "
       "time.sleep(600)\n"
       "  os._exit(0)\ntime.sleep(0.1)",
       kShut, kSafe, kSpin},
      {"processes", "hold stdout open from a grandchild", "python",
       "if os.fork() == 0:\n  os.setsid(); time.sleep(600)\nprint('done')", kShut, kSafe, kSpin},
      {"processes", "4096 threads", "python",
       "import threading\nfor i in range(4096):\n  threading.Thread(target=time.sleep, args=(5,), "
       "daemon=True).start()\nsay(i)",
       kShut, kHarmful, kSpin},
      {"processes", "memory by allocation", "python", "x = [bytearray(1 << 24) for i in range(64)]; say(len(x))"},
      {"processes", "memory by mmap", "python",
       "import mmap\nm = mmap.mmap(-1, 1 << 30)\nfor i in range(0, 1 << 30, 4096): m[i] = 1\nsay('a GiB')"},
      {"processes", "memory by memfd", "python",
       "f = [os.memfd_create('m') for i in range(100)]\nfor d in f: os.write(d, b'x' * (1 << 23))\nsay('800 MiB')"},
      {"processes", "stop itself", "python", "os.kill(os.getpid(), signal.SIGSTOP); say('went on')", kShut, kSafe,
       kSleep},
      {"processes", "ignore SIGTERM and SIGXCPU", "python",
       "for s in (15, 24, 1, 2): signal.signal(s, signal.SIG_IGN)\nwhile True: pass", kShut, kSafe, kSpin},
      {"processes", "sleep past the deadline", "python", "time.sleep(3000); say('slept')", kShut, kSafe, kSleep},
      {"processes", "raise its own limits", "python",
       "import resource\nfor r in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_NOFILE):\n"
       "  h = resource.getrlimit(r)[1]; resource.setrlimit(r, (h, h + 1000)); say(r)"},
      {"processes", "forget the parent-death signal", "python", "say(sc(157, 1, 0, 0, 0, 0) == 0)", kOpen},
      {"processes", "leave the process group", "python", "os.setpgid(0, os.getppid()); say('left')"},
      {"processes", "endless recursion in C", "cpp",
       "#include <cstdio>\nint f(int n) { volatile char a[4096]; a[0] = (char)n; return f(n + 1) + a[0]; }\n"
       "int main() { std::printf(\"%d\", f(0)); }"},
  };
}

std::vector<EscapeAttempt> kernel() {
  return {
      {"kernel", "ptrace the judge", "python", "say(sc(101, 16, c['judge'], 0, 0) == 0)", kShut, kHarmful},
      {"kernel", "signal the judge", "python", "os.kill(c['judge'], 0); say('may signal')"},
      {"kernel", "kill a bystander", "python", "os.kill(c['bystander'], 9)"},
      {"kernel", "kill everything", "python", "os.kill(-1, 9)", kShut, kHarmful},
      {"kernel", "kill the supervisor", "python", "os.kill(os.getppid(), 9); time.sleep(1)", kShut, kHarmful},
      {"kernel", "become root", "python", "os.setuid(0); say(os.getuid())"},
      {"kernel", "mount", "python", "say(sc(165, b'none', b'/tmp', b'tmpfs', 0, 0) == 0)"},
      {"kernel", "make a user namespace", "python", "say(sc(272, 0x10000000) == 0)"},
      {"kernel", "enter another namespace", "python", "say(sc(308, os.open('/proc/1/ns/net', 0), 0) == 0)"},
      {"kernel", "chroot", "python", "os.chroot('.'); say('changed')"},
      {"kernel", "keyctl", "python", "say(sc(250, 0, -3, 1) >= 0)", kOpen},
      {"kernel", "userfaultfd", "python", "say(sc(323, 1) >= 0)"},
      {"kernel", "io_uring", "python", "say(sc(425, 8, ctypes.create_string_buffer(120)) >= 0)"},
      {"kernel", "bpf", "python", "say(sc(321, 5, ctypes.create_string_buffer(120), 120) >= 0)"},
      {"kernel", "perf_event_open", "python",
       "b = ctypes.create_string_buffer(128); b[4] = 128; b[0] = 1\nsay(sc(298, b, 0, -1, -1, 0) >= 0)"},
      {"kernel", "read the judge's memory by process_vm_readv", "python",
       "b = ctypes.create_string_buffer(16)\nsay(sc(310, c['judge'], b, 0, b, 0, 0) >= 0)", kOpen},
      {"kernel", "take a descriptor of the judge", "python", "say(sc(438, sc(434, c['judge'], 0), 0, 0) >= 0)"},
      {"kernel", "shared memory segment", "python", "i = sc(29, 0, 4096, 0o1600)\nsay(i >= 0); sc(31, i, 0, 0)", kOpen},
      {"kernel", "load a module", "python", "say(sc(175, 0, 0, b'') != -1)"},
      {"kernel", "set the clock", "python", "time.clock_settime(time.CLOCK_REALTIME, 0); say('set')"},
      {"kernel", "type into the terminal", "python", "import fcntl\nfcntl.ioctl(2, 0x5412, b'x'); say('typed')"},
      {"kernel", "run at real-time priority", "python",
       "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)); say('rt')"},
      {"kernel", "catch its own system calls", "python", "say(sc(317, 1, 8, ctypes.create_string_buffer(16)) >= 0)"},
      {"kernel", "x32 system calls", "cpp",
       "#include <cstdio>\n#include <unistd.h>\n#include <sys/syscall.h>\nint main() { if (syscall(0x40000000 + 39) > "
       "0) "
       "puts(\"ESCAPED x32\"); }"},
      {"kernel", "32-bit system calls", "cpp",
       "#include <cstdio>\nint main() { long r = 20; asm volatile(\"int $0x80\" : \"+a\"(r)); if (r > 0) "
       "puts(\"ESCAPED int 0x80\"); }"},
  };
}

std::vector<EscapeAttempt> channels() {
  return {
      {"channels", "1 GiB of output", "python",
       "n = 0\nwhile n < 1 << 30: n += os.write(1, b'x' * 65536)\nos.write(2, b'ESCAPED')", kShut, kSafe, kSpin},
      {"channels", "1 GiB of error text", "python", "n = 0\nwhile n < 1 << 30: n += os.write(2, b'x' * 65536)", kShut,
       kSafe, kSpin},
      {"channels", "close stdout and spin", "python", "os.close(1); os.close(2)\nwhile True: pass", kShut, kSafe,
       kSpin},
      {"channels", "write to inherited descriptors", "python",
       "for d in range(3, 1024):\n  try: os.fstat(d)\n  except OSError: continue\n  say(d)"},
      {"channels", "write into its own stdin", "python", "os.write(0, b'x'); say('written')"},
      {"channels", "open the runner's descriptors", "python", "say(os.listdir('/proc/%d/fd' % os.getppid()))"},
      {"channels", "put a file at the exec descriptor", "python", "os.dup2(0, 1000); say('placed')"},
  };
}

std::vector<EscapeAttempt> interpreter() {
  return {
      {"interpreter", "ctypes opens a file", "python", "d = sc(257, -100, c['secret'].encode(), 0, 0)\nsay(d >= 0)",
       kOpen},
      {"interpreter", "posix module", "python", "import posix\nsay(posix.open(c['secret'], 0))", kOpen},
      {"interpreter", "_posixsubprocess", "python",
       "import subprocess\nsay(subprocess.run(['/bin/echo', 'hello'], capture_output=True).stdout)", kOpen},
      {"interpreter", "exec another program", "python", "os.execv('/bin/echo', ['echo', 'ESCAPED'])", kOpen},
      {"interpreter", "exec with LD_PRELOAD", "python",
       "os.execve(sys.executable, [sys.executable, '-c', 'print(\"ESCAPED\")'], {'LD_PRELOAD': '/tmp/x.so'})", kOpen},
      {"interpreter", "run machine code from a memory file", "python",
       "d = os.memfd_create('m'); os.write(d, open(sys.executable, 'rb').read())\n"
       "os.execve(d, ['x', '-c', 'print(\"ESCAPED\")'], {})"},
      {"interpreter", "plant a sitecustomize", "python",
       "for p in sys.path + [os.path.expanduser('~/.local/lib'), '/usr/lib/python3']:\n"
       "  try: open(p + '/sitecustomize.py', 'w').write(''); os.unlink(p + '/sitecustomize.py'); say(p)\n"
       "  except OSError: pass"},
      {"interpreter", "find secrets in the environment", "python", "say(dict(os.environ).keys() - {'LC_CTYPE'})"},
      {"interpreter", "include a file at compile time", "cpp",
       "#include <cstdio>\nconst char* s = R\"x(\n#include \"@SECRET@\"\n)x\";\n#include \"@SECRET@\"\nint main() {}"},
      {"interpreter", "assemble a file in", "cpp",
       "#include <cstdio>\nasm(\".data\\ns: .incbin \\\"@SECRET@\\\"\\n.byte 0\\n.globl s\\n.text\");\n"
       "extern \"C\" char s[];\nint main() { std::puts(\"ESCAPED\"); std::puts(s); }",
       kOpen},
  };
}

}  // namespace

const std::vector<EscapeAttempt>& escape_attempts() {
  static const std::vector<EscapeAttempt> all = [] {
    std::vector<EscapeAttempt> out;
    for (const auto& group : {files(), network(), processes(), kernel(), channels(), interpreter()})
      out.insert(out.end(), group.begin(), group.end());
    return out;
  }();
  return all;
}

}  // namespace r1
