#include "pipeline/curves.h"

#include "base/check.h"
#include "support/catch.h"

using namespace r1;

namespace {

/// Three evaluations: 5%, `middle`, `end`.
Run run_of(const std::string& name, double middle, double end) {
  Run run;
  run.name = run.folder = name;
  const double pass[] = {.05, middle, end};
  for (int i = 0; i < 3; ++i) {
    MetricRow row;
    row.rollout = 10 * i, row.update = 40 * i;
    row.values = {{"eval/pass_at_1", pass[i]},
                  {"eval/cons_at_16", pass[i] + .1},
                  {"eval/format", .3 + .34 * i},
                  {"eval/length", 20.0 + 30 * i},
                  {"eval/word_wait", .05 + .5 * i},
                  {"eval/word_等等", .01},
                  {"eval/repaired", .9},
                  {"eval/spoiled", .02},
                  {"eval/level_1", pass[i] + .05},
                  {"eval/level_2", pass[i] - .05 * i}};
    run.rows.push_back(row);
    MetricRow between;  // a rollout without an evaluation
    between.rollout = 10 * i + 5, between.update = 40 * i + 20;
    between.values = {{"reward/total", 1.0}};
    run.rows.push_back(between);
  }
  return run;
}

const Goal& goal(const std::vector<Goal>& goals, const std::string& text) {
  for (const Goal& g : goals)
    if (g.text.find(text) != std::string::npos) return g;
  fail("no goal with ", text);
}

}  // namespace

TEST_CASE("start, half of the gain and end of a run") {
  const SeedCurve s = seed_curve(run_of("a", .5, .9));
  CHECK(s.start.rollout == 0);
  CHECK(s.half.rollout == 10);  // .5 is at least half way from .05 to .9
  CHECK(s.end.rollout == 20);
  CHECK(s.end.waits == 1.06);
  CHECK(s.end.level.size() == 2);
  CHECK(seed_curve(run_of("b", .3, .9)).half.rollout == 20);
  Run one = run_of("c", .5, .9);
  one.rows.resize(1);
  CHECK_THROWS_WITH(seed_curve(one), ContainsSubstring("1 evaluations, expected at least 2"));
}

TEST_CASE("goals count the mean and the worst seed, and say what was found") {
  const std::vector<SeedCurve> good = {seed_curve(run_of("a", .5, .9)), seed_curve(run_of("b", .5, .74))};
  for (const Goal& g : curve_goals(good)) {
    INFO(g.text << ": " << g.found);
    CHECK(g.met);
  }
  const std::vector<SeedCurve> bad = {seed_curve(run_of("a", .5, .95)), seed_curve(run_of("b", .5, .68))};
  CHECK(goal(curve_goals(bad), "mean pass@1 at the end").met);
  CHECK_FALSE(goal(curve_goals(bad), "worst seed").met);
  CHECK(goal(curve_goals(bad), "worst seed").found == "68.0%");
  const std::string text = curves_text(bad);
  CHECK(text.find("| b | end | 80 | 68.0 |") != std::string::npos);
  CHECK(text.find("| mean | end | 80 | 81.5 |") != std::string::npos);
  CHECK_THROWS_AS(curves_text({}), Error);
}
