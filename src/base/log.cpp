// The list of metrics, records, and the writer of metrics.jsonl. Paper: none.
#include "base/log.h"

#include <cmath>
#include <limits>

#include "base/log_tb.h"

namespace r1 {
namespace {

bool well_formed(const std::string& name) {
  int slashes = 0, stars = 0;
  for (const char c : name) {
    slashes += c == '/';
    stars += c == '*';
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '/' || c == '*')) return false;
  }
  return slashes == 1 && stars <= 1 && name.front() != '/' && name.back() != '/';
}

// A family member is one word of any script: "wait" and its Chinese kin alike.
bool is_word(const std::string& s) {
  if (s.empty()) return false;
  for (const char c : s)
    if (c == '_' || c == '/' || c == '*' || static_cast<unsigned char>(c) <= ' ' || c == 0x7f) return false;
  return true;
}

bool in_family(const std::string& family, const std::string& name) {
  const size_t star = family.find('*');
  if (star == std::string::npos || name.size() < family.size()) return false;
  const size_t tail = family.size() - star - 1;
  return name.compare(0, star, family, 0, star) == 0 &&
         name.compare(name.size() - tail, tail, family, star + 1, tail) == 0 &&
         is_word(name.substr(star, name.size() - star - tail));
}

const Metric* find_exact(const std::string& name) {
  const auto& all = Registry<Metric>::get().entries();
  if (const auto it = all.find(name); it != all.end()) return &it->second;
  for (const auto& [pattern, metric] : all)
    if (in_family(pattern, name)) return &metric;
  return nullptr;
}

[[noreturn]] void fail_unknown(const std::string& name) {
  std::string best;
  size_t best_distance = name.size() / 2 + 1;
  for (const auto& [known, metric] : Registry<Metric>::get().entries())
    if (const size_t d = edit_distance(name, known); d < best_distance) best = known, best_distance = d;
  fail("unknown metric '", name, "'", best.empty() ? "" : ", did you mean '" + best + "'?",
       best.empty() ? ", declare it with R1_METRIC" : "");
}

std::string member_name(const Metric& family, const std::string& member) {
  R1_CHECK(is_word(member), "metric ", family.name, ": '", member, "' is not one word without '_' and '/'");
  std::string name = family.name;
  const size_t star = name.find('*');
  R1_CHECK(star != std::string::npos, "metric ", name, " is no family");
  return name.replace(star, 1, member);
}

}  // namespace

Metric::Metric(std::string metric_name, std::string sentence, bool with_interval)
    : name(std::move(metric_name)), help(std::move(sentence)), interval(with_interval) {
  if (!well_formed(name)) fail("metric '", name, "': expected area/name in lower case");
  if (help.size() < 10 || help.back() != '.') fail("metric '", name, "': expected a sentence, got '", help, "'");
  Registry<Metric>::get().add(name, *this);
}

const Metric* find_metric(const std::string& name) {
  if (const Metric* m = find_exact(name)) return m;
  if (name.size() > 3 && (name.ends_with("_lo") || name.ends_with("_hi")))
    if (const Metric* m = find_exact(name.substr(0, name.size() - 3)); m && m->interval) return m;
  return nullptr;
}

std::string metrics_page(const std::vector<std::string>& skip) {
  std::string page =
      "# Metrics\n\n"
      "Written by `r1 report --metrics` from the declarations in the code (`R1_METRIC`); do not edit by hand.\n\n"
      "`runs/NAME/metrics.jsonl` holds one JSON object a line. Beside the metrics below it has `rollout` (rollouts\n"
      "finished), `update` (policy updates done) and `time_s` (seconds since the run began, pauses not counted).\n"
      "Not-a-number and infinities are the strings `nan`, `inf`, `-inf`. `*` stands for one word. A metric marked ± "
      "also\n"
      "has `NAME_lo` and `NAME_hi`, the limits of its 95% interval. A later record of the same update replaces an\n"
      "earlier one.\n";
  std::string area;
  for (const auto& [name, metric] : Registry<Metric>::get().entries()) {
    const std::string its_area = name.substr(0, name.find('/'));
    if (std::find(skip.begin(), skip.end(), its_area) != skip.end()) continue;
    if (its_area != area) page += cat("\n## ", its_area, "\n\n| metric | what it is |\n| --- | --- |\n");
    area = its_area;
    page += cat("| `", name, "`", metric.interval ? " ±" : "", " | ", metric.help, " |\n");
  }
  return page;
}

Record& Record::set(const std::string& name, double value) {
  if (!find_metric(name) || name.find('*') != std::string::npos) fail_unknown(name);
  for (const auto& [known, v] : values_) R1_CHECK(known != name, "metric '", name, "' set twice in one record");
  values_.emplace_back(name, value);
  return *this;
}

Record& Record::set(const std::string& name, double value, double lo, double hi) {
  return set(name, value).set(name + "_lo", lo).set(name + "_hi", hi);
}

Record& Record::set_in(const Metric& family, const std::string& member, double value) {
  return set(member_name(family, member), value);
}

Record& Record::set_in(const Metric& family, const std::string& member, double value, double lo, double hi) {
  return set(member_name(family, member), value, lo, hi);
}

double Record::get(const std::string& name) const {
  for (const auto& [known, v] : values_)
    if (known == name) return v;
  return std::numeric_limits<double>::quiet_NaN();
}

Json metric_to_json(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

std::optional<double> metric_from_json(const Json& j) {
  if (j.is_number()) return j.get<double>();
  if (j.is_null() || j == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (j == "inf") return std::numeric_limits<double>::infinity();
  if (j == "-inf") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

MetricsWriter::MetricsWriter(const std::string& run_folder, std::optional<RunPosition> resume, bool tensorboard)
    : file_(run_folder + "/metrics.jsonl", resume), start_(std::chrono::steady_clock::now()) {
  if (const auto it = file_.last().find("time_s"); it != file_.last().end() && it->is_number())
    time_before_ = it->get<double>();
  if (tensorboard) tb_ = std::make_unique<TensorBoardWriter>(run_folder + "/tb", resume);
}

MetricsWriter::~MetricsWriter() = default;

double MetricsWriter::time_s() const {
  return time_before_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void MetricsWriter::write(const Record& record) {
  Json line;
  line["rollout"] = record.position().rollout;
  line["update"] = record.position().update;
  line["time_s"] = std::round(time_s() * 1000) / 1000;
  for (const auto& [name, value] : record.values()) line[name] = metric_to_json(value);
  file_.write(line);
  if (!tb_) return;
  for (const auto& [name, value] : record.values()) tb_->scalar(name, record.position().update, value);
  tb_->flush();
}

void MetricsWriter::sync() { file_.sync(); }

}  // namespace r1
