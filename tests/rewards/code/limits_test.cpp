// Each limit ends a program that goes over it, with an outcome of its own; and what is close below is left alone.
#include <string>

#include "rewards/code/code_support.h"
#include "rewards/code/escape_suite.h"

using namespace r1;
using namespace r1_test;

namespace {

/// A run of a Python program that should print "ok".
CodeResult once(Executor& e, const std::string& program, const CodeLimits& limits = {}) {
  return e.run(python(program, {{"", "ok\n"}}, limits));
}

/// Levels to try: under sanitizers, which see only our side, the best one is enough.
std::vector<int> levels() {
#ifdef __SANITIZE_ADDRESS__
  return {2};
#else
  return {0, 1, 2, 3};
#endif
}

void check_limits(Executor& e) {
  CodeLimits second{.cpu_ms = 1000, .wall_ms = 60000, .memory_mb = 128, .output_bytes = 1000};
  CodeLimits short_wall{.cpu_ms = 5000, .wall_ms = 500};
  const std::pair<const char*, std::pair<CodeLimits, Outcome>> cases[] = {
      {"print('ok')", {second, Outcome::kPassed}},
      {"while True: pass", {second, Outcome::kCpuTime}},
      {"import os\nos.close(1)\nos.close(2)\nwhile True: pass", {second, Outcome::kCpuTime}},
      {"import signal\nsignal.signal(24, signal.SIG_IGN)\nwhile True: pass", {second, Outcome::kCpuTime}},
      {"while True:\n  try:\n    while True: pass\n  except: pass", {second, Outcome::kCpuTime}},
      {"import time\ntime.sleep(1000)", {short_wall, Outcome::kWallTime}},
      {"import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", {short_wall, Outcome::kWallTime}},
      {"x = bytearray(1 << 30)", {second, Outcome::kMemory}},
      {"x = []\nwhile True: x.append(bytearray(1 << 20))", {second, Outcome::kMemory}},
      {"print('x' * 1000)", {second, Outcome::kOutput}},
      {"import os\nwhile True: os.write(1, b'x' * 65536)", {second, Outcome::kOutput}},
      {"raise ValueError('no')", {second, Outcome::kExit}},
      {"import sys\nsys.exit(3)", {second, Outcome::kExit}},
      {"import os\nos.abort()", {second, Outcome::kCrash}},
      {"import os\nprint('ok')\nos.kill(os.getpid(), 11)", {second, Outcome::kCrash}},
      {"print('no')", {second, Outcome::kWrongAnswer}},
      {"", {second, Outcome::kWrongAnswer}},
      {"def f(:", {second, Outcome::kExit}},
      {"print('ok')\n\0", {second, Outcome::kPassed}},  // the literal ends at the NUL
  };
  std::vector<Executor::Pending> pending;
  for (const auto& [program, expected] : cases)
    pending.push_back(e.submit(python(program, {{"", "ok\n"}}, expected.first)));
  for (size_t i = 0; i < pending.size(); ++i) {
    const auto& [program, expected] = cases[i];
    const CodeResult& r = pending[i].get();
    INFO("level " << e.level() << ": " << program << ": " << r.detail << " " << r.runs.at(0).err);
    CHECK(r.outcome == expected.second);
    CHECK((r.verdict == Verdict::kRight) == (expected.second == Outcome::kPassed));
    CHECK(r.verdict != Verdict::kUnknown);
  }
}

}  // namespace

TEST_CASE("each limit is kept at every level of this machine") {
  for (const int level : levels())
    if (const auto e = executor_at(level, 2); e && has(*e, "python")) check_limits(*e);
}

TEST_CASE("a forbidden system call is an outcome of its own") {
  const auto e = best_executor(1);
  if (!e || !has(*e, "python")) return;
  CHECK(once(*e, "import socket\nsocket.socket()").outcome == Outcome::kForbidden);
  CHECK(once(*e, "import os\nos.fork()\nprint('ok')").outcome == Outcome::kForbidden);
}

