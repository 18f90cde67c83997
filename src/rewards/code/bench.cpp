// Paper: none. Plain starts use posix_spawn too, so the difference is what the sandbox adds.
#include "rewards/code/bench.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/io.h"
#include "rewards/code/escape_suite.h"

namespace r1 {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point t) { return std::chrono::duration<double, std::milli>(Clock::now() - t).count(); }

int64_t count_entries(const std::string& directory) {
  std::error_code e;
  int64_t n = 0;
  for (auto it = fs::recursive_directory_iterator(directory, e); !e && it != fs::recursive_directory_iterator(); ++it)
    ++n;
  return n;
}

int64_t open_descriptors(const std::string& process) {
  std::error_code e;
  int64_t n = 0;
  for (auto it = fs::directory_iterator("/proc/" + process + "/fd", e); !e && it != fs::directory_iterator(); ++it) ++n;
  return n;
}

int64_t resident_bytes(pid_t pid) {
  std::ifstream in(cat("/proc/", pid, "/statm"));
  int64_t size = 0, resident = 0;
  in >> size >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

/// Start to end, stdin and stdout at /dev/null.
double plain_start(const std::vector<std::string>& argv) {
  std::vector<char*> args;
  for (const std::string& a : argv) args.push_back(const_cast<char*>(a.c_str()));
  args.push_back(nullptr);
  char* env[] = {nullptr};
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  const auto begin = Clock::now();
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, args[0], &files, nullptr, args.data(), env);
  int status = 0;
  if (error == 0) ::waitpid(pid, &status, 0);
  const double ms = ms_since(begin);
  ::posix_spawn_file_actions_destroy(&files);
  if (error != 0 || status != 0) fail(argv[0], ": cannot be started plainly");
  return ms;
}

double percentile(const std::vector<double>& sorted, double p) {
  return sorted.empty() ? 0 : sorted[static_cast<size_t>(p * static_cast<double>(sorted.size() - 1))];
}

