// The tables of a report as plain cells, so that the page and the terminal show the same figures.
// Paper: [R1 Fig. 8], [R1 App. D.1].
#pragma once
#include <string>
#include <vector>

#include "pipeline/report.h"

namespace r1 {

struct Cell {
  std::string text;  ///< "8.1% → 72.8%"
  std::string note;  ///< "70.1% – 75.2%", the 95% interval at the end
};

struct Table {
  std::string title, caption;
  std::vector<std::string> header;
  std::vector<std::vector<Cell>> rows;
};

/// Levels x metrics, first and last evaluation; no rows when the run has no evaluation.
Table level_table(const Run& run);
/// Runs x metrics, first and last evaluation, and the mean and the worst of the runs when there are three or more.
Table run_table(const std::vector<Run>& runs);

}  // namespace r1