TEST_CASE("the private directory is bounded, usable and gone afterwards") {
  for (const int level : {1, 2}) {
    const auto e = executor_at(level, 1);
    if (!e || !has(*e, "python")) continue;
    INFO("level " << level);
    CHECK(once(*e, "open('a', 'w').write('ok')\nprint(open('a').read())").outcome == Outcome::kPassed);
    CHECK(once(*e, "import tempfile\nf = tempfile.TemporaryFile()\nf.write(b'x')\nprint('ok')").outcome ==
          Outcome::kPassed);
    CHECK(once(*e, "import os\nprint('ok' if not os.path.exists('a') else 'left over')").outcome == Outcome::kPassed);
    // A file system of its own says no (level 2); below, the supervisor sees it and stops the program.
    const Outcome full =
        once(*e, "for i in range(99):\n  open(str(i), 'wb').write(b'x' * (15 << 20))\nprint('ok')").outcome;
    CHECK((full == Outcome::kDisk || full == Outcome::kExit));
    const Outcome many = once(*e, "import os\nfor i in range(500000): os.mkdir(str(i))\nprint('ok')").outcome;
    CHECK((many == Outcome::kDisk || many == Outcome::kExit));
    const Outcome big =
        once(*e, "f = open('a', 'wb')\nfor i in range(40): f.write(b'x' * (1 << 20))\nprint('ok')").outcome;
    CHECK(big == Outcome::kExit);  // one file of more than 16 MiB
    size_t left = 0;
    for (const auto& f : std::filesystem::recursive_directory_iterator(e->directory())) left += !f.is_directory();
    CHECK(left == 0);
    CHECK(std::filesystem::is_empty(e->directory() + "/0"));
  }
}

TEST_CASE("directories that cannot be walked by name are removed too") {
  const auto e = executor_at(1, 1);
  if (!e || !has(*e, "python")) return;
  once(*e, "import os\nwhile True:\n  os.mkdir('d' * 250)\n  os.chdir('d' * 250)\n");
  once(*e, "import os\nos.mkdir('a')\nopen('a/b', 'w')\nos.mkdir('c', 0)\nprint('ok')");
  CHECK(std::filesystem::is_empty(e->directory() + "/0"));
}

TEST_CASE("standard input: large, unread, binary, empty") {
  const auto e = best_executor(1);
  if (!e || !has(*e, "python")) return;
  const std::string large(8 << 20, 'x');
  CHECK(e->run(python("import sys\nprint(len(sys.stdin.read()))", {{large, "8388608"}})).verdict == Verdict::kRight);
  CHECK(e->run(python("print(1)", {{large, "1"}})).verdict == Verdict::kRight);
  CHECK(e->run(python("import os\nos.close(0)\nprint(1)", {{large, "1"}})).verdict == Verdict::kRight);
  const std::string bytes("\0\xff\n\r\x80", 5);
  CHECK(e->run(python("import os\nos.write(1, os.read(0, 99))", {{bytes, bytes}})).verdict == Verdict::kRight);
  CHECK(e->run(python("import sys\nprint(repr(sys.stdin.read()))", {{"", "''\n"}})).verdict == Verdict::kRight);
  CHECK(e->run(python("print('é', '中')", {{"", "é 中\n"}})).verdict == Verdict::kRight);
}

TEST_CASE("C++: compiled once, run for each test; errors of every kind") {
  const auto e = best_executor(1);
  if (!e || !has(*e, "cpp")) return;
  const auto cpp = [&](const std::string& program, std::vector<CodeTest> tests) {
    CodeJob job;
    job.language = "cpp", job.program = program, job.tests = std::move(tests), job.all_tests = true;
    job.limits.cpu_ms = 1000;
    return e->run(job);
  };
  const CodeResult good =
      cpp("#include <iostream>\nint main() { int a, b; std::cin >> a >> b; std::cout << a + b << '\\n'; }",
          {{"1 2", "3"}, {"-5 5", "0\n"}, {"1000000 1", "1000001\n"}});
  CHECK(good.verdict == Verdict::kRight);
  CHECK(good.runs.size() == 3);
  CHECK(e->stats().compiled == 1);
  CHECK(cpp("int main() { return x; }", {{"", ""}}).outcome == Outcome::kCompileError);
  CHECK(cpp("", {{"", ""}}).outcome == Outcome::kCompileError);
  CHECK(cpp("#include \"/etc/passwd\"\nint main() {}", {{"", ""}}).outcome == Outcome::kCompileError);
  CHECK(cpp("int main() { return *(volatile int*)0; }", {{"", ""}}).outcome == Outcome::kCrash);
  CHECK(cpp("int main() { for (;;) ; }", {{"", ""}}).outcome == Outcome::kCpuTime);
  CHECK(cpp("#include <vector>\nint main() { std::vector<char> v(1ull << 40); return v[0]; }", {{"", ""}}).outcome ==
        Outcome::kMemory);
  // Does not even start under its limit: its fault, so never a mask.
  const CodeResult huge =
      cpp("static volatile char a[3ull << 30];\nint main(int n, char**) { return a[n]; }", {{"", ""}});
  CHECK(huge.verdict == Verdict::kWrong);
  // A compiler bomb ends at the compiler's limits.
  const CodeResult bomb =
      cpp("template <int N> struct A { static const int v = A<N - 1>::v + A<N - 2>::v + A<N*2>::v; };\n"
          "int main() { return A<9>::v; }",
          {{"", ""}});
  CHECK(bomb.outcome == Outcome::kCompileError);
}
