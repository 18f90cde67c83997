// Seeds side by side. Paper: [R1 Fig. 1], [R1 App. C.2], [R1 App. D.1].
#include "pipeline/curves.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>

#include "base/check.h"

namespace r1 {
namespace {

using Figure = double CurvePoint::*;

double value_of(const MetricRow& row, const std::string& name) {
  const auto it = row.values.find(name);
  return it == row.values.end() ? 0 : it->second;
}

CurvePoint point_of(const Run& run, const MetricRow& row) {
  CurvePoint p;
  p.rollout = row.rollout, p.update = row.update;
  p.pass = value_of(row, "eval/pass_at_1"), p.cons = value_of(row, cat("eval/cons_at_", cons_k(run)));
  p.format = value_of(row, "eval/format"), p.length = value_of(row, "eval/length");
  p.waits = value_of(row, "eval/word_wait") + value_of(row, "eval/word_等等");
  p.repaired = value_of(row, "eval/repaired"), p.spoiled = value_of(row, "eval/spoiled");
  for (const int level : levels(run)) p.level.push_back(value_of(row, cat("eval/level_", level)));
  return p;
}

double mean(const std::vector<SeedCurve>& seeds, const std::function<double(const SeedCurve&)>& f) {
  double sum = 0;
  for (const SeedCurve& s : seeds) sum += f(s);
  return sum / static_cast<double>(seeds.size());
}

double worst(const std::vector<SeedCurve>& seeds, const std::function<double(const SeedCurve&)>& f) {
  double least = f(seeds[0]);
  for (const SeedCurve& s : seeds) least = std::min(least, f(s));
  return least;
}

std::string text_of(const char* format, auto... values) {
  char text[160];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

std::string row(const std::string& name, const std::string& when, const CurvePoint& p) {
  std::string levels;
  for (const double l : p.level) levels += (levels.empty() ? "" : " ") + text_of("%.0f", 100 * l);
  return cat("| ", name, " | ", when, " | ", p.update, " | ", text_of("%.1f", 100 * p.pass), " | ",
             text_of("%.1f", 100 * p.cons), " | ", text_of("%.1f", 100 * p.format), " | ", text_of("%.1f", p.length),
             " | ", text_of("%.2f", p.waits), " | ", text_of("%.0f", 100 * p.repaired), " | ",
             text_of("%.1f", 100 * p.spoiled), " | ", levels, " |\n");
}

CurvePoint mean_point(const std::vector<SeedCurve>& seeds, CurvePoint SeedCurve::*when) {
  CurvePoint m;
  for (const Figure f : {&CurvePoint::pass, &CurvePoint::cons, &CurvePoint::format, &CurvePoint::length,
                         &CurvePoint::waits, &CurvePoint::repaired, &CurvePoint::spoiled})
    m.*f = mean(seeds, [&](const SeedCurve& s) { return (s.*when).*f; });
  m.update = std::llround(mean(seeds, [&](const SeedCurve& s) { return static_cast<double>((s.*when).update); }));
  for (size_t l = 0; l < (seeds[0].*when).level.size(); ++l)
    m.level.push_back(
        mean(seeds, [&](const SeedCurve& s) { return l < (s.*when).level.size() ? (s.*when).level[l] : 0; }));
  return m;
}

}  // namespace

SeedCurve seed_curve(const Run& run) {
  std::vector<CurvePoint> points;
  for (const MetricRow& r : run.rows)
    if (r.values.count("eval/pass_at_1")) points.push_back(point_of(run, r));
  if (points.size() < 2) fail(run.folder, ": ", points.size(), " evaluations, expected at least 2");
  SeedCurve s{run.name, points.front(), points.back(), points.back()};
  const double half = (s.start.pass + s.end.pass) / 2;
  for (const CurvePoint& p : points)
    if (p.pass >= half) {
      s.half = p;
      break;
    }
  return s;
}

std::vector<Goal> curve_goals(const std::vector<SeedCurve>& seeds) {
  std::vector<Goal> goals;
  const auto add = [&](const char* text, bool met, std::string found) {
    goals.push_back({text, std::move(found), met});
  };
  const CurvePoint start = mean_point(seeds, &SeedCurve::start), end = mean_point(seeds, &SeedCurve::end);
  const double least = worst(seeds, [](const SeedCurve& s) { return s.end.pass; });
  const double vote = mean(seeds, [](const SeedCurve& s) { return s.half.cons - s.half.pass; });
  const double longer = end.length / std::max(start.length, 1e-9), more = end.waits / std::max(start.waits, 1e-9);
  add("mean pass@1 of the base at most 10%", start.pass <= .10, text_of("%.1f%%", 100 * start.pass));
  add("mean pass@1 at the end at least 80%", end.pass >= .80, text_of("%.1f%%", 100 * end.pass));
  add("worst seed at least 70%", least >= .70, text_of("%.1f%%", 100 * least));
  add("cons@16 at least 8 points over pass@1 at half the gain", vote >= .08, text_of("%.1f points", 100 * vote));
  add("format at the end at least 95%", end.format >= .95, text_of("%.1f%%", 100 * end.format));
  add("mean length at least 3x", longer >= 3, text_of("%.2fx", longer));
  add("'wait' and its kin at least 5x", more >= 5, text_of("%.1fx", more));
  add("checks repair more than they spoil", end.repaired > .5 && end.spoiled < .1,
      text_of("%.0f%% of checked wrong lines repaired, %.1f%% of checked right lines spoiled", 100 * end.repaired,
              100 * end.spoiled));
  const auto in_order = [&](const char* text, const std::vector<double>& level) {
    std::string s;
    for (const double l : level) s += (s.empty() ? "" : ", ") + text_of("%.1f", 100 * l);
    add(text, std::is_sorted(level.rbegin(), level.rend()), s);
  };
  in_order("levels 1 to 5 in order at half the gain", mean_point(seeds, &SeedCurve::half).level);
  in_order("levels 1 to 5 in order at the end", end.level);
  return goals;
}

std::string curves_text(const std::vector<SeedCurve>& seeds) {
  if (seeds.empty()) fail("curves: no run");
  std::string out =
      "| seed | when | update | pass@1 | cons@16 | form | length | waits | repaired | spoiled | levels |\n"
      "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n";
  for (const SeedCurve& s : seeds)
    out += row(s.name, "base", s.start) + row(s.name, "half", s.half) + row(s.name, "end", s.end);
  out += row("mean", "base", mean_point(seeds, &SeedCurve::start)) +
         row("mean", "half", mean_point(seeds, &SeedCurve::half)) +
         row("mean", "end", mean_point(seeds, &SeedCurve::end));
  out += "\n| goal | found | met |\n| --- | --- | --- |\n";
  for (const Goal& g : curve_goals(seeds))
    out += cat("| ", g.text, " | ", g.found, " | ", g.met ? "yes" : "no", " |\n");
  return out;
}

}  // namespace r1
