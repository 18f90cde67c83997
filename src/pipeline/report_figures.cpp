// The figures as a table of specifications plus the few that need more than one metric a line.
// Paper: [R1 Fig. 1], [R1 Fig. 8], [R1 Fig. 9], [R1 Fig. 7], [R1 Eq. 1-4], [DSM §5.2].
#include "pipeline/report_figures.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/log.h"
#include "pipeline/report_specs.h"

namespace r1 {
namespace {

constexpr int kColors = 6;  // c1..c6 on the page

// Metrics that scatter from rollout to rollout; the others are evaluations, set by a schedule, or extremes.
bool is_noisy(const std::string& name) {
  for (const char* exact : {"eval/", "memory/", "train/lr", "train/held_out_loss", "train/skipped", "grpo/ref_update",
                            "grpo/logp_diff_max"})
    if (name.starts_with(exact)) return false;
  return true;
}

// One line for each metric (one run) or for each run and metric (several): colour tells runs apart, dashes metrics.
void add_lines(Chart& chart, const std::vector<Run>& runs, const std::vector<Line>& lines) {
  for (size_t r = 0; r < runs.size(); ++r)
    for (size_t i = 0; i < lines.size(); ++i) {
      ChartLine line;
      line.points = curve(runs[r], lines[i].metric);
      if (line.points.empty()) continue;
      line.name = runs.size() == 1    ? lines[i].name
                  : lines.size() == 1 ? runs[r].name
                                      : runs[r].name + " · " + lines[i].name;
      line.color = cat("c", (runs.size() == 1 ? i : r) % kColors + 1);
      line.dashed = runs.size() > 1 && i > 0;
      line.noisy = is_noisy(lines[i].metric);
      chart.lines.push_back(std::move(line));
    }
}

// In a comparison only the first metric that exists is shown beside a second of another kind: eval before rollout.
std::vector<Line> chosen(const std::vector<Run>& runs, const std::vector<Line>& lines) {
  if (runs.size() < 2) return lines;
  for (const Line& line : lines)
    for (const Run& run : runs)
      if (!curve(run, line.metric).empty()) return {line};
  return {};
}

Chart make_chart(const std::vector<Run>& runs, const Spec& spec, const std::vector<Line>& lines) {
  Chart chart;
  chart.title = spec.title;
  chart.unit = spec.unit;
  if (spec.unit == Unit::kPercent || spec.title == "Clipped tokens") chart.y_min = 0;
  if (spec.to_one) chart.y_max = 1;
  add_lines(chart, runs, lines);
  return chart;
}

Figure figure_one(const std::vector<Run>& runs) {
  const int64_t k = cons_k(runs[0]);
  Figure f{
      "Accuracy and length over training",
      cat("Left: share of held-out problems solved over the policy updates: pass@1, the mean over all samples, and "
          "cons@",
          k,
          ", a majority vote. Right: mean answer length in tokens. Bands are 95% bootstrap intervals over "
          "problems. The paper's first figure shows the same two curves rising together."),
      "[R1 Fig. 1]",
      {},
      true};
  Chart accuracy;
  accuracy.title = "Accuracy on held-out problems";
  accuracy.unit = Unit::kPercent;
  accuracy.y_min = 0, accuracy.y_max = 1;
  add_lines(accuracy, runs, {{"eval/pass_at_1", "pass@1"}, {cat("eval/cons_at_", k), cat("cons@", k)}});
  Chart length;
  length.title = "Mean response length, tokens";
  length.y_min = 0;
  add_lines(length, runs,
            chosen(runs, {{"eval/length", "held-out problems"}, {"rollout/length", "training rollouts"}}));
  if (!accuracy.lines.empty()) f.charts.push_back(accuracy);
  if (!length.lines.empty()) f.charts.push_back(length);
  return f;
}

// pass@1 against the level at the first (or last) evaluation.
ChartLine level_profile(const Run& run, bool first) {
  ChartLine line;
  line.ends_in_legend = false;
  line.dashed = first;
  for (const int level : levels(run))
    if (const auto c = curve(run, cat("eval/level_", level)); !c.empty()) {
      const Point& p = first ? c.front() : c.back();
      line.points.push_back({static_cast<double>(level), p.y, p.lo, p.hi});
    }
  return line;
}

Figure level_figure(const std::vector<Run>& runs) {
  Figure f{
      "Accuracy by level",
      "pass@1 of each difficulty level, with 95% intervals. Easy levels saturate first and hard ones last, as in the "
      "paper's figure for MATH, where levels 1 to 3 are near their ceiling early and level 5 keeps climbing.",
      "[R1 Fig. 8] [R1 App. C.1]",
      {},
      runs.size() == 1};
  Chart time, profile;
  time.unit = profile.unit = Unit::kPercent;
  time.y_min = profile.y_min = 0;
  time.y_max = profile.y_max = 1;
  time.title = "pass@1 by level, over updates";
  profile.title = runs.size() == 1 ? "pass@1 by level, first and last evaluation" : "pass@1 by level, last evaluation";
  profile.whole_x = true;
  profile.x_label = "level";
  if (runs.size() == 1) {
    for (const int level : levels(runs[0]))
      time.lines.push_back(
          {cat("level ", level), cat("l", (level + 4) % 5 + 1), curve(runs[0], cat("eval/level_", level))});
    f.charts.push_back(time);
  }
  for (size_t r = 0; r < runs.size(); ++r)
    for (const bool first : {true, false}) {
      if (first && runs.size() > 1) continue;
      ChartLine line = level_profile(runs[r], first);
      line.name = runs.size() > 1 ? runs[r].name : first ? "first" : "last";
      line.color = cat("c", r % kColors + 1);
      profile.lines.push_back(line);
    }
  f.charts.push_back(profile);
  return f;
}

Figure reflective_figure(const std::vector<Run>& runs) {
  Figure f{
      "Words of reflection",
      "How often an answer contains one of the ten words that the paper counts (wait, mistake, however, but, retry, "
      "error, verify, wrong, evaluate, check). The paper reports a five- to sevenfold rise of the total, with 'wait' "
      "rare at first and frequent late.",
      "[R1 Fig. 9] [R1 App. C.2]",
      {},
      runs.size() == 1};
  Chart total;
  total.title = "Reflective words an answer";
  total.y_min = 0;
  add_lines(total, runs, chosen(runs, {{"eval/reflective", "the ten words"}, {"eval/kin", "their kin"}}));
  const auto start = curve(runs[0], "eval/reflective");
  if (runs.size() == 1 && start.size() > 1 && start.front().y > 0)
    total.rules = {{5 * start.front().y, "5 × the start"}};
  f.charts.push_back(total);
  if (runs.size() > 1) return f;
  // The words that occur most at the end, at most five.
  std::vector<std::pair<double, std::string>> words;
  for (const auto& word : family_members(runs[0], "eval/word_*"))
    if (const auto c = curve(runs[0], "eval/word_" + word); !c.empty())
      words.emplace_back(-std::max(c.back().y, c.front().y), word);
  std::sort(words.begin(), words.end());
  Chart each;
  each.title = "The most frequent of them";
  each.y_min = 0;
  for (size_t i = 0; i < words.size() && i < 5 && words[i].first < 0; ++i)
    each.lines.push_back({words[i].second, cat("c", i + 1), curve(runs[0], "eval/word_" + words[i].second)});
  if (!each.lines.empty()) f.charts.push_back(each);
  return f;
}

Figure pass_at_k_figure(const std::vector<Run>& runs) {
  Figure f{
      "More tries",
      "pass@k against k at the first and at the last evaluation: the chance that at least one of k answers is right. "
      "RL raises the left end of the curve; how far the right end moves says whether it found anything that the base "
      "could not already do with many tries.",
      "[DSM §5.2]",
      {},
      false};
  Chart chart;
  chart.title = "pass@k, first and last evaluation";
  chart.unit = Unit::kPercent;
  chart.y_min = 0, chart.y_max = 1;
  chart.whole_x = chart.log2_x = true;
  chart.x_label = "k";
  for (size_t r = 0; r < runs.size(); ++r) {
    ChartLine first{runs.size() == 1 ? "first" : runs[r].name + " · first", cat("c", r % kColors + 1), {}, true},
        last = first;
    last.name = runs.size() == 1 ? "last" : runs[r].name + " · last";
    last.dashed = first.ends_in_legend = last.ends_in_legend = false;
    for (const auto& k : family_members(runs[r], "eval/pass_at_*")) {
      const auto c = curve(runs[r], "eval/pass_at_" + k);
      const double x = std::log2(std::strtod(k.c_str(), nullptr));
      if (c.empty() || !(x >= 0) || x > 40) continue;
      first.points.push_back({x, c.front().y, c.front().lo, c.front().hi});
      last.points.push_back({x, c.back().y, c.back().lo, c.back().hi});
    }
    const auto by_x = [](const Point& a, const Point& b) { return a.x < b.x; };
    std::sort(first.points.begin(), first.points.end(), by_x);
    std::sort(last.points.begin(), last.points.end(), by_x);
    if (last.points.size() > 1) chart.lines.push_back(first), chart.lines.push_back(last);
  }
  f.charts.push_back(chart);
  return f;
}

bool has_data(const Figure& f) {
  return std::any_of(f.charts.begin(), f.charts.end(), [](const Chart& c) { return !chart_html(c).empty(); });
}

}  // namespace

std::vector<Figure> figures(const std::vector<Run>& runs) {
  std::vector<Figure> out = {figure_one(runs), level_figure(runs), reflective_figure(runs)};
  for (const Spec& spec : specs())
    out.push_back({spec.title, spec.caption, spec.anchor, {make_chart(runs, spec, chosen(runs, spec.lines))}, false});
  out.insert(out.begin() + 5, pass_at_k_figure(runs));
  std::erase_if(out, [](const Figure& f) { return !has_data(f); });
  return out;
}

std::vector<Figure> other_figures(const std::vector<Run>& runs) {
  std::set<std::string> shown, names;
  for (const Spec& spec : specs())
    for (const Line& line : spec.lines) shown.insert(line.metric);
  for (const char* name : {"eval/pass_at_1", "eval/length", "rollout/length", "eval/reflective", "eval/kin"})
    shown.insert(name);
  for (const MetricRow& row : runs[0].rows)
    for (const auto& [name, value] : row.values) names.insert(name);
  std::vector<Figure> out;
  for (const auto& name : names) {
    const Metric* m = find_metric(name);
    const bool limit = name.ends_with("_lo") || name.ends_with("_hi");
    if (!m || limit || shown.count(name) || m->name == "eval/word_*" || m->name == "eval/pass_at_*" ||
        m->name.starts_with("eval/level_*") || m->name == "eval/cons_at_*")
      continue;
    Chart chart;
    chart.title = name;
    add_lines(chart, runs, {{name, name}});
    Figure f{name, m->help, "", {chart}, false};
    if (has_data(f)) out.push_back(std::move(f));
  }
  return out;
}

Figure paper_figure() {
  const auto line = [](const char* name, const char* color, std::vector<std::pair<double, double>> xy) {
    ChartLine l{name, color, {}};
    for (const auto& [x, y] : xy) l.points.push_back({x, y, y, y});
    return l;
  };
  Chart accuracy, length;
  accuracy.title = "Paper: accuracy on AIME 2024";
  accuracy.unit = Unit::kPercent;
  accuracy.y_min = 0, accuracy.y_max = 1;
  accuracy.lines = {line("pass@1", "c1", {{200, 0.156}, {4000, 0.6}, {8400, 0.71}}),
                    line("cons@16, ends only", "c2", {{200, 0.25}, {8400, 0.867}})};
  accuracy.lines[1].dots_only =
      true;  // a straight line between its ends would cross pass@1, which the paper's does not
  length.title = "Paper: mean response length, tokens";
  length.y_min = 0;
  length.lines = {line("training", "c1", {{0, 500}, {2000, 2000}, {4000, 4000}, {6000, 5500}, {8400, 9700}})};
  return {
      "The same two curves in the paper",
      "Only the few values that can be read off the figures of the paper's first version, joined by straight lines: "
      "the shape to compare with, not its data. A 671B model on competition mathematics, against a toy model on toy "
      "problems: shapes may be compared, heights may not.",
      "[R1v1 Fig. 2] [R1v1 Fig. 3]",
      {accuracy, length},
      true,
      true};
}

}  // namespace r1
