// `r1 report` and `r1 watch` as a user calls them: through the registered commands.
#include <filesystem>

#include "base/io.h"
#include "base/log.h"
#include "support/capture.h"
#include "support/catch.h"
#include "support/fake_run.h"
#include "support/files.h"

using namespace r1;
using r1_test::call;
using r1_test::TempDir;

TEST_CASE("r1 report writes the page beside the run or where it is told, and prints the table") {
  TempDir dir;
  r1_test::write_fake_run(dir / "a", 1, 10);
  r1_test::write_fake_run(dir / "b", 2, 10);
  std::string out;
  CHECK(call("report", {dir / "a/"}, &out) == 0);
  CHECK(out.find("level") != std::string::npos);
  CHECK(out.find("report: " + (dir / "a/report.html")) != std::string::npos);
  CHECK(read_text(dir / "a/report.html").find("<!doctype html>") == 0);
  CHECK(call("report", {dir / "a", "--compare", dir / "b", "--out", dir / "both.html"}, &out) == 0);
  CHECK(read_text(dir / "both.html").find("A comparison of") != std::string::npos);
  std::filesystem::remove(dir / "a/report.html");
  CHECK(call("report", {dir / "a", "--text"}, &out) == 0);
  CHECK_FALSE(std::filesystem::exists(dir / "a/report.html"));
  CHECK(call("report", {"--metrics"}, &out) == 0);
  CHECK(out.find("| `grpo/kl` |") != std::string::npos);
}

TEST_CASE("r1 report and r1 watch name what is wrong") {
  CHECK_THROWS_AS(call("report", {}), UsageError);
  CHECK_THROWS_WITH(call("report", {"/no/such/run"}), ContainsSubstring("/no/such/run: no such run folder"));
  CHECK_THROWS_WITH(call("watch", {"/no/such/run"}), ContainsSubstring("/no/such/run: no such run folder"));
  TempDir dir;
  r1_test::write_fake_run(dir / "a", 1, 10);
  CHECK_THROWS_WITH(call("report", {dir / "a", "--out", "/no/such/place/x.html"}),
                    ContainsSubstring("/no/such/place/x.html: cannot write"));
}

TEST_CASE("r1 watch shows one problem's answers in order, without escape codes of theirs") {
  TempDir dir;
  r1_test::write_fake_run(dir / "a", 1, 20);
  std::string out;
  CHECK(call("watch", {dir / "a", "--once", "--problem", "4"}, &out) == 0);
  CHECK(out.find("calc 47 i1 + 38 i2 * 37 ?") == 0);
  const size_t first = out.find("\nupdate 0 "), second = out.find("\nupdate 20 "), third = out.find("\nupdate 40 ");
  CHECK((first < second && second < third && third != std::string::npos));
  CHECK(out.find("i2 * 36") == std::string::npos);
  CHECK(out.find("tokens   all problems: pass@1 ") != std::string::npos);
  JsonlWriter w(dir / "evil.jsonl", std::nullopt);
  w.write({{"rollout", 0}, {"update", 0}, {"problem", 1}, {"prompt", "p"}, {"completion", "a\x1b]0;owned\x07"}});
  std::filesystem::create_directories(dir / "evil");
  std::filesystem::rename(dir / "evil.jsonl", dir / "evil/samples.jsonl");
  CHECK(call("watch", {dir / "evil", "--once"}, &out) == 0);
  CHECK(out.find('\x1b') == std::string::npos);
  CHECK(out.find("a?]0;owned?") != std::string::npos);
}
