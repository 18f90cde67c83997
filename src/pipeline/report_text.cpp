// The report for a terminal: two small braille charts (accuracy, length), the table, and a line with a sparkline for
// each health metric. Text from the run is stripped of control characters. Paper: [R1 Fig. 1], [R1 Fig. 8].
#include <algorithm>
#include <cmath>

#include "base/log_progress.h"
#include "pipeline/report_svg.h"
#include "pipeline/report_table.h"

namespace r1 {
namespace {

constexpr int kChartWidth = 34, kChartHeight = 8, kLabel = 6;

// Columns that a text takes: wide characters (CJK) take two, continuation bytes none.
int columns_of(const std::string& s) {
  int n = 0;
  for (const char c : s) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) n += byte >= 0xE3 && byte <= 0xED ? 2 : 1;
  }
  return n;
}

std::string pad(const std::string& s, int width, bool right) {
  const std::string space(static_cast<size_t>(std::max(0, width - columns_of(s))), ' ');
  return right ? space + s : s + space;
}

struct Ink {
  bool on;
  std::string operator()(const char* code, const std::string& s) const {
    return on ? cat("\033[", code, "m", s, "\033[0m") : s;
  }
};

// A canvas of 2 x 4 dots a cell; a cell takes the colour of the line drawn last into it.
class Canvas {
 public:
  void dot(int x, int y, int line) {
    if (x < 0 || y < 0 || x >= 2 * kChartWidth || y >= 4 * kChartHeight) return;
    static constexpr int kBit[4][2] = {{0, 3}, {1, 4}, {2, 5}, {6, 7}};
    cells_[y / 4][x / 2] |= 1 << kBit[y % 4][x % 2];
    colors_[y / 4][x / 2] = line;
  }
  std::string row(int r, const Ink& ink) const {
    static const char* const kColor[] = {"34", "33", "32", "35"};
    std::string out;
    for (int c = 0; c < kChartWidth; ++c) {
      const int code = 0x2800 + cells_[r][c];
      const std::string glyph = {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3F)),
                                 static_cast<char>(0x80 | (code & 0x3F))};
      out += cells_[r][c] ? ink(kColor[colors_[r][c] % 4], glyph) : " ";
    }
    return out;
  }

 private:
  int cells_[kChartHeight][kChartWidth] = {};
  int colors_[kChartHeight][kChartWidth] = {};
};

// Lines of one chart: title, kChartHeight rows with labels at top and bottom, the x axis.
std::vector<std::string> braille(const std::string& title, const std::vector<std::vector<Point>>& lines, Unit unit,
                                 const Ink& ink) {
  double x0 = INFINITY, x1 = -INFINITY, top = unit == Unit::kPercent ? 1 : 0;
  for (const auto& line : lines)
    for (const Point& p : line) x0 = std::min(x0, p.x), x1 = std::max(x1, p.x), top = std::max(top, p.y);
  if (!(x1 > x0)) x1 = x0 + 1;
  if (!(top > 0)) top = 1;
  Canvas canvas;
  for (size_t l = 0; l < lines.size(); ++l)
    for (size_t i = 0; i + 1 < lines[l].size(); ++i) {
      const Point &a = lines[l][i], &b = lines[l][i + 1];
      const auto px = [&](double x) { return (x - x0) / (x1 - x0) * (2 * kChartWidth - 1); };
      const int from = static_cast<int>(std::lround(px(a.x))), to = static_cast<int>(std::lround(px(b.x)));
      for (int x = from; x <= to; ++x) {
        if (l > 0 && x % 3 == 0) continue;  // without colours the second line still reads as dotted
        const double t = to > from ? static_cast<double>(x - from) / (to - from) : 0;
        const double y = std::clamp((a.y + t * (b.y - a.y)) / top, 0.0, 1.0);
        canvas.dot(x, static_cast<int>(std::lround((1 - y) * (4 * kChartHeight - 1))), static_cast<int>(l));
      }
    }
  std::vector<std::string> out = {pad("", kLabel + 2, false) + pad(title, kChartWidth, false)};
  for (int r = 0; r < kChartHeight; ++r) {
    const std::string label = r == 0 ? format_value(top, unit, false) : r == kChartHeight - 1 ? "0" : "";
    out.push_back(pad(label, kLabel, true) + ink("2", " │") + canvas.row(r, ink));
  }
  const std::string from = format_value(x0, Unit::kNumber, false),
                    to = format_value(x1, Unit::kNumber, false) + " updates";
  out.push_back(pad("", kLabel + 2, false) + from + pad(to, kChartWidth - columns_of(from), true));
  return out;
}

