// Scales, ticks, paths, legends. All coordinates are in the units of a 480 x 274 view box, which the page scales to the
// width of a card. Paper: none.
#include "pipeline/report_svg.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace r1 {
namespace {

constexpr double kWidth = 480, kHeight = 274, kLeft = 50, kRight = 14, kTop = 10, kBottom = 44;
constexpr size_t kMaxPoints = 500;   // more than a screen shows: averaged in buckets
constexpr size_t kNoisyPoints = 40;  // fewer need no smoothing

std::string fixed(double v, int digits) {
  char text[400];
  std::snprintf(text, sizeof text, "%.*f", digits, v);
  return text;
}

// Shortest decimal with at most `digits` after the point.
std::string trimmed(double v, int digits) {
  std::string s = fixed(v, digits);
  if (s.find('.') != std::string::npos) {
    while (s.back() == '0') s.pop_back();
    if (s.back() == '.') s.pop_back();
  }
  return s == "-0" ? "0" : s;
}

struct Scale {
  double x0, x1, y0, y1;
  double x(double v) const { return kLeft + (v - x0) / (x1 - x0) * (kWidth - kLeft - kRight); }
  double y(double v) const {
    const double t = std::clamp((v - y0) / (y1 - y0), 0.0, 1.0);
    return kHeight - kBottom - t * (kHeight - kBottom - kTop);
  }
};

std::vector<Point> thinned(const std::vector<Point>& p) {
  if (p.size() <= kMaxPoints) return p;
  std::vector<Point> out;
  for (size_t b = 0; b < kMaxPoints; ++b) {
    const size_t begin = b * p.size() / kMaxPoints, end = (b + 1) * p.size() / kMaxPoints;
    Point m;
    for (size_t i = begin; i < end; ++i) m.x += p[i].x, m.y += p[i].y, m.lo += p[i].lo, m.hi += p[i].hi;
    const auto n = static_cast<double>(end - begin);
    out.push_back({m.x / n, m.y / n, m.lo / n, m.hi / n});
  }
  return out;
}

std::string path_of(const std::vector<Point>& points, const Scale& s) {
  std::string d;
  for (const Point& p : points) d += cat(d.empty() ? "M" : "L", trimmed(s.x(p.x), 1), " ", trimmed(s.y(p.y), 1));
  return d;
}

std::string band_of(const std::vector<Point>& points, const Scale& s) {
  std::string d;
  for (const Point& p : points) d += cat(d.empty() ? "M" : "L", trimmed(s.x(p.x), 1), " ", trimmed(s.y(p.hi), 1));
  for (auto p = points.rbegin(); p != points.rend(); ++p)
    d += cat("L", trimmed(s.x(p->x), 1), " ", trimmed(s.y(p->lo), 1));
  return d + "Z";
}

bool has_band(const std::vector<Point>& points) {
  return std::any_of(points.begin(), points.end(), [](const Point& p) { return p.hi > p.lo; });
}

Scale scale_of(const Chart& c) {
  Scale s{INFINITY, -INFINITY, INFINITY, -INFINITY};
  for (const auto& line : c.lines)
    for (const Point& p : line.points) {
      s.x0 = std::min(s.x0, p.x), s.x1 = std::max(s.x1, p.x);
      s.y0 = std::min(s.y0, p.lo), s.y1 = std::max(s.y1, p.hi);
    }
  for (const auto& rule : c.rules) s.y1 = std::max(s.y1, rule.y);
  if (s.y0 > 0 && s.y0 < 0.6 * s.y1) s.y0 = 0;  // start at zero unless that would flatten the curve
  if (c.y_min) s.y0 = *c.y_min;
  if (c.y_max) s.y1 = *c.y_max;
  if (!(s.y1 > s.y0)) {  // a constant
    const double pad = s.y0 == 0 ? 1 : std::abs(s.y0) * 0.1;
    if (s.y0 > 0 || s.y0 < 0) s.y0 -= pad;
    s.y1 = s.y0 + (s.y0 == 0 ? 1 : 2) * pad;
  }
  if (s.x0 > 0 && s.x0 < 0.06 * s.x1) s.x0 = 0;
  if (!(s.x1 > s.x0)) s.x1 = s.x0 + 1;
  if (c.whole_x) s.x0 -= 0.4, s.x1 += 0.4;
  if (!c.y_max) {
    const auto ticks = nice_ticks(s.y0, s.y1, 5);
    if (ticks.size() > 1)
      s.y1 = std::max(s.y1, ticks.back() < s.y1 ? ticks.back() + ticks[1] - ticks[0] : ticks.back());
  }
  return s;
}

// Labels of neighbouring ticks must differ: as many digits as their distance needs.
std::string tick_label(double t, double step, Unit unit) {
  const double factor = unit == Unit::kPercent ? 100 : 1;
  if (unit == Unit::kNumber && (std::abs(t) >= 1e4 || step >= 1e3 || step < 1e-6)) return format_value(t, unit, false);
  const int digits = std::max(0, static_cast<int>(-std::floor(std::log10(step * factor) + 1e-9)));
  return trimmed(t * factor, digits) + (unit == Unit::kPercent ? "%" : "");
}

std::string axes(const Chart& c, const Scale& s) {
  std::string out;
  const auto levels = nice_ticks(s.y0, s.y1, 5);
  const double step = levels.size() > 1 ? levels[1] - levels[0] : 1;
  for (const double t : levels) {
    const std::string y = trimmed(s.y(t), 1);
    out += cat("<path class=\"gl\" d=\"M", kLeft, " ", y, "H", kWidth - kRight, "\"/><text class=\"ty\" x=\"",
               kLeft - 7, "\" y=\"", y, "\" dy=\".33em\">", tick_label(t, step, c.unit), "</text>");
  }
  std::vector<double> ticks = nice_ticks(s.x0, s.x1, 5);
  if (c.whole_x) {
    ticks.clear();
    for (double x = std::ceil(s.x0); x <= s.x1 && ticks.size() < 20; ++x) ticks.push_back(x);
  }
  for (const double t : ticks)
    out += cat("<text class=\"tx\" x=\"", trimmed(s.x(t), 1), "\" y=\"", kHeight - kBottom + 20, "\">",
               format_value(c.log2_x ? std::exp2(t) : t, Unit::kNumber, false), "</text>");
  return out + cat("<text class=\"tx lab\" x=\"", (kLeft + kWidth - kRight) / 2, "\" y=\"", kHeight - 4, "\">",
                   html_escape(c.x_label), "</text>");
}

std::string line_svg(const ChartLine& line, const Scale& s, bool whole_x) {
  const auto points = thinned(line.points);
  const std::string color = cat(" style=\"--c:var(--", line.color, ")\"");
  std::string out;
  if (has_band(points) && !whole_x) out += cat("<path class=\"band\"", color, " d=\"", band_of(points, s), "\"/>");
  const bool average = line.noisy && points.size() >= kNoisyPoints;
  if (points.size() > 1 && !line.dots_only)
    out += cat("<path class=\"line", average ? " faint" : "", line.dashed ? " dash" : "", "\"", color, " d=\"",
               path_of(points, s), "\"/>");
  if (average)
    out += cat("<path class=\"line", line.dashed ? " dash" : "", "\"", color, " d=\"",
               path_of(smoothed(points, points.size() / 16 | 1), s), "\"/>");
  if (points.size() > kNoisyPoints) return out;
  for (const Point& p : points) {
    const std::string x = trimmed(s.x(p.x), 1);
    if (whole_x && p.hi > p.lo)
      out += cat("<path class=\"bar\"", color, " d=\"M", x, " ", trimmed(s.y(p.lo), 1), "V", trimmed(s.y(p.hi), 1),
                 "\"/>");
    out += cat("<circle class=\"dot\"", color, " cx=\"", x, "\" cy=\"", trimmed(s.y(p.y), 1), "\" r=\"",
               line.noisy       ? "1.6"
               : line.dots_only ? "4"
                                : "2.4",
               "\"/>");
  }
  return out;
}

std::string legend(const Chart& c) {
  std::string out = "<ul class=\"legend\">";
  for (const auto& line : c.lines) {
    if (line.points.empty()) continue;
    out += cat("<li><i class=\"", line.dashed ? "sw dash" : "sw", "\" style=\"--c:var(--", line.color, ")\"></i>",
               html_escape(line.name));
    if (line.ends_in_legend) {
      // A noisy line's ends are those of its average: single rollouts mislead.
      const auto p = line.noisy && line.points.size() >= kNoisyPoints
                         ? smoothed(line.points, line.points.size() / 16 | 1)
                         : line.points;
      out +=
          cat(" <b>", format_value(p.front().y, c.unit, true), " → ", format_value(p.back().y, c.unit, true), "</b>");
    }
    out += "</li>";
  }
  return out + "</ul>";
}

// What the small script of the page needs to show values under the pointer.
std::string hover_data(const Chart& c, const Scale& s) {
  Json lines = Json::array();
  for (const auto& line : c.lines) {
    Json x = Json::array(), y = Json::array(), text = Json::array();
    for (const Point& p : thinned(line.points)) {
      x.push_back(std::round(s.x(p.x) * 10) / 10);
      y.push_back(std::round(s.y(p.y) * 10) / 10);
      std::string value = format_value(p.y, c.unit, true);
      if (p.hi > p.lo)
        value += cat("  (", format_value(p.lo, c.unit, true), " – ", format_value(p.hi, c.unit, true), ")");
      text.push_back(Json::array({format_value(c.log2_x ? std::exp2(p.x) : p.x, Unit::kNumber, true), value}));
    }
    if (!x.empty()) lines.push_back({{"n", line.name}, {"c", line.color}, {"x", x}, {"y", y}, {"t", text}});
  }
  return html_escape(lines.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

std::vector<double> nice_ticks(double lo, double hi, int count) {
  const double raw = (hi - lo) / count;
  if (!(raw > 0) || !std::isfinite(raw)) return {lo};
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  const double mantissa = raw / power;
  const double step = power * (mantissa < 1.5 ? 1 : mantissa < 3.5 ? 2 : mantissa < 7.5 ? 5 : 10);
  std::vector<double> out;
  for (double i = std::ceil(lo / step - 1e-9); i * step <= hi + step * 1e-9 && out.size() < 50; ++i)
    out.push_back(i * step);
  return out;
}

std::string format_value(double v, Unit unit, bool exact) {
  if (!std::isfinite(v)) return "–";
  if (unit == Unit::kPercent) {
    const double p = std::abs(v * 100);
    if (p == 0 || p >= 9.995) return trimmed(v * 100, exact ? 1 : 0) + "%";
    return trimmed(v * 100, p >= 1 || p < 1e-6 ? 1 : 1 - static_cast<int>(std::floor(std::log10(p)))) + "%";
  }
  const double a = std::abs(v);
  if (a == 0) return "0";
  if (a >= 1e9) return trimmed(v / 1e9, exact ? 2 : 1) + "G";
  if (a >= 1e6) return trimmed(v / 1e6, exact ? 2 : 1) + "M";
  if (a >= 1e4) return trimmed(v / 1e3, exact ? 1 : 1) + "k";
  if (a >= 100) return trimmed(v, exact ? 1 : 0);
  if (a >= 10) return trimmed(v, 1);
  if (a >= 1) return trimmed(v, 2);
  if (a >= 1e-4) return trimmed(v, 2 - static_cast<int>(std::floor(std::log10(a))));  // three digits that count
  char text[32];
  std::snprintf(text, sizeof text, "%.2g", v);
  return text;
}

std::vector<Point> smoothed(const std::vector<Point>& points, size_t window) {
  std::vector<Point> out;
  const size_t half = window / 2;
  for (size_t i = 0; i < points.size(); ++i) {
    const size_t begin = i > half ? i - half : 0, end = std::min(points.size(), i + half + 1);
    double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0, low = points[i].y, high = low;
    for (size_t k = begin; k < end; ++k) {
      const double x = points[k].x - points[i].x;
      low = std::min(low, points[k].y), high = std::max(high, points[k].y);
      n += 1, sx += x, sy += points[k].y, sxx += x * x, sxy += x * points[k].y;
    }
    const double det = n * sxx - sx * sx;
    // The fit at x = 0, which is this point; never beyond what was measured (a share stays a share at the ends).
    const double y = std::clamp(det > 0 ? (sxx * sy - sx * sxy) / det : sy / n, low, high);
    out.push_back({points[i].x, y, y, y});
  }
  return out;
}

std::string chart_html(const Chart& c) {
  if (std::all_of(c.lines.begin(), c.lines.end(), [](const ChartLine& l) { return l.points.empty(); })) return "";
  const Scale s = scale_of(c);
  std::string svg =
      cat("<svg viewBox=\"0 0 ", kWidth, " ", kHeight, "\" role=\"img\" aria-label=\"", html_escape(c.title),
          "\" data-x=\"", html_escape(c.x_label), "\" data-lines=\"", hover_data(c, s), "\">", axes(c, s));
  for (const auto& rule : c.rules) {
    if (!(rule.y >= s.y0 && rule.y <= s.y1)) continue;
    const std::string y = trimmed(s.y(rule.y), 1);
    svg += cat("<path class=\"rule\" d=\"M", kLeft, " ", y, "H", kWidth - kRight, "\"/><text class=\"tr\" x=\"",
               kWidth - kRight - 4, "\" y=\"", y, "\" dy=\"-.35em\">", html_escape(rule.name), "</text>");
  }
  for (const auto& line : c.lines) svg += line_svg(line, s, c.whole_x);
  svg += "<path class=\"cross\"/></svg>";
  const std::string title = c.title.empty() ? "" : cat("<h4>", html_escape(c.title), "</h4>");
  return cat("<div class=\"chart\">", title, legend(c), svg, "</div>\n");
}

}  // namespace r1
