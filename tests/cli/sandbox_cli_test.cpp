// `r1 sandbox` and `r1 run-code` as a user calls them; the second also starts an executor with its whole self-test.
#include "base/check.h"
#include "base/io.h"
#include "rewards/code/code_support.h"
#include "support/capture.h"

using namespace r1;
using namespace r1_test;

TEST_CASE("r1 sandbox prints the levels and the escape table") {
  if (!best_executor(1)) return;
  std::string out;
  CHECK(call("sandbox", {"--only", "read a file outside", "--bench", "20"}, &out) == 0);
  INFO(out);
  for (const char* part : {"level 0  yes", "level 1  yes", "read a file outside", "held", "1 attempts at level",
                           ", 0 worked", "left over: +0 processes, +0 files, +0 descriptors"})
    CHECK(out.find(part) != std::string::npos);
  CHECK(call("sandbox", {"--only", "read a file outside", "--sandbox-max-level", "0"}, &out) == 0);
  CHECK(out.find("ESCAPED: the secret came out") != std::string::npos);
}

TEST_CASE("r1 run-code judges a file on tests and says so by its exit code") {
  const auto e = best_executor(1);
  if (!e || !has(*e, "python")) return;
  TempDir dir;
  write_file(dir / "double.py", "print(int(input()) * 2)\n");
  write_file(dir / "tests.jsonl", "{\"in\": \"21\\n\", \"out\": \"42\\n\"}\n\n{\"in\": \"1\\n\", \"out\": \"2\\n\"}\n");
  write_file(dir / "wrong.jsonl", "{\"in\": \"21\\n\", \"out\": \"43\\n\"}\n");
  write_file(dir / "bad.jsonl", "{\"in\": \"21\\n\", \"output\": \"43\\n\"}\n");
  std::string out;
  CHECK(call("run-code", {dir / "double.py", "--tests", dir / "tests.jsonl"}, &out) == 0);
  INFO(out);
  CHECK(out.find("all 2 tests passed") != std::string::npos);
  CHECK(call("run-code", {dir / "double.py", "--tests", dir / "wrong.jsonl", "--show"}, &out) == 1);
  CHECK(out.find("wrong_answer") != std::string::npos);
  CHECK_THROWS_WITH(call("run-code", {dir / "double.py", "--tests", dir / "bad.jsonl"}),
                    ContainsSubstring("bad.jsonl: tests[0]: unknown field 'output'"));
  CHECK_THROWS_AS(call("run-code", {dir / "tests.jsonl", "--tests", dir / "bad.jsonl"}), UsageError);
}
