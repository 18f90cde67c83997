// The report on made-up runs: figures that are right, pages that are well formed, hostile and broken input.
#include "pipeline/report.h"

#include <cmath>
#include <filesystem>
#include <regex>

#include "base/io.h"
#include "base/log.h"
#include "pipeline/report_figures.h"
#include "pipeline/report_samples.h"
#include "pipeline/report_table.h"
#include "support/catch.h"
#include "support/fake_run.h"
#include "support/files.h"

using namespace r1;
using r1_test::TempDir;

namespace {

// Every element closed in order, no stray '<', attributes quoted. "" when all is well, else what is wrong and where.
std::string html_fault(const std::string& page) {
  static const std::vector<std::string> kVoid = {"meta", "br", "path", "circle"};
  std::vector<std::string> open;
  for (size_t i = page.find('>') + 1; (i = page.find('<', i)) != std::string::npos;) {
    size_t end = i + 1;
    char quote = 0;
    for (; end < page.size() && (quote || page[end] != '>'); ++end)
      if (page[end] == '"') quote = quote ? 0 : '"';
    const std::string tag = page.substr(i + 1, end - i - 1);
    const bool closing = tag[0] == '/';
    const std::string name = tag.substr(closing, tag.find_first_of(" /", 1) - closing);
    if (name.empty() || name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") != std::string::npos)
      return "odd tag <" + tag + ">";
    if (closing) {
      if (open.empty() || open.back() != name) return "</" + name + "> without its start";
      open.pop_back();
    } else if (tag.back() != '/' && std::find(kVoid.begin(), kVoid.end(), name) == kVoid.end()) {
      open.push_back(name);
    }
    i = name == "script" || name == "style" ? page.find("</", end) : end;
  }
  return open.empty() ? "" : "<" + open.back() + "> never closed";
}

size_t count(const std::string& text, const std::string& what) {
  size_t n = 0;
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size()) ++n;
  return n;
}

Run small_run() {
  Run run;
  run.name = "small";
  for (int i = 0; i <= 4; ++i) {
    MetricRow row;
    row.rollout = i, row.update = 2 * i;
    row.values = {{"eval/pass_at_1", 0.25 * i}, {"eval/pass_at_1_lo", 0.2 * i}, {"eval/pass_at_1_hi", 0.25 * i},
                  {"eval/length", 10.0 * i},    {"eval/cons_at_16", 0.25 * i},  {"eval/level_2", 0.1 * i}};
    run.rows.push_back(row);
  }
  return run;
}

}  // namespace

TEST_CASE("curves: last record of an update counts, gaps stay gaps, limits enclose the value") {
  Run run = small_run();
  MetricRow again;
  again.rollout = 2, again.update = 4;
  again.values = {{"eval/pass_at_1", 0.9}, {"eval/pass_at_1_lo", 0.95}};
  run.rows.insert(run.rows.begin() + 3, again);
  run.rows[1].values["eval/pass_at_1"] = std::nan("");
  run.rows[4].values["eval/pass_at_1"] = INFINITY;
  const auto c = curve(run, "eval/pass_at_1");
  REQUIRE(c.size() == 3);
  CHECK((c[0].x == 0 && c[1].x == 4 && c[2].x == 8));
  CHECK(c[1].y == 0.9);
  CHECK((c[1].lo == 0.9 && c[1].hi == 0.9));
  CHECK((c[2].lo == 0.8 && c[2].hi == 1.0));
  CHECK(curve(run, "no/such").empty());
  CHECK(cons_k(run) == 16);
  CHECK(levels(run) == std::vector<int>{2});
}

TEST_CASE("a chart puts its points where the axis says") {
  Chart chart;
  chart.title = "t", chart.unit = Unit::kPercent, chart.y_min = 0, chart.y_max = 1;
  chart.lines = {{"a", "c1", {{0, 0, 0, 0}, {10, 0.5, 0.5, 0.5}, {20, 1, 1, 1}}}};
  const std::string html = chart_html(chart);
  // View box 480 x 274, margins left 50, right 14, top 10, bottom 44: x 50..466, y 230..10.
  CHECK(html.find("d=\"M50 230L258 120L466 10\"") != std::string::npos);
  CHECK(html.find("0% → 100%") != std::string::npos);
  CHECK(count(html, "<circle") == 3);
  CHECK(html_fault("<!doctype html>" + html) == "");
  chart.lines[0].points = {};
  CHECK(chart_html(chart).empty());
  chart.lines[0].points = {{5, 0.25, 0.25, 0.25}};  // one point: no division by nothing
  CHECK(chart_html(chart).find("cy=\"175\"") != std::string::npos);
  CHECK(chart_html(chart).find("nan") == std::string::npos);
}

