// The figures as a table of specifications plus the few that need more than one metric a line.
// Paper: [R1 Fig. 1], [R1 Fig. 8], [R1 Fig. 9], [R1 Fig. 7], [R1 Eq. 1-4], [DSM §5.2].
#include "pipeline/report_figures.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/log.h"

namespace r1 {
namespace {

constexpr int kColors = 6;  // c1..c6 on the page

struct Line {
  std::string metric, name;
};

struct Spec {
  std::string title, caption, anchor;
  Unit unit = Unit::kNumber;
  bool to_one = false;  ///< a share: axis from 0 to 100%
  std::vector<Line> lines;
};

const std::vector<Spec>& specs() {
  static const std::vector<Spec> all = {
      {"Form of the answers",
       "Share of answers that have exactly the asked form: thought in think tags, then the result in answer tags. It "
       "is "
       "usually learnt first, before accuracy moves.",
       "[R1 Eq. 4]",
       Unit::kPercent,
       true,
       {{"eval/format", "held-out problems"}, {"reward/format", "training rollouts"}}},
      {"Reward",
       "Mean rewards of each training rollout. The total is what the advantage is computed from; the parts are kept "
       "apart "
       "so that one can be seen to rise at the expense of another.",
       "[R1 Eq. 4]",
       Unit::kNumber,
       false,
       {{"reward/total", "total"},
        {"reward/accuracy", "accuracy"},
        {"reward/format", "format"},
        {"reward/language", "language"}}},
      {"Do the checks repair?",
       "Of the wrong lines that a check looked at, the share that is right afterwards, and of the right ones the share "
       "that the check spoilt, by the task's own oracle. Reflection that repairs nothing would be decoration.",
       "[R1 App. C.2]",
       Unit::kPercent,
       true,
       {{"eval/repaired", "wrong, then right"}, {"eval/spoiled", "right, then wrong"}}},
      {"Distance from the reference",
       "Mean estimate a token of the KL divergence between the policy and its reference, the term that GRPO holds "
       "down. "
       "It drops back whenever the reference is replaced by the policy.",
       "[R1 Eq. 2]",
       Unit::kNumber,
       false,
       {{"grpo/kl", "KL a token"}}},
      {"Entropy",
       "Mean entropy of the next-token distribution along the sampled answers, in nats. A fall to zero means that the "
       "policy has stopped trying anything new.",
       "",
       Unit::kNumber,
       false,
       {{"grpo/entropy", "entropy"}}},
      {"Clipped tokens",
       "Share of tokens whose gradient vanishes because their probability ratio left the clip range. With the paper's "
       "wide "
       "range it stays near zero.",
       "[R1 Eq. 1]",
       Unit::kPercent,
       false,
       {{"grpo/clipped", "clipped"}}},
      {"Groups that teach nothing",
       "Share of groups in which all outputs earned the same reward: their advantages are zero. High at the start "
       "means "
       "problems too hard, high at the end problems too easy.",
       "[R1 Eq. 3]",
       Unit::kPercent,
       true,
       {{"rollout/zero_variance", "zero-variance groups"}}},
      {"Gradient norm",
       "L2 norm of the whole gradient before clipping. Spikes show updates that the clip by global norm had to tame.",
       "",
       Unit::kNumber,
       false,
       {{"train/grad_norm", "gradient norm"}}},
      {"Cut answers",
       "Share of answers that ran into the length limit. When it grows, measured length is limited by us and not by "
       "the "
       "policy; the paper doubled its limit in mid-run.",
       "[R1 §2.1]",
       Unit::kPercent,
       false,
       {{"eval/truncated", "held-out problems"}, {"rollout/truncated", "training rollouts"}}},
      {"Language of the answers",
       "Mean share of each language among the words of an answer. Without a reward for consistency nothing holds the "
       "language in place, and the paper reports mixing.",
       "[R1 Eq. 7] [R1 Fig. 7]",
       Unit::kPercent,
       true,
       {{"eval/language_en", "English"}, {"eval/language_zh", "Chinese"}}},
      {"Largest probability ratio",
       "The largest ratio of a token's probability under the policy being trained to that under the policy that drew "
       "it. "
       "Exactly 1 at the first update after a rollout in exact mode.",
       "[R1 Eq. 1]",
       Unit::kNumber,
       false,
       {{"grpo/ratio_max", "largest ratio"}}},
      {"Rollout against training",
       "Largest absolute difference between the log-probability recorded while sampling and the one recomputed for "
       "training. Exact mode keeps it at zero.",
       "",
       Unit::kNumber,
       false,
       {{"grpo/logp_diff_max", "largest difference"}}},
      {"Loss",
       "Mean next-token loss in nats a token, on the training batches and on documents kept apart.",
       "",
       Unit::kNumber,
       false,
       {{"train/loss", "training"}, {"train/held_out_loss", "held out"}}},
      {"Learning rate", "Learning rate of each update.", "", Unit::kNumber, false, {{"train/lr", "learning rate"}}},
      {"Speed",
       "Tokens a second: generated during rollouts, and trained on during updates.",
       "",
       Unit::kNumber,
       false,
       {{"rollout/tokens_per_s", "rollout"}, {"train/tokens_per_s", "training"}}},
  };
  return all;
}

bool is_rollout_metric(const std::string& name) { return !name.starts_with("eval/") && name != "train/held_out_loss"; }

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
      line.noisy = is_rollout_metric(lines[i].metric);
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

Figure level_figure(const std::vector<Run>& runs) {
  Figure f{"Accuracy by level", "", "[R1 Fig. 8] [R1 App. C.1]", {}, false};
  Chart chart;
  chart.title = runs.size() == 1 ? "pass@1 by level" : "pass@1 by level at the end";
  chart.unit = Unit::kPercent;
  chart.y_min = 0, chart.y_max = 1;
  if (runs.size() == 1) {
    f.caption =
        "pass@1 of each difficulty level. Easy levels saturate first and hard ones last, as in the paper's figure "
        "for MATH, where levels 1 to 3 are near their ceiling early and level 5 keeps climbing.";
    for (const int level : levels(runs[0]))
      chart.lines.push_back(
          {cat("level ", level), cat("l", (level + 4) % 5 + 1), curve(runs[0], cat("eval/level_", level))});
  } else {
    f.caption = "pass@1 of each difficulty level at the last evaluation of each run, with 95% intervals.";
    chart.whole_x = true;
    chart.x_label = "level";
    for (size_t r = 0; r < runs.size(); ++r) {
      ChartLine line{runs[r].name, cat("c", r % kColors + 1), {}};
      line.ends_in_legend = false;
      for (const int level : levels(runs[r]))
        if (const auto c = curve(runs[r], cat("eval/level_", level)); !c.empty())
          line.points.push_back({static_cast<double>(level), c.back().y, c.back().lo, c.back().hi});
      chart.lines.push_back(line);
    }
  }
  f.charts.push_back(chart);
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
      false};
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
  chart.whole_x = true;
  chart.x_label = "k, as a power of two";
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
                    line("cons@16", "c2", {{200, 0.25}, {8400, 0.867}})};
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
      true};
}

}  // namespace r1
