// The executor as a machine: queue, overlap, lost runners, what is left behind, refusals.
#include "rewards/code/executor.h"

#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "rewards/code/bench.h"
#include "rewards/code/code_support.h"
#include "rewards/code/escape_suite.h"
#include "rewards/code/metrics.h"
#include "support/files.h"

using namespace r1;
using namespace r1_test;

namespace {

const std::string kDouble = "print(2 * int(input()))\n";

/// A language of the test: "add N" lines change a register, "print" writes it, "loop" never ends.
StepResult run_toy(std::string_view program, std::string_view input, const StepBudget& budget) {
  StepResult r;
  long value = std::strtol(std::string(input).c_str(), nullptr, 10);
  int64_t steps = 0;
  for (size_t at = 0; at < program.size();) {
    if (++steps > budget.steps) return {StepResult::End::kSteps, r.out, "no steps left"};
    const size_t end = std::min(program.find('\n', at), program.size());
    const std::string line(program.substr(at, end - at));
    at = end + 1;
    if (line.rfind("add ", 0) == 0)
      value += std::strtol(line.c_str() + 4, nullptr, 10);
    else if (line == "print")
      r.out += std::to_string(value) + "\n";
    else if (line == "loop")
      at = 0;
    else if (line == "fail")
      return {StepResult::End::kError, r.out, "failed"};
    else
      return {StepResult::End::kNotAProgram, "", "no such word: " + line};
  }
  r.end = StepResult::End::kDone;
  return r;
}

R1_REGISTER(CodeLanguage, "test-toy", {{"toy"}, nullptr, run_toy});

}  // namespace

TEST_CASE("jobs run while the caller does other work, and the overlap is a figure") {
  const auto e = best_executor(2);
  if (!e || !has(*e, "python")) return;
  const ExecutorStats before = e->stats();
  std::vector<Executor::Pending> pending;
  for (int i = 0; i < 40; ++i)
    pending.push_back(e->submit(python(kDouble, {{std::to_string(i) + "\n", std::to_string(2 * i) + "\n"}})));
  while (!pending.back().ready()) std::this_thread::sleep_for(std::chrono::milliseconds(5));  // the engine's work
  for (const auto& p : pending) CHECK(p.get().verdict == Verdict::kRight);
  const ExecutorStats s = e->stats();
  CHECK(s.jobs - before.jobs == 40);
  CHECK(s.busy_s > 0);
  CHECK(s.overlap() > 0.5);
  Record record(1, 1);
  put(record, before, s);
  CHECK(record.get("code/jobs") == 40);
  CHECK(record.get("code/outcome_passed") == 1);
  CHECK(record.get("code/overlap") > 0.5);
}

TEST_CASE("results do not depend on the number of workers or on the order of submission") {
  std::vector<std::vector<int>> verdicts;
  for (const int workers : {1, 3}) {
    const auto e = best_executor(workers);
    if (!e || !has(*e, "python")) return;
    std::vector<Executor::Pending> pending;
    for (int i = 0; i < 30; ++i) pending.push_back(e->submit(python(i % 3 ? kDouble : "print(1)", {{"4\n", "8\n"}})));
    verdicts.emplace_back();
    for (const auto& p : pending) verdicts.back().push_back(static_cast<int>(p.get().verdict));
  }
  CHECK(verdicts[0] == verdicts[1]);
}

TEST_CASE("a full queue makes submit wait, and nothing is lost") {
  ExecutorConfig c;
  c.workers = 1, c.queue = 2, c.self_test = false, c.min_level = 0;
  Executor e(c);
  if (!has(e, "python")) return;
  std::vector<Executor::Pending> pending;
  for (int i = 0; i < 12; ++i) pending.push_back(e.submit(python(kDouble, {{"4\n", "8\n"}})));
  for (const auto& p : pending) CHECK(p.get().verdict == Verdict::kRight);
  CHECK(e.stats().queue_peak <= 2);
  CHECK(e.stats().blocked_s > 0);
}