TEST_CASE("values and ticks are short and round") {
  CHECK(format_value(0.728, Unit::kPercent, true) == "72.8%");
  CHECK(format_value(0.728, Unit::kPercent, false) == "73%");
  CHECK(format_value(0.000034, Unit::kPercent, true) == "0.0034%");
  CHECK(format_value(0.0638, Unit::kNumber, true) == "0.0638");
  CHECK(format_value(-0.0, Unit::kNumber, true) == "0");
  CHECK(format_value(13440, Unit::kNumber, true) == "13.4k");
  CHECK(format_value(1.5, Unit::kNumber, true) == "1.5");
  CHECK(format_value(2e-7, Unit::kNumber, true) == "2e-07");
  CHECK(format_value(NAN, Unit::kNumber, true) == "–");
  CHECK(nice_ticks(0, 220, 5) == std::vector<double>{0, 50, 100, 150, 200});
  CHECK(nice_ticks(1, 1, 5) == std::vector<double>{1});
  CHECK(nice_ticks(-1, 1, 4).size() == 5);
}

TEST_CASE("smoothing keeps straight lines, calms noise and invents nothing") {
  std::vector<Point> line, noise;
  for (int i = 0; i < 60; ++i) {
    line.push_back({1.0 * i, 3 + 2.0 * i, 0, 0});
    noise.push_back({1.0 * i, i % 2 ? 1.0 : 0.0, 0, 0});
  }
  const auto a = smoothed(line, 7), b = smoothed(noise, 15);
  for (size_t i = 0; i < a.size(); ++i) CHECK(std::abs(a[i].y - line[i].y) < 1e-9);
  for (size_t i = 10; i + 10 < b.size(); ++i) CHECK(std::abs(b[i].y - 0.5) < 0.05);
  for (const Point& p : b) CHECK((p.y >= 0 && p.y <= 1));
}

TEST_CASE("the report of a run: Figure 1 first, captions and anchors everywhere, well formed, nothing from outside") {
  TempDir dir;
  r1_test::write_fake_run(dir / "toy", 1, 30);
  const Run run = load_run(dir / "toy");
  CHECK(run.warnings.empty());
  const std::string page = report_html({run});
  CHECK(html_fault(page) == "");
  const auto all = figures({run});
  REQUIRE(all.size() >= 15);
  CHECK(all[0].anchor == "[R1 Fig. 1]");
  CHECK(all[0].charts.size() == 2);
  CHECK(all[1].anchor.find("[R1 Fig. 8]") == 0);
  CHECK(all[2].anchor.find("[R1 Fig. 9]") == 0);
  for (const Figure& f : all) {
    CHECK(f.caption.size() > 20);
    CHECK(f.caption.back() == '.');
    CHECK(page.find(html_escape(f.title)) != std::string::npos);
    if (!f.anchor.empty()) CHECK(std::regex_match(f.anchor, std::regex(R"((\[(R1|R1v1|DSM) [^\]]+\] ?)+)")));
  }
  for (const char* outside : {"http://", "https://", "src=", "href=", "@import", "url("})
    CHECK(page.find(outside) == std::string::npos);
  CHECK(page.find("nan") == std::string::npos);
  CHECK(page.find("r1 r1-zero --preset toy --seed 1") != std::string::npos);
  CHECK(page.find("group_size") != std::string::npos);
  for (const Figure& f : other_figures({run})) CHECK(f.charts[0].title.find("_lo") == std::string::npos);
}

