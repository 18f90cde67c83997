// Line charts as SVG, drawn by hand: no library, no script needed to see them. Colours are CSS variables of the page,
// so light and dark need one drawing. Paper: none.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "pipeline/report.h"

namespace r1 {

enum class Unit { kNumber, kPercent };

struct ChartLine {
  std::string name;           ///< as in the legend
  std::string color;          ///< a CSS variable of the page, without dashes: "c1"
  std::vector<Point> points;  ///< ascending x
  bool dashed = false;
  bool noisy = false;          ///< a point a rollout: drawn faint, with a smoothed line on top
  bool dots_only = false;      ///< no line between the points
  bool ends_in_legend = true;  ///< legend shows first and last value
};

/// A horizontal line with a name ("5x the start").
struct ChartRule {
  double y = 0;
  std::string name;
};

struct Chart {
  std::string title;
  std::string x_label = "policy updates";
  Unit unit = Unit::kNumber;
  std::optional<double> y_min, y_max;  ///< fixed ends; empty = from the data
  std::vector<ChartLine> lines;
  std::vector<ChartRule> rules;
  bool whole_x = false;  ///< a tick at every whole x (levels)
  bool log2_x = false;   ///< with whole_x: x is log2 of what the tick says
};

/// Title, legend and drawing; "" when no line has a point.
std::string chart_html(const Chart& chart);

/// Round tick positions that cover [lo, hi], about `count` of them.
std::vector<double> nice_ticks(double lo, double hi, int count);
/// "73%" or "72.8%", "0.012", "1.3k": short for an axis, one more digit for a value.
std::string format_value(double v, Unit unit, bool exact);
/// Each y replaced by the straight line fitted to the `window` points around it (fewer at the ends), so that a slope
/// stays a slope and the ends do not bend; lo and hi become y.
std::vector<Point> smoothed(const std::vector<Point>& points, size_t window);
/// Text made safe for HTML content and attributes: markup escaped, invalid UTF-8, control and direction characters
/// replaced by U+FFFD.
std::string html_escape(const std::string& text);

}  // namespace r1