/// Processor time of the runners and all that they waited for, in milliseconds.
double runners_cpu_ms(const Executor& e) {
  double ticks = 0;
  for (const pid_t pid : e.runners()) {
    std::ifstream in(cat("/proc/", pid, "/stat"));
    std::string text, field;
    std::getline(in, text);
    std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 1)));
    for (int i = 3; fields >> field; ++i)
      if (i >= 14 && i <= 17) ticks += std::atof(field.c_str());  // user and system, own and children's
  }
  return ticks * 1000 / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double children_cpu_ms() {
  rusage u{};
  ::getrusage(RUSAGE_CHILDREN, &u);
  return static_cast<double>(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
         static_cast<double>(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

/// One job of n runs (a compiled program is compiled once); the processor time that the runners took.
double run_empty(Executor& e, const std::string& language, const std::string& program, int64_t n,
                 std::vector<double>& ms) {
  const double before = runners_cpu_ms(e);
  const CodeJob job{language, program, std::vector<CodeTest>(static_cast<size_t>(n)), {}, Compare::kExact, true};
  const CodeResult r = e.run(job);
  if (r.verdict != Verdict::kRight) fail("bench: an empty ", language, " program gave ", r.detail);
  for (const CodeRun& run : r.runs) ms.push_back(run.total_ms);
  return runners_cpu_ms(e) - before;
}

/// Sandboxed and plain starts in turn, ten rounds, so that a change of the machine's load meets both.
StartTimes time_starts(Executor& e, const std::string& language, const std::string& program, int64_t count,
                       const std::vector<std::string>& plain) {
  constexpr int64_t kRounds = 10;
  const int64_t n = std::max<int64_t>(count / kRounds, 2);
  StartTimes t;
  t.what = language;
  double plain_cpu = 0, sandbox_cpu = 0;
  for (int64_t round = 0; round < kRounds; ++round) {
    std::vector<double> first;
    sandbox_cpu -= run_empty(e, language, program, 1, first);  // compilation and one start
    sandbox_cpu += run_empty(e, language, program, n, t.sandbox_ms);
    plain_cpu -= children_cpu_ms();
    for (int64_t i = 0; i < n; ++i) t.plain_ms.push_back(plain_start(plain));
    plain_cpu += children_cpu_ms();
  }
  t.plain_cpu_ms = plain_cpu / static_cast<double>(kRounds * n);
  t.sandbox_cpu_ms = sandbox_cpu / static_cast<double>(kRounds * (n - 1));
  std::sort(t.sandbox_ms.begin(), t.sandbox_ms.end());
  std::sort(t.plain_ms.begin(), t.plain_ms.end());
  return t;
}

/// The same empty program, built outside into the executor's directory, for the plain starts.
std::string build_plain(const Executor& e, const Toolchain& tool, const std::string& program) {
  const std::string source = e.directory() + "/plain.cpp", binary = e.directory() + "/plain";
  write_file(source, program);
  std::vector<std::string> argv = tool.compile_argv;
  argv[argv.size() - 1] = source, argv[argv.size() - 2] = binary;
  output_of(argv);
  fs::remove(source);
  return binary;
}

double throughput(Executor& e, int64_t count) {
  const auto begin = Clock::now();
  std::vector<Executor::Pending> pending;
  for (int64_t i = 0; i < count; ++i)
    pending.push_back(
        e.submit({"python", "print(int(input()) * 2)\n", {{"21\n", "42\n"}}, {}, Compare::kExact, false}));
  for (const auto& p : pending)
    if (p.get().verdict != Verdict::kRight) fail("bench: an honest program gave ", p.get().detail);
  return 1000.0 * static_cast<double>(count) / ms_since(begin);
}

}  // namespace

Holdings holdings_of(const Executor& e) {
  Holdings h;
  h.descriptors = open_descriptors("self");
  h.children = static_cast<int64_t>(lingering(e.runners()).size());
  h.files = count_entries(e.directory());
  for (const pid_t pid : e.runners())
    h.descriptors += open_descriptors(std::to_string(pid)), h.memory += resident_bytes(pid);
  return h;
}

ExecutorBench bench_executor(Executor& e, int64_t count) {
  ExecutorBench b;
  b.level = e.level();
  const bool python = e.toolchains().count("python"), cpp = e.toolchains().count("cpp");
  if (python) throughput(e, 20);  // warm: each worker has its first program behind it
  b.before = holdings_of(e);
  if (cpp) {
    const std::string empty = "int main() {}\n", plain = build_plain(e, e.toolchains().at("cpp"), empty);
    b.starts.push_back(time_starts(e, "cpp", empty, count, {plain}));
    fs::remove(plain);
  }
  if (python) {
    b.starts.push_back(time_starts(e, "python", "pass\n", count,
                                   {e.toolchains().at("python").program, "-I", "-S", "-B", "-c", "pass"}));
    b.programs_per_s = throughput(e, count);
  }
  b.after = holdings_of(e);
  return b;
}

std::string bench_report(const ExecutorBench& b) {
  char line[256];
  std::string out;
  for (const StartTimes& t : b.starts) {
    const double p50 = percentile(t.plain_ms, .5), p99 = percentile(t.plain_ms, .99);
    const double s50 = percentile(t.sandbox_ms, .5), s99 = percentile(t.sandbox_ms, .99);
    std::snprintf(line, sizeof line,
                  "%-7s %zu starts at level %d: plain p50 %.2f p99 %.2f, sandbox p50 %.2f p99 %.2f, overhead p50 %.2f "
                  "p99 %.2f ms; processor time plain %.2f, sandbox %.2f ms\n",
                  t.what.c_str(), t.sandbox_ms.size(), b.level, p50, p99, s50, s99, s50 - p50, s99 - p99,
                  t.plain_cpu_ms, t.sandbox_cpu_ms);
    out += line;
  }
  std::snprintf(line, sizeof line, "verdicts: %.0f python programs a second\n", b.programs_per_s);
  out += line;
  std::snprintf(line, sizeof line,
                "left over: %+lld processes, %+lld files, %+lld descriptors, %+.1f MiB in the runners\n",
                static_cast<long long>(b.after.children - b.before.children),
                static_cast<long long>(b.after.files - b.before.files),
                static_cast<long long>(b.after.descriptors - b.before.descriptors),
                static_cast<double>(b.after.memory - b.before.memory) / (1 << 20));
  return out + line;
}

}  // namespace r1
