// The figures that show plain metrics over updates, as a table: title, caption, anchor, axis, metrics. Adding a figure
// is adding a row. Paper: [R1 Eq. 1-4], [R1 Fig. 7].
#pragma once
#include <string>
#include <vector>

#include "pipeline/report_svg.h"

namespace r1 {

/// A metric and its name in the legend.
struct Line {
  std::string metric, name;
};

/// One figure with one chart.
struct Spec {
  std::string title, caption, anchor;
  Unit unit = Unit::kNumber;
  bool to_one = false;  ///< a share: axis from 0 to 100%
  std::vector<Line> lines;
};

/// All rows, in the order of the page.
const std::vector<Spec>& specs();

}  // namespace r1
