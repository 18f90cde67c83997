// Several seeds of one recipe side by side: start, half of the gain and end of each run, the mean, the worst, and
// whether the project's goals for R1-Zero on a toy world are met. Reads run folders, trains nothing.
// Paper: [R1 Fig. 1], [R1 App. C.2], [R1 App. D.1]. Trap: a seed that failed counts like any other.
#pragma once
#include <string>
#include <vector>

#include "pipeline/report.h"

namespace r1 {

/// The figures of one evaluation of a run.
struct CurvePoint {
  int64_t rollout = 0, update = 0;
  double pass = 0, cons = 0, format = 0, length = 0, waits = 0, repaired = 0, spoiled = 0;
  std::vector<double> level;  ///< pass@1 by level, ascending
};

struct SeedCurve {
  std::string name;
  CurvePoint start, half, end;  ///< half: the first evaluation with at least half of the gain in pass@1
};

/// Start, half and end of a run. Throws Error when it has fewer than two evaluations.
SeedCurve seed_curve(const Run& run);

/// One goal and what the seeds show.
struct Goal {
  std::string text, found;
  bool met = false;
};
std::vector<Goal> curve_goals(const std::vector<SeedCurve>& seeds);

/// Markdown: a table of seeds, a table of goals.
std::string curves_text(const std::vector<SeedCurve>& seeds);

}  // namespace r1
