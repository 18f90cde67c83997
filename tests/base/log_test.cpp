// Metrics: declarations, records, metrics.jsonl over crashes and resumes.
#include "base/log.h"

#include <sys/stat.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "base/io.h"
#include "base/log_machine.h"
#include "support/catch.h"
#include "support/files.h"

using namespace r1;
using r1_test::TempDir;

namespace {
R1_METRIC(kTestLoss, "test/loss", "A loss that only the tests know.");
R1_METRIC_INTERVAL(kTestShare, "test/share", "A share with its interval.");
R1_METRIC_INTERVAL(kTestLevel, "test/level_*", "A family by level.");
R1_METRIC(kTestLevelLength, "test/level_*_length", "A family with a tail.");

void append(const std::string& path, const std::string& text) {
  std::FILE* f = std::fopen(path.c_str(), "ab");
  std::fwrite(text.data(), 1, text.size(), f);
  std::fclose(f);
}
}  // namespace

TEST_CASE("a metric is found by its name, its limits and its family only") {
  CHECK(find_metric("test/loss")->help == "A loss that only the tests know.");
  CHECK(find_metric("test/loss_lo") == nullptr);  // declared without interval
  CHECK(find_metric("test/share_hi")->name == "test/share");
  CHECK(find_metric("test/level_3")->name == "test/level_*");
  CHECK(find_metric("test/level_3_lo")->name == "test/level_*");
  CHECK(find_metric("test/level_3_length")->name == "test/level_*_length");
  CHECK(find_metric("test/level_") == nullptr);
  CHECK(find_metric("test/level_3_lo_lo") == nullptr);
  CHECK(find_metric("test/level_a b") == nullptr);
  CHECK_THROWS_WITH(Metric("test/loss", "Declared a second time."), ContainsSubstring("test/loss"));
  CHECK_THROWS_WITH(Metric("loss", "A name without area."), ContainsSubstring("area/name"));
  CHECK_THROWS_WITH(Metric("test/Loss", "Upper case letters."), ContainsSubstring("area/name"));
  CHECK_THROWS_WITH(Metric("test/no_help", "no stop"), ContainsSubstring("sentence"));
}

TEST_CASE("a record rejects unknown, doubled and misplaced names") {
  Record r(1, 2);
  r.set(kTestLoss, 0.5)
      .set(kTestShare, 0.5, 0.4, 0.6)
      .set_in(kTestLevel, "3", 1, 0, 1)
      .set_in(kTestLevelLength, "等", 7);
  CHECK(r.get("test/share_lo") == 0.4);
  CHECK(r.get("test/level_等_length") == 7);
  CHECK(std::isnan(r.get("test/level_4")));
  CHECK_THROWS_WITH(r.set("test/los", 1), ContainsSubstring("did you mean 'test/loss'?"));
  CHECK_THROWS_WITH(r.set("zzzzzzzzzzzzzz/q", 1), ContainsSubstring("R1_METRIC"));
  CHECK_THROWS_WITH(r.set(kTestLoss, 1), ContainsSubstring("set twice"));
  CHECK_THROWS_WITH(r.set(kTestLevel, 1), ContainsSubstring("unknown metric 'test/level_*'"));
  CHECK_THROWS_WITH(r.set_in(kTestLoss, "3", 1), ContainsSubstring("no family"));
  CHECK_THROWS_WITH(r.set_in(kTestLevel, "a_b", 1), ContainsSubstring("one word"));
}

TEST_CASE("metrics.jsonl: one object a line with rollout and update, never step, non-finite as words") {
  TempDir dir;
  const double inf = std::numeric_limits<double>::infinity();
  {
    MetricsWriter w(dir.path(), std::nullopt, false);
    w.write(Record(0, 0).set(kTestLoss, 0.1));
    const std::string now = read_text(dir / "metrics.jsonl");  // flushed before write() returns
    CHECK(now.find("\"test/loss\":0.1}\n") != std::string::npos);
    w.write(Record(1, 2).set(kTestLoss, std::nan("")).set(kTestShare, inf, -inf, 1.0 / 3));
  }
  const std::string text = read_text(dir / "metrics.jsonl");
  CHECK(text.find("step") == std::string::npos);
  CHECK(text.find("{\"rollout\":1,\"update\":2,\"time_s\":") != std::string::npos);
  CHECK(text.find("\"test/loss\":\"nan\",\"test/share\":\"inf\",\"test/share_lo\":\"-inf\"") != std::string::npos);
  std::vector<double> third;
  read_jsonl(
      dir / "metrics.jsonl",
      [&](int64_t, const Json& j) {
        if (j.contains("test/share_hi")) third.push_back(*metric_from_json(j["test/share_hi"]));
      },
      [](int64_t, const std::string&) { FAIL("a line was skipped"); });
  CHECK(third == std::vector<double>{1.0 / 3});  // every bit comes back
  CHECK(std::isnan(*metric_from_json("nan")));
  CHECK(*metric_from_json("-inf") == -inf);
  CHECK_FALSE(metric_from_json("0.5"));
}

