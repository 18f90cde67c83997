// Metrics: every measured quantity is declared once with a sentence, written to runs/NAME/metrics.jsonl and, under the
// same name, to TensorBoard files in runs/NAME/tb. A record says `rollout` (rollouts finished so far) and `update`
// (policy updates done so far), never a bare "step". One JSON object a line:
//   {"rollout":10,"update":20,"time_s":41.7,"grpo/kl":0.012,"eval/pass_at_1":0.13,"eval/pass_at_1_lo":0.10,...}
// Not-a-number and infinities are written as the strings "nan", "inf", "-inf": JSON has no word for them, and a record
// that hides them would be worse. Trap: names are checked when a record is made, so a typo stops the run at its first
// record rather than leaving a curve empty. Paper: none.
#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log_jsonl.h"
#include "base/registry.h"

namespace r1 {

/// A declared quantity. `name` is `area/name` in [a-z0-9_]; one `*` makes a family ("eval/level_*" covers
/// "eval/level_3"; the star stands for one word without '_' or '/'). With `interval` the names NAME_lo and NAME_hi
/// exist too (95% limits).
struct Metric {
  std::string name;
  std::string help;
  bool interval = false;

  /// Adds itself to the list of all metrics; throws Error for a malformed name or a second declaration.
  Metric(std::string metric_name, std::string sentence, bool with_interval = false);
};

/// At namespace scope, in a header or a .cpp: R1_METRIC(kGradNorm, "train/grad_norm", "L2 norm of the gradient.");
#define R1_METRIC(id, name, help) \
  inline const ::r1::Metric id { name, help }
/// The same for a quantity that is reported with its 95% interval.
#define R1_METRIC_INTERVAL(id, name, help) \
  inline const ::r1::Metric id { name, help, true }

/// The declaration that covers `name` (itself, a limit of it, or its family); null when nobody declared it.
const Metric* find_metric(const std::string& name);
/// The page paper_notes/metrics.md: every declared metric with its sentence, by area. Areas in `skip` are left out.
std::string metrics_page(const std::vector<std::string>& skip = {});

/// What is known at one point of a run. Setting a name twice, or one that nobody declared, throws Error.
class Record {
 public:
  Record(int64_t rollout, int64_t update) : position_{rollout, update} {}
  Record& set(const Metric& metric, double value) { return set(metric.name, value); }
  Record& set(const Metric& metric, double value, double lo, double hi) { return set(metric.name, value, lo, hi); }
  Record& set(const std::string& name, double value);
  /// Value with its 95% limits.
  Record& set(const std::string& name, double value, double lo, double hi);
  /// A member of a family: set_in(kEvalLevel, "3", 0.5) writes "eval/level_3". `member` must have no '_', '/' or space.
  Record& set_in(const Metric& family, const std::string& member, double value);
  Record& set_in(const Metric& family, const std::string& member, double value, double lo, double hi);

  RunPosition position() const { return position_; }
  const std::vector<std::pair<std::string, double>>& values() const { return values_; }
  /// The value of `name`, nan when it is not in the record.
  double get(const std::string& name) const;

 private:
  RunPosition position_;
  std::vector<std::pair<std::string, double>> values_;
};

/// A number as metrics.jsonl stores it, and back; `read` gives nothing for anything else.
Json metric_to_json(double value);
std::optional<double> metric_from_json(const Json& j);

class TensorBoardWriter;

/// Writes the records of one run; every record is flushed before write() returns.
class MetricsWriter {
 public:
  /// A new run (`resume` empty): RUN/metrics.jsonl must not exist yet. A resumed one: records later than `resume` and
  /// a cut last line are removed, the rest is kept byte for byte, and time_s goes on from the last record kept.
  /// Throws Error naming the file when it cannot be read or written.
  MetricsWriter(const std::string& run_folder, std::optional<RunPosition> resume, bool tensorboard = true);
  ~MetricsWriter();
  void write(const Record& record);
  /// Forces what is written to the disk: call it before a checkpoint names this position.
  void sync();
  /// Seconds since the run began, pauses between a stop and a resume not counted.
  double time_s() const;

 private:
  JsonlWriter file_;
  std::unique_ptr<TensorBoardWriter> tb_;
  double time_before_ = 0;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace r1
