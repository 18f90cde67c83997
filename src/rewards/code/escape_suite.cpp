// The scene around the attempts: a secret to read, a victim to change, listeners, a bystander. After each attempt the
// scene is compared with what it was. Paper: none.
#include "rewards/code/escape_suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/io.h"
#include "base/json_file.h"

namespace r1 {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSecret = "r1_canary_7f3a9c";

/// What each Python attempt begins with: `say` is the only word that claims success.
constexpr const char* kPrelude = R"(import os, sys, json, time, signal
c = json.loads(sys.stdin.read())
def say(x):
    if x: os.write(1, b'ESCAPED ' + str(x).encode()[:60] + b'\n')
def sc(*a):
    global ctypes
    import ctypes
    return ctypes.CDLL(None).syscall(*[ctypes.c_long(x) if isinstance(x, int) else x for x in a])
try: import ctypes
except Exception: pass
)";

int listen_unix(const std::string& name, bool abstract, int type) {
  const int fd = ::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_un a{};
  a.sun_family = AF_UNIX;
  std::memcpy(a.sun_path + (abstract ? 1 : 0), name.data(), std::min(name.size(), sizeof a.sun_path - 2));
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + 1);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&a), length) != 0) fail("escape suite: cannot bind ", name);
  if (type == SOCK_STREAM) ::listen(fd, 4);
  if (!abstract) ::chmod(name.c_str(), 0777);
  return fd;
}

int listen_inet(int type, int& port) {
  const int fd = ::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t n = sizeof a;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&a), n) != 0) fail("escape suite: cannot bind a local port");
  if (type == SOCK_STREAM) ::listen(fd, 4);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&a), &n);
  port = ntohs(a.sin_port);
  return fd;
}

class Scene {
 public:
  Scene() {
    dir_ = (fs::temp_directory_path() / "r1-scene-XXXXXX").string();
    if (!::mkdtemp(dir_.data())) fail(dir_, ": cannot create");
    ::chmod(dir_.c_str(), 0777);
    secret_ = dir_ + "/secret", victim_ = dir_ + "/victim";
    reset_files();
    int tcp = 0, udp = 0;
    listeners_ = {listen_inet(SOCK_STREAM, tcp), listen_inet(SOCK_DGRAM, udp),
                  listen_unix(dir_.substr(1), true, SOCK_STREAM), listen_unix(dir_ + "/socket", false, SOCK_STREAM),
                  listen_unix(dir_ + "/datagram", false, SOCK_DGRAM)};
    start_bystander();
    Json j{{"dir", dir_},
           {"secret", secret_},
           {"victim", victim_},
           {"tcp", tcp},
           {"udp", udp},
           {"abstract", dir_.substr(1)},
           {"socket", dir_ + "/socket"},
           {"datagram", dir_ + "/datagram"},
           {"judge", ::getpid()},
           {"bystander", bystander_}};
    input_ = j.dump();
    before_ = state();
  }
  ~Scene() {
    for (const int fd : listeners_) ::close(fd);
    ::kill(bystander_, SIGKILL);
    ::waitpid(bystander_, nullptr, 0);
    std::error_code ignored;
    fs::remove_all(dir_, ignored);
  }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  const std::string& input() const { return input_; }
  const std::string& secret() const { return secret_; }

  /// What has changed outside since the last call, "" if nothing; the scene is as before afterwards.
  std::string changes() {
    std::string what;
    if (state() != before_) what = "files outside changed";
    if (heard()) what = "a listener outside was reached";
    if (::waitpid(bystander_, nullptr, WNOHANG) != 0) what = "a process outside was killed", start_bystander();
    if (!what.empty()) reset_files(), before_ = state();
    return what;
  }

 private:
  void reset_files() {
    for (const auto& e : fs::directory_iterator(dir_))
      if (!fs::is_socket(e.path())) fs::remove_all(e.path());
    std::ofstream(secret_) << kSecret << "\n";
    std::ofstream(victim_) << "as it was\n";
    ::chmod(secret_.c_str(), 0644), ::chmod(victim_.c_str(), 0666);
  }
  /// Names, sizes, rights and times.
  std::string state() const {
    std::vector<std::string> lines;
    for (const auto& e : fs::directory_iterator(dir_)) {
      struct stat s {};
      ::lstat(e.path().c_str(), &s);
      lines.push_back(cat(e.path().filename().string(), " ", s.st_mode, " ", s.st_size, " ", s.st_mtim.tv_sec, ".",
                          s.st_mtim.tv_nsec, " ", s.st_nlink));
    }
    std::sort(lines.begin(), lines.end());
    std::string all;
    for (const std::string& l : lines) all += l + "\n";
    return all;
  }
  bool heard() {
    bool any = false;
    char buffer[64];
    for (const int fd : listeners_) {
      if (const int c = ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC); c >= 0) any = true, ::close(c);
      if (::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT) > 0) any = true;
    }
    return any;
  }
  void start_bystander() {
    char name[] = "/bin/sleep", time[] = "100000";
    char* argv[] = {name, time, nullptr};
    char* env[] = {nullptr};
    if (::posix_spawn(&bystander_, name, nullptr, nullptr, argv, env) != 0)
      fail("escape suite: cannot start /bin/sleep");
  }

  std::string dir_, secret_, victim_, input_, before_;
  std::vector<int> listeners_;
  pid_t bystander_ = -1;
};