std::string sparkline(const std::vector<Point>& points) {
  static const char* const kBars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  constexpr size_t kCells = 30;
  double lo = INFINITY, hi = -INFINITY;
  std::vector<double> cells;
  const size_t n = std::min(kCells, points.size());
  for (size_t c = 0; c < n; ++c) {
    double sum = 0;
    const size_t begin = c * points.size() / n, end = (c + 1) * points.size() / n;
    for (size_t i = begin; i < end; ++i) sum += points[i].y;
    cells.push_back(sum / static_cast<double>(end - begin));
    lo = std::min(lo, cells.back()), hi = std::max(hi, cells.back());
  }
  std::string out;
  for (const double v : cells) out += kBars[hi > lo ? static_cast<int>(std::lround((v - lo) / (hi - lo) * 7)) : 0];
  return out;
}

std::string charts_text(const Run& run, const Ink& ink) {
  const auto pass = curve(run, "eval/pass_at_1"), cons = curve(run, cat("eval/cons_at_", cons_k(run)));
  auto length = curve(run, "eval/length");
  if (length.empty()) length = curve(run, "rollout/length");
  std::vector<std::vector<std::string>> blocks;
  if (pass.size() > 1) {
    const std::string title = cons.empty() ? "pass@1" : cat("pass@1, cons@", cons_k(run), " (dotted)");
    blocks.push_back(braille(title, {pass, cons}, Unit::kPercent, ink));
  }
  if (length.size() > 1) blocks.push_back(braille("mean length, tokens", {length}, Unit::kNumber, ink));
  if (const auto loss = curve(run, "train/loss"); blocks.empty() && loss.size() > 1)
    blocks.push_back(braille("loss", {loss}, Unit::kNumber, ink));
  std::string out;
  for (size_t r = 0; !blocks.empty() && r < blocks[0].size(); ++r) {
    for (const auto& b : blocks) out += b[r];
    out += "\n";
  }
  return out.empty() ? out : out + "\n";
}

std::string table_text(const Table& t, const Ink& ink) {
  if (t.rows.empty()) return "";
  std::vector<int> width;
  for (size_t c = 0; c < t.header.size(); ++c) {
    int w = columns_of(printable(t.header[c]));
    for (const auto& row : t.rows)
      w = std::max({w, columns_of(printable(row[c].text)), columns_of(printable(row[c].note))});
    width.push_back(w);
  }
  const auto line = [&](const auto& text_of) {
    std::string s;
    for (size_t c = 0; c < width.size(); ++c) s += (c ? "   " : "") + pad(printable(text_of(c)), width[c], c > 0);
    while (!s.empty() && s.back() == ' ') s.pop_back();
    return s;
  };
  std::string out = ink("2", line([&](size_t c) { return t.header[c]; })) + "\n";
  for (const auto& row : t.rows) {
    out += line([&](size_t c) { return row[c].text; }) + "\n";
    const std::string notes = line([&](size_t c) { return row[c].note; });
    if (!notes.empty()) out += ink("2", notes) + "\n";
  }
  return out;
}

std::string health_text(const Run& run, const Ink& ink) {
  static const std::pair<const char*, Unit> kHealth[] = {{"reward/total", Unit::kNumber},
                                                         {"eval/repaired", Unit::kPercent},
                                                         {"grpo/kl", Unit::kNumber},
                                                         {"grpo/entropy", Unit::kNumber},
                                                         {"grpo/clipped", Unit::kPercent},
                                                         {"grpo/logp_diff_max", Unit::kNumber},
                                                         {"rollout/zero_variance", Unit::kPercent},
                                                         {"rollout/truncated", Unit::kPercent},
                                                         {"train/loss", Unit::kNumber},
                                                         {"train/grad_norm", Unit::kNumber},
                                                         {"rollout/tokens_per_s", Unit::kNumber}};
  std::string out;
  for (const auto& [name, unit] : kHealth) {
    const auto c = curve(run, name);
    if (c.empty()) continue;
    out += cat(pad(name, 22, false),
               pad(format_value(c.front().y, unit, true) + " → " + format_value(c.back().y, unit, true), 20, true),
               "   ", ink("34", sparkline(c)), "\n");
  }
  return out.empty() ? out : "\n" + out;
}

}  // namespace

std::string report_text(const std::vector<Run>& runs, bool color) {
  const Ink ink{color};
  std::string out;
  if (runs.size() == 1) {
    const Run& run = runs[0];
    const MetricRow& last = run.rows.back();
    out = cat(ink("1", printable(run.name)), "  ", last.rollout, " rollouts · ", last.update, " updates · ",
              format_duration(last.time_s), "\n\n", charts_text(run, ink), table_text(level_table(run), ink),
              health_text(run, ink));
  } else {
    out = table_text(run_table(runs), ink);
  }
  for (const Run& run : runs)
    for (const auto& w : run.warnings) out += ink("33", cat(printable(run.name), ": ", printable(w))) + "\n";
  return out;
}

}  // namespace r1
