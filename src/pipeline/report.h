// What a run left behind, and how it is shown: runs/NAME/{config.json, metrics.jsonl, samples.jsonl} -> report.html
// (one file that opens offline) and a rendering for the terminal. Nothing is trained or judged here; a run folder may
// come from anybody, so every string in it is treated as hostile. Paper: [R1 Fig. 1], [R1 App. C] (the figures
// redrawn). Trap: a resumed run writes a point again; the later record of the same update counts.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/fields.h"

namespace r1 {

/// One record of metrics.jsonl; numbers only (nan and inf may occur).
struct MetricRow {
  int64_t rollout = 0, update = 0;
  double time_s = 0;
  std::map<std::string, double> values;
};

/// A stretch [begin, end) of a completion, in bytes, with what the task's oracle says of it.
struct SampleSpan {
  size_t begin = 0, end = 0;
  std::string kind;  ///< "wrong", "repaired", "right", "spoiled"
};

/// One line of samples.jsonl: {rollout, update, problem, level, prompt, completion, answer, reference, accuracy,
/// format, length} and, if the task can say, spans: [[begin, end, kind], ...].
struct Sample {
  int64_t rollout = 0, update = 0, problem = 0, level = 0, length = 0;
  double accuracy = 0, format = 0;
  std::string prompt, completion, answer, reference;
  std::vector<SampleSpan> spans;
};

struct Run {
  std::string name;  ///< last part of the folder
  std::string folder;
  Json config = Json::object();
  std::vector<MetricRow> rows;        ///< ascending update
  std::vector<Sample> samples;        ///< file order
  std::vector<std::string> warnings;  ///< skipped lines and missing files, one sentence each
};

/// A point of a curve: x is the policy update; lo and hi are the 95% limits, equal to y when there are none.
struct Point {
  double x = 0, y = 0, lo = 0, hi = 0;
};

/// Reads a run folder. A missing folder or one without metrics.jsonl throws Error in one line; malformed lines, and a
/// missing config or samples file, become warnings.
Run load_run(const std::string& folder);

/// One object of samples.jsonl; false when it is not one.
bool sample_from_json(const Json& j, Sample& out);

/// The curve of a metric: finite values in ascending order of update, the last record of an update.
std::vector<Point> curve(const Run& run, const std::string& metric);
/// The k of the run's eval/cons_at_k: the largest one it has, 0 if none.
int64_t cons_k(const Run& run);
/// The levels that the run's evaluations have, ascending.
std::vector<int> levels(const Run& run);
/// Members of a family that occur in the run: family_members(run, "eval/word_*").
std::vector<std::string> family_members(const Run& run, const std::string& family);

/// The page: one run, or several laid over one another (the first is the main one).
std::string report_html(const std::vector<Run>& runs);
/// The terminal rendering: table and small charts. `color` adds ANSI colours.
std::string report_text(const std::vector<Run>& runs, bool color);

}  // namespace r1
