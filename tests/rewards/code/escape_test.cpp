// The escape suite: nothing works at levels 1 to 3, and the same attempts work with the sandbox off.
#include "rewards/code/escape_suite.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "rewards/code/code_support.h"

using namespace r1;
using namespace r1_test;

namespace {

void nothing_escapes(int level) {
#ifdef __SANITIZE_ADDRESS__
  if (level != 2) return;  // sanitizers see our side only, which is the same at each level
#endif
  const auto e = executor_at(level, 1);
  if (!e) return;
  REQUIRE(e->level() == level);
  int tried = 0;
  std::set<std::string> groups;
  for (const EscapeResult& r : run_escape_suite(*e)) {
    INFO(r.attempt->group << ": " << r.attempt->name << ": " << r.how << " (" << name_of(r.outcome) << ")");
    CHECK_FALSE(r.escaped);
    CHECK(r.outcome != Outcome::kPassed);
    CHECK(r.outcome != Outcome::kSandbox);
    tried += !r.skipped;
    groups.insert(r.attempt->group);
  }
  CHECK(tried >= 40);
  CHECK(groups.size() == 6);
}

}  // namespace

TEST_CASE("no escape attempt works at level 1: Landlock and the list of system calls") { nothing_escapes(1); }

TEST_CASE("no escape attempt works at level 2: namespaces") { nothing_escapes(2); }

TEST_CASE("no escape attempt works at level 3: control groups") { nothing_escapes(3); }

TEST_CASE("the attempts are real: with the sandbox off they work, so the detectors can fire") {
  const auto e = executor_at(0, 1);
  if (!e || !has(*e, "python")) return;
  int worked = 0;
  for (const EscapeResult& r : run_escape_suite(*e)) {
    if (r.skipped || !r.attempt->open_at_0) continue;
    INFO(r.attempt->group << ": " << r.attempt->name << " (" << name_of(r.outcome) << ")");
    CHECK(r.escaped);
    ++worked;
  }
  CHECK(worked >= 25);
}

TEST_CASE("the detector of survivors sees one") {
  // A child of ours that sleeps: `lingering` must name it below our own process, and not after its end.
  char name[] = "/bin/sleep", time[] = "1000";
  char* argv[] = {name, time, nullptr};
  char* env[] = {nullptr};
  pid_t pid = -1;
  REQUIRE(::posix_spawn(&pid, name, nullptr, nullptr, argv, env) == 0);
  CHECK(lingering({::getpid()}) == std::vector<pid_t>{pid});
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  CHECK(lingering({::getpid()}).empty());
}

TEST_CASE("processes that a program leaves behind are ended, at every level that lets it start one") {
  // Level 0 allows fork, so there is something to end; the other levels refuse the fork itself.
  const auto e = executor_at(0, 1);
  if (!e || !has(*e, "python")) return;
  const std::string program =
      "import os, time\n"
      "for i in range(3):\n"
      "  if os.fork() == 0:\n"
      "    os.setsid()\n"
      "    if os.fork() == 0: time.sleep(600)\n"
      "    time.sleep(600)\n"
      "time.sleep(0.3); print('answer')\n";
  CodeLimits limits;
  limits.wall_ms = 120000;
  const CodeResult r = e->run(python(program, {{"", "answer\n"}}, limits));
  CHECK(r.verdict == Verdict::kRight);  // it answered; what it left is gone all the same
  REQUIRE(r.runs.size() == 1);
  CHECK(r.runs[0].swept >= 3);
  CHECK(e->stats().swept >= 3);
  CHECK(lingering(e->runners()).empty());
}

TEST_CASE("an executor refuses to start when an attempt works, and below its minimum level") {
  const auto e = executor_at(0, 1);
  if (!e || !has(*e, "python")) return;
  CHECK_THROWS_WITH(require_no_escape(*e), ContainsSubstring("sandbox: level 0 does not hold: attempt '"));
  ExecutorConfig c;
  c.min_level = 2, c.max_level = 1;
  CHECK_THROWS_WITH(Executor(c), ContainsSubstring("min_level 2 is above max_level 1"));
}