TEST_CASE("a comparison has one colour a run, a table of runs and their mean") {
  TempDir dir;
  std::vector<Run> runs;
  for (int i = 0; i < 3; ++i) {
    r1_test::write_fake_run(dir / ("s" + std::to_string(i)), static_cast<uint64_t>(i), 20);
    runs.push_back(load_run(dir / ("s" + std::to_string(i))));
  }
  const std::string page = report_html(runs);
  CHECK(html_fault(page) == "");
  CHECK(page.find("s2 · cons@16") != std::string::npos);
  const Table t = run_table(runs);
  REQUIRE(t.rows.size() == 5);
  const auto end = [&](int i) { return curve(runs[static_cast<size_t>(i)], "eval/pass_at_1").back().y; };
  CHECK(t.rows[3][1].text == format_value((end(0) + end(1) + end(2)) / 3, Unit::kPercent, true));
  CHECK(t.rows[4][1].text == format_value(std::min({end(0), end(1), end(2)}), Unit::kPercent, true));
  CHECK(report_text(runs, false).find("mean of the runs") != std::string::npos);
}

TEST_CASE("the terminal rendering shows the table and no control characters") {
  Run run = small_run();
  run.name = "evil\x1b[31m";
  const std::string plain = report_text({run}, false);
  CHECK(plain.find('\x1b') == std::string::npos);
  CHECK(plain.find("0% → 100%") != std::string::npos);
  CHECK(plain.find("pass@1, cons@16 (dotted)") != std::string::npos);
  const std::string color = report_text({run}, true);
  CHECK(color.find("\x1b[31m") == std::string::npos);
  CHECK(color.find("\x1b[2m") != std::string::npos);
}

TEST_CASE("hostile text stays text") {
  CHECK(html_escape("<b a=\"1\" c='2'>&amp;") == "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;");
  CHECK(html_escape("等 é \n\t") == "等 é \n\t");
  CHECK(html_escape("a\xff\xc0\xaf\xed\xa0\x80z") == "a\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDz");
  CHECK(html_escape("\x1b\xe2\x80\xae\xe2\x81\xa6") == "\uFFFD\uFFFD\uFFFD");
  TempDir dir;
  r1_test::write_fake_run(dir / "x", 1, 10);
  Run run = load_run(dir / "x");
  const std::string evil = "\"'></script></style><script>alert(1)</script><img src=x onerror=alert(1)>; <think> &lt;";
  run.name = evil;
  run.config[evil] = {{evil, evil}};
  run.config["command"] = evil;
  run.warnings.push_back(evil);
  run.rows[0].values["eval/word_" + std::string("<i>")] = 3;
  for (Sample& s : run.samples) s.prompt = s.completion = s.answer = s.reference = evil, s.spans = {{3, 9, evil}};
  for (const auto& runs : {std::vector<Run>{run}, std::vector<Run>{run, run}}) {
    const std::string page = report_html(runs);
    CHECK(html_fault(page) == "");
    CHECK(count(page, "<script") == 1);
    CHECK(count(page, "<img") == 0);
    CHECK(count(page, "<i>") == 0);
  }
}

TEST_CASE("broken lines are named and the report goes on") {
  TempDir dir;
  r1_test::write_fake_run(dir / "x", 1, 10);
  const std::string metrics = read_text(dir / "x/metrics.jsonl");
  write_file(
      dir / "x/metrics.jsonl",
      "{\"rollout\":\n{\"rollout\":1,\"update\":\"2\"}\n{\"rollout\":1,\"update\":1e40}\n" + metrics + "{\"roll");
  write_file(dir / "x/samples.jsonl",
             "[]\n{\"rollout\":0,\"update\":0,\"problem\":1}\n"
             "{\"rollout\":0,\"update\":0,\"problem\":1,\"completion\":\"ok\",\"spans\":[[0,99,\"wrong\"],7]}\n");
  write_file(dir / "x/config.json", "{");
  const Run run = load_run(dir / "x");
  std::string all;
  for (const auto& w : run.warnings) all += w + "\n";
  for (const char* expected :
       {"metrics.jsonl line 1 skipped: not a JSON object", "metrics.jsonl line 2 skipped: rollout or update",
        "metrics.jsonl line 3 skipped", "cut short", "samples.jsonl line 1 skipped", "samples.jsonl line 2 skipped",
        "config.json is not a JSON object"})
    CHECK(all.find(expected) != std::string::npos);
  REQUIRE(run.samples.size() == 1);
  CHECK(run.samples[0].spans.empty());  // 99 is past the end
  const std::string page = report_html({run});
  CHECK(html_fault(page) == "");
  CHECK(page.find("metrics.jsonl line 2 skipped") != std::string::npos);
  CHECK(report_text({run}, false).find("line 2 skipped") != std::string::npos);
}