TEST_CASE("a runner that is killed is noticed and started anew; its program is judged all the same") {
  const auto e = best_executor(1);
  if (!e || !has(*e, "python")) return;
  CHECK(e->run(python(kDouble, {{"4\n", "8\n"}})).verdict == Verdict::kRight);
  ::kill(e->runners()[0], SIGKILL);  // between two programs
  CHECK(e->run(python(kDouble, {{"4\n", "8\n"}})).verdict == Verdict::kRight);
  CHECK(e->stats().restarts >= 1);
  // In the middle of a program that takes a while: once more from the start.
  const auto pending = e->submit(python("import time\ntime.sleep(1.5)\n" + kDouble, {{"4\n", "8\n"}}));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  ::kill(e->runners()[0], SIGKILL);
  CHECK(pending.get().verdict == Verdict::kRight);
  CHECK(e->stats().retries >= 1);
  CHECK(lingering(e->runners()).empty());
}

TEST_CASE("a compiled program survives the loss of its runner") {
  const auto e = best_executor(1);
  if (!e || !has(*e, "cpp")) return;
  CodeJob job;
  job.language = "cpp";
  job.program = "#include <unistd.h>\n#include <cstdio>\nint main() { usleep(700000); std::puts(\"1\"); }";
  job.tests = {{"", "1"}, {"", "1"}, {"", "1"}};
  const auto pending = e->submit(job);
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  ::kill(e->runners()[0], SIGKILL);
  CHECK(pending.get().verdict == Verdict::kRight);
}