TEST_CASE("a run is never overwritten, and resume cuts to the resumed point byte for byte") {
  TempDir dir;
  const std::string path = dir / "metrics.jsonl";
  std::string at_two;
  {
    MetricsWriter w(dir.path(), std::nullopt, false);
    for (int i = 0; i < 5; ++i) {
      w.write(Record(i, 2 * i).set(kTestLoss, i));
      if (i == 2) at_two = read_text(path);
    }
  }
  const std::string whole = read_text(path);
  CHECK_THROWS_WITH(MetricsWriter(dir.path(), std::nullopt, false), ContainsSubstring("exists already"));
  CHECK(read_text(path) == whole);

  append(path, R"({"rollout":5,"update":10,"test/lo)");  // killed in the middle of a line
  { MetricsWriter w(dir.path(), RunPosition{4, 8}, false); }
  CHECK(read_text(path) == whole);

  MetricsWriter w(dir.path(), RunPosition{2, 4}, false);
  CHECK(read_text(path) == at_two);
  w.write(Record(3, 6).set(kTestLoss, 33));
  const std::string again = read_text(path);
  CHECK(again.substr(0, at_two.size()) == at_two);
  CHECK(again.find("\"test/loss\":33.0}\n") != std::string::npos);
}

TEST_CASE("time goes on after a resume") {
  TempDir dir;
  append(dir / "metrics.jsonl", "{\"rollout\":1,\"update\":1,\"time_s\":1000.5}\n");
  MetricsWriter w(dir.path(), RunPosition{1, 1}, false);
  CHECK(w.time_s() >= 1000.5);
  CHECK(w.time_s() < 1100);
}

TEST_CASE("a file that cannot be written is named") {
  CHECK_THROWS_WITH(MetricsWriter("/nowhere/at/all", std::nullopt, false),
                    ContainsSubstring("/nowhere/at/all/metrics.jsonl: cannot write: No such file"));
  if (std::filesystem::exists("/dev/full")) {
    TempDir dir;
    std::filesystem::create_symlink("/dev/full", dir / "metrics.jsonl");
    MetricsWriter w(dir.path(), std::nullopt, false);
    CHECK_THROWS_WITH(w.write(Record(0, 0)), ContainsSubstring("metrics.jsonl: cannot write: No space left"));
  }
}

TEST_CASE("bad lines are skipped by number, good ones are read") {
  TempDir dir;
  const std::string deep(100000, '[');
  append(dir / "x.jsonl",
         "{\"a\":1}\n\n[1]\n{\"a\":\n{\"a\":1e999}\n{\"a\":\"\xff\"}\n" + deep + "\n{\"a\":2}\r\n{\"a\":3}");
  std::vector<int64_t> good, bad;
  read_jsonl(
      dir / "x.jsonl", [&](int64_t n, const Json&) { good.push_back(n); },
      [&](int64_t n, const std::string&) { bad.push_back(n); });
  CHECK(good == std::vector<int64_t>{1, 8});
  CHECK(bad == std::vector<int64_t>{3, 4, 5, 6, 7, 9});
  CHECK_THROWS_WITH(read_jsonl(dir / "none", nullptr, nullptr), ContainsSubstring("none: cannot open: No such file"));
}

TEST_CASE("a tail sees whole lines only, and starts again when the file was cut") {
  TempDir dir;
  const std::string path = dir / "s.jsonl";
  JsonlTail tail(path);
  bool restarted = true;
  CHECK(tail.poll(&restarted).empty());
  CHECK_FALSE(restarted);
  append(path, "{\"a\":1}\n{\"a\":");
  CHECK(tail.poll().size() == 1);
  CHECK(tail.poll().empty());
  append(path, "2}\n");
  const auto second = tail.poll();
  REQUIRE(second.size() == 1);
  CHECK(second[0]["a"] == 2);
  write_file(path, "{\"a\":9}\n");
  const auto third = tail.poll(&restarted);
  CHECK(restarted);
  REQUIRE(third.size() == 1);
  CHECK(third[0]["a"] == 9);
}

TEST_CASE("bytes that are not UTF-8 do not stop the writer") {
  TempDir dir;
  JsonlWriter w(dir / "s.jsonl", std::nullopt);
  w.write(Json{{"completion", "a\xff\xfe b\n"}});
  int lines = 0;
  read_jsonl(
      dir / "s.jsonl", [&](int64_t, const Json& j) { lines += j["completion"] == "a\uFFFD\uFFFD b\n"; },
      [](int64_t, const std::string&) { FAIL("skipped"); });
  CHECK(lines == 1);
}

TEST_CASE("the machine is described without host name") {
  const Json j = machine_info();
  CHECK(j.contains("compiler"));
  CHECK(j["cores"].get<int>() >= 1);
}

TEST_CASE("the metrics page lists areas and marks intervals") {
  const std::string page = metrics_page();
  CHECK(page.find("## test\n") != std::string::npos);
  CHECK(page.find("| `test/share` ± | A share with its interval. |") != std::string::npos);
  CHECK(metrics_page({"test"}).find("test/share") == std::string::npos);
}