TEST_CASE("a run that is not there, or holds nothing yet, is one line") {
  TempDir dir;
  CHECK_THROWS_WITH(load_run(dir / "none"), ContainsSubstring("none: no such run folder"));
  CHECK_THROWS_WITH(load_run(dir.path()), ContainsSubstring("it has no metrics.jsonl"));
  write_file(dir / "metrics.jsonl", "");
  CHECK_THROWS_WITH(load_run(dir.path()), ContainsSubstring("no record in it yet"));
  write_file(dir / "metrics.jsonl", "{\"rollout\":0,\"update\":0,\"time_s\":1}\n");
  const Run run = load_run(dir.path());  // a record without figures: a page all the same
  CHECK(run.warnings.size() == 2);
  CHECK(html_fault(report_html({run})) == "");
  CHECK(!report_text({run}, false).empty());
}

TEST_CASE("extreme figures neither crash nor hang the page") {
  Run run = small_run();
  for (int i = 0; i < 3000; ++i) {
    MetricRow row;
    row.rollout = i, row.update = INT64_MAX / 3000 * i;
    row.values = {
        {"grpo/kl", i % 7 ? 1e29 : -1e29}, {"grpo/entropy", 1e-300}, {"train/grad_norm", i % 2 ? 1e300 : 5.0}};
    run.rows.push_back(row);
  }
  const std::string page = report_html({run});
  CHECK(html_fault(page) == "");
  CHECK(page.size() < 3000000);
  for (const char* bad : {">inf", "\"inf", " inf", "-inf", "Linf", "Minf", "nan"})
    CHECK(page.find(bad) == std::string::npos);
}

TEST_CASE("completions are cut at tags, words and spans, and give the text back") {
  Sample s;
  s.completion = "<think> 3 * 4 = 11 ; Wait 等等 no 12 </think> <answer>12</answer>";
  s.spans = {{8, 18, "wrong"}, {21, 28, "repaired"}};  // the second ends inside a character
  const auto pieces = marked_up(s, {"wait", "等等"});
  std::string whole;
  for (const MarkedPiece& p : pieces) {
    whole += p.text;
    CHECK(html_escape(p.text).find("\uFFFD") == std::string::npos);
  }
  CHECK(whole == s.completion);
  CHECK(pieces[0].text == "<think>");
  CHECK(pieces[0].mark == Mark::kTag);
  CHECK(pieces[2].text == "3 * 4 = 11");
  CHECK(pieces[2].verdict == Verdict::kWrong);
  const auto is_wait = [](const MarkedPiece& p) {
    return p.text == "Wait" && p.mark == Mark::kWord && p.verdict == Verdict::kRepaired;
  };
  CHECK(std::any_of(pieces.begin(), pieces.end(), is_wait));
}

TEST_CASE("stories: one answer an evaluation, the telling prompt first") {
  Run run;
  const auto add = [&](int64_t update, int64_t problem, double accuracy, const std::string& text) {
    Sample s;
    s.update = update, s.problem = problem, s.level = 3, s.accuracy = accuracy, s.completion = text;
    run.samples.push_back(s);
  };
  add(0, 1, 1, "easy"), add(0, 2, 0, "ok"), add(0, 2, 1, "second sample of the same time"), add(20, 2, 1, "wait 5"),
      add(20, 1, 1, "easy");
  const auto all = stories(run);
  REQUIRE(all.size() == 2);
  CHECK(all[0].problem == 2);
  REQUIRE(all[0].times.size() == 2);
  CHECK(all[0].times[0]->completion == "ok");
  std::vector<const Sample*> eleven(11, &run.samples[0]);
  eleven[10] = &run.samples[1];
  CHECK(thin_times(eleven, 5).size() == 5);
  CHECK(thin_times(eleven, 5).back() == &run.samples[1]);
}