TEST_CASE("a runner that dies again and again is a sandbox failure: unknown, never right or wrong") {
  ExecutorConfig c;
  c.workers = 1, c.self_test = false, c.min_level = 0;
  Executor e(c);
  if (!has(e, "python")) return;
  std::atomic<bool> stop{false};
  const auto pending = e.submit(python("import time\ntime.sleep(3)\nprint(1)", {{"", "1"}}));
  std::thread killer([&] {
    while (!stop) {
      if (const pid_t pid = e.runners()[0]; pid > 0) ::kill(pid, SIGKILL);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  });
  const CodeResult r = pending.get();
  stop = true;
  killer.join();
  CHECK(r.verdict == Verdict::kUnknown);
  CHECK(r.outcome == Outcome::kSandbox);
  const CodeResult after = e.run(python(kDouble, {{"4\n", "8\n"}}));
  INFO(after.detail << "; " << e.stats().last_failure);
  CHECK(after.verdict == Verdict::kRight);  // and afterwards all is well
}

TEST_CASE("a temporary directory that is gone or full is a sandbox failure, not a verdict") {
  const auto e = executor_at(1, 1);
  if (!e || !has(*e, "python")) return;
  std::filesystem::remove_all(e->directory() + "/0");
  const CodeResult gone = e->run(python(kDouble, {{"4\n", "8\n"}}));
  CHECK(gone.verdict == Verdict::kUnknown);
  CHECK(gone.outcome == Outcome::kSandbox);
  std::filesystem::create_directory(e->directory() + "/0");
  if (::mount("none", (e->directory() + "/0").c_str(), "tmpfs", 0, "size=4k,nr_inodes=3,mode=711") != 0) {
    WARN("skipped: a full file system needs the right to mount one");
    return;
  }
  const CodeResult full = e->run(python(kDouble + std::string(9000, '#'), {{"4\n", "8\n"}}));
  CHECK(full.verdict == Verdict::kUnknown);
  CHECK(full.runs.at(0).err.find("program.py") != std::string::npos);
  ::umount((e->directory() + "/0").c_str());
}

TEST_CASE("refusals are one line that names the thing") {
  ExecutorConfig c;
  c.self_test = false, c.min_level = 0;
  c.languages = "pyhton";
  CHECK_THROWS_WITH(Executor(c), ContainsSubstring("unknown code language 'pyhton', expected one of: cpp"));
  c.languages = "";
  Executor e(c);
  CHECK_THROWS_WITH(e.submit({"cobol", "", {}, {}, Compare::kExact, false}),
                    ContainsSubstring("unknown code language"));
  const std::string directory = e.directory();
  const char* set = std::getenv("R1_RUNNER");
  const std::string runner = set ? set : "";
  ::setenv("R1_RUNNER", "/nonexistent/r1-runner", 1);
  CHECK_THROWS_WITH(Executor(c), ContainsSubstring("/nonexistent/r1-runner"));
  set ? ::setenv("R1_RUNNER", runner.c_str(), 1) : ::unsetenv("R1_RUNNER");
  c.first = true;  // the executor `e` has threads
  CHECK_THROWS_WITH(Executor(c), ContainsSubstring("threads already, expected to start before them"));
}

TEST_CASE("an executor leaves nothing behind when it ends") {
  std::string directory;
  std::vector<pid_t> runners;
  {
    const auto e = best_executor(2);
    if (!e || !has(*e, "python")) return;
    directory = e->directory(), runners = e->runners();
    e->run(python(kDouble, {{"4\n", "8\n"}}));
    CHECK(std::filesystem::exists(directory));
  }
  CHECK_FALSE(std::filesystem::exists(directory));
  for (const pid_t pid : runners) CHECK(::kill(pid, 0) != 0);
}

TEST_CASE("a language of our own runs in this process with a budget of steps") {
  ExecutorConfig c;
  c.self_test = false, c.min_level = 0, c.workers = 1;
  Executor e(c);
  const auto toy = [&](const std::string& program, const std::string& out) {
    return e.run({"test-toy", program, {{"5", out}}, {}, Compare::kExact, false}).outcome;
  };
  CHECK(toy("add 2\nprint", "7") == Outcome::kPassed);
  CHECK(toy("add 3\nprint", "7") == Outcome::kWrongAnswer);
  CHECK(toy("loop", "7") == Outcome::kCpuTime);
  CHECK(toy("fail", "7") == Outcome::kExit);
  CHECK(toy("import os", "7") == Outcome::kCompileError);
}

TEST_CASE("many programs, good and bad: no process, file or descriptor is left, and memory stays") {
  const char* set = std::getenv("R1_CODE_PROGRAMS");
  const int count = set ? std::atoi(set) : 300;
  const auto e = best_executor(2);
  if (!e || !has(*e, "python")) return;
  const std::string programs[] = {kDouble,
                                  "print(1)",
                                  "raise SystemExit(4)",
                                  "import os\nos.fork()",
                                  "x = [0] * 10**9",
                                  "open('f', 'w').write('x' * 9999)\n" + kDouble,
                                  "print('x' * 2000000)",
                                  "import os\nos.mkdir('d')\nos.chdir('d')\n" + kDouble};
  const auto burst = [&](int n) {
    std::vector<Executor::Pending> pending;
    for (int i = 0; i < n; ++i) pending.push_back(e->submit(python(programs[i % 8], {{"4\n", "8\n"}})));
    for (int i = 0; i < n; ++i) {
      const bool good = i % 8 == 0 || i % 8 == 5 || i % 8 == 7;
      CHECK((pending[static_cast<size_t>(i)].get().verdict == Verdict::kRight) == good);
    }
  };
  burst(32);
  const Holdings before = holdings_of(*e);
  for (int done = 0; done < count; done += 200) burst(std::min(200, count - done));
  const Holdings after = holdings_of(*e);
  CHECK(after.children == 0);
  CHECK(after.files == before.files);
  CHECK(after.descriptors == before.descriptors);
  CHECK(after.memory - before.memory < (4 << 20));
  INFO(e->stats().last_failure);
  CHECK(e->stats().retries == 0);
}
