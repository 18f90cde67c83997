// Start and end of each metric with its interval. Paper: [R1 Fig. 8], [R1 App. D.1].
#include "pipeline/report_table.h"

#include <algorithm>
#include <cmath>

#include "pipeline/report_svg.h"

namespace r1 {
namespace {

struct Column {
  std::string name, all, level;  // metric of the whole, metric of one level ("*" for its number)
  Unit unit;
};

std::vector<Column> columns(const Run& run) {
  std::vector<Column> out = {{"pass@1", "eval/pass_at_1", "eval/level_*", Unit::kPercent}};
  if (const int64_t k = cons_k(run); k > 0)
    out.push_back({cat("cons@", k), cat("eval/cons_at_", k), "eval/level_*_cons", Unit::kPercent});
  out.push_back({"form", "eval/format", "eval/level_*_format", Unit::kPercent});
  out.push_back({"length", "eval/length", "eval/level_*_length", Unit::kNumber});
  out.push_back({"reflective", "eval/reflective", "eval/level_*_reflective", Unit::kNumber});
  std::erase_if(out, [&](const Column& c) { return curve(run, c.all).empty(); });
  return out;
}

Cell cell(const Run& run, const std::string& metric, Unit unit) {
  const auto c = curve(run, metric);
  if (c.empty()) return {"–", ""};
  const Point& end = c.back();
  Cell out{format_value(end.y, unit, true), ""};
  if (c.size() > 1) out.text = format_value(c.front().y, unit, true) + " → " + out.text;
  if (end.hi > end.lo) out.note = format_value(end.lo, unit, true) + " – " + format_value(end.hi, unit, true);
  return out;
}

}  // namespace

Table level_table(const Run& run) {
  Table t;
  t.title = "By level, start and end";
  t.caption =
      "First and last evaluation on held-out problems; below each figure the 95% bootstrap interval of the last one, "
      "over problems. A level where every problem has the same outcome has no interval.";
  t.header = {"level"};
  const auto cols = columns(run);
  for (const auto& c : cols) t.header.push_back(c.name);
  if (cols.empty()) return t;
  const auto add = [&](const std::string& name, const std::string& level) {
    std::vector<Cell> row = {{name, ""}};
    for (const Column& c : cols) {
      std::string metric = level.empty() ? c.all : c.level;
      if (!level.empty()) metric.replace(metric.find('*'), 1, level);
      row.push_back(cell(run, metric, c.unit));
    }
    t.rows.push_back(row);
  };
  add("all", "");
  for (const int level : levels(run)) add(cat(level), cat(level));
  return t;
}

Table run_table(const std::vector<Run>& runs) {
  Table t;
  t.title = "Runs, start and end";
  t.caption =
      "First and last evaluation of each run, with the 95% bootstrap interval of the last one over problems; it does "
      "not cover the spread between seeds, which the runs themselves show.";
  t.header = {"run"};
  const auto cols = columns(runs[0]);
  for (const auto& c : cols) t.header.push_back(c.name);
  if (cols.empty()) return t;
  for (const Run& run : runs) {
    std::vector<Cell> row = {{run.name, ""}};
    for (const Column& c : cols) row.push_back(cell(run, c.all, c.unit));
    t.rows.push_back(row);
  }
  if (runs.size() < 3) return t;
  std::vector<Cell> mean = {{"mean of the runs", ""}}, worst = {{"lowest of the runs", ""}};
  for (const Column& c : cols) {
    double sum = 0, low = INFINITY;
    int n = 0;
    for (const Run& run : runs)
      if (const auto points = curve(run, c.all); !points.empty())
        sum += points.back().y, low = std::min(low, points.back().y), ++n;
    mean.push_back({n ? format_value(sum / n, c.unit, true) : "–", ""});
    worst.push_back({n ? format_value(low, c.unit, true) : "–", ""});
  }
  t.rows.push_back(mean);
  t.rows.push_back(worst);
  return t;
}

}  // namespace r1