CodeJob job_of(const EscapeAttempt& a, const Scene& scene) {
  CodeJob job;
  job.language = a.language;
  job.program = a.program;
  if (job.language == "python") {
    job.program = kPrelude + job.program + "\n";
  } else {
    for (size_t at; (at = job.program.find("@SECRET@")) != std::string::npos;)
      job.program.replace(at, 8, scene.secret());
  }
  job.tests = {{scene.input(), "never printed"}};
  job.limits = a.limits;
  return job;
}

/// Parent and name of a live process that is not a zombie; parent 0 if there is none.
pid_t live_parent(const std::string& pid) {
  std::ifstream in("/proc/" + pid + "/stat");
  std::string text;
  std::getline(in, text);
  const size_t at = text.rfind(')');
  char state = 'Z';
  int parent = 0;
  if (at == std::string::npos || std::sscanf(text.c_str() + at + 1, " %c %d", &state, &parent) != 2) return 0;
  return state == 'Z' ? 0 : parent;
}

std::vector<pid_t> below(const std::vector<pid_t>& parents) {
  std::map<pid_t, pid_t> parent_of;
  for (const auto& e : fs::directory_iterator("/proc"))
    if (const std::string name = e.path().filename().string(); std::isdigit(static_cast<unsigned char>(name[0])))
      parent_of[std::atoi(name.c_str())] = live_parent(name);
  std::vector<pid_t> out;
  for (const auto& [pid, parent] : parent_of)
    if (parent > 0 && std::find(parents.begin(), parents.end(), parent) != parents.end()) out.push_back(pid);
  return out;
}

/// What the run itself shows, "" if the attempt failed. Losing the sandbox counts as a success of the attempt.
std::string seen_inside(const EscapeAttempt& a, const CodeResult& r) {
  if (r.runs.empty()) return "no run: " + r.detail;
  const CodeRun& run = r.runs.front();
  const auto limit = static_cast<double>(a.limits.memory_mb << 20);
  if (r.outcome == Outcome::kSandbox) return "the sandbox itself failed: " + run.err;
  if ((run.out + run.err).find(kSecret) != std::string::npos) return "the secret came out";
  if (run.out.find("ESCAPED") != std::string::npos) return run.out.substr(0, run.out.find('\n'));
  if (static_cast<double>(run.max_rss) > 1.25 * limit && r.outcome != Outcome::kCompileError)
    return "memory over its limit";
  return "";
}

EscapeResult judge(const EscapeAttempt& a, const CodeResult& r, Scene& scene, const Executor& executor) {
  EscapeResult e;
  e.attempt = &a;
  e.outcome = r.outcome;
  e.how = seen_inside(a, r);
  if (const std::string changed = scene.changes(); !changed.empty()) e.how = changed;
  if (!lingering(executor.runners()).empty()) e.how = "a process is left";
  e.escaped = !e.how.empty();
  return e;
}

}  // namespace

std::vector<pid_t> lingering(const std::vector<pid_t>& parents) {
  std::vector<pid_t> left;
  for (int i = 0; i < 40; ++i) {
    left = below(parents);
    if (left.empty()) break;
    ::usleep(50000);
  }
  return left;
}

std::vector<EscapeResult> run_escape_suite(Executor& executor, const std::string& only) {
  Scene scene;
  std::vector<EscapeResult> out;
  for (const EscapeAttempt& a : escape_attempts()) {
    if (std::string(a.name).find(only) == std::string::npos) continue;
    if (executor.level() == 0 && !a.safe_at_0) continue;
    if (!executor.toolchains().count(a.language)) {
      out.push_back({&a, true, false, "no such language here", Outcome::kSandbox});
      continue;
    }
    const CodeResult r = executor.run(job_of(a, scene));
    out.push_back(judge(a, r, scene, executor));
  }
  return out;
}

void require_no_escape(Executor& executor) {
  // All at once, as this is waited for; only if something was seen outside does it take the slow way to a name.
  Scene scene;
  std::vector<std::pair<const EscapeAttempt*, Executor::Pending>> pending;
  for (const EscapeAttempt& a : escape_attempts())
    if (executor.toolchains().count(a.language)) pending.emplace_back(&a, executor.submit(job_of(a, scene)));
  for (const auto& [a, p] : pending)
    if (const std::string how = seen_inside(*a, p.get()); !how.empty())
      fail("sandbox: level ", executor.level(), " does not hold: attempt '", a->name, "' (", a->group, "): ", how);
  if (const std::string changed = scene.changes(); !changed.empty())
    fail("sandbox: level ", executor.level(), " does not hold: ", changed, " (`r1 sandbox` shows by which attempt)");
  if (!lingering(executor.runners()).empty())
    fail("sandbox: level ", executor.level(), " does not hold: a process is left");
}

}  // namespace r1
