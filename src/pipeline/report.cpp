// Reads a run folder; bad lines are skipped and named. Paper: none.
#include "pipeline/report.h"

#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/io.h"
#include "base/log.h"

namespace r1 {
namespace {

constexpr size_t kMaxWarnings = 20;    // a broken file must not fill the page
constexpr size_t kMaxText = 1u << 20;  // bytes of a completion or prompt that are kept
constexpr double kMaxFigure = 1e30;    // beyond this a value is a fault, and its scale would hide the rest

bool is_folder(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode);
}

bool exists(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0;
}

std::string last_part(std::string folder) {
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  const size_t slash = folder.rfind('/');
  return slash == std::string::npos || folder == "/" ? folder : folder.substr(slash + 1);
}

bool read_whole(const Json& j, const char* key, int64_t& out) {
  const auto it = j.find(key);
  if (it == j.end() || !it->is_number_integer()) return false;
  if (it->is_number_unsigned() && it->get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) return false;
  out = it->get<int64_t>();
  return true;
}

void read_number(const Json& j, const char* key, double& out) {
  if (const auto it = j.find(key); it != j.end()) {
    if (it->is_number()) out = it->get<double>();
    if (it->is_boolean()) out = it->get<bool>() ? 1 : 0;
  }
}

void read_string(const Json& j, const char* key, std::string& out) {
  const auto it = j.find(key);
  if (it == j.end()) return;
  if (it->is_string()) out = it->get<std::string>();
  if (it->is_number()) out = it->dump();
  if (out.size() > kMaxText) out.resize(kMaxText);
}

bool row_from_json(const Json& j, MetricRow& row) {
  if (!read_whole(j, "rollout", row.rollout) || !read_whole(j, "update", row.update)) return false;
  read_number(j, "time_s", row.time_s);
  for (const auto& [key, value] : j.items())
    if (key.find('/') != std::string::npos)
      if (const auto number = metric_from_json(value)) row.values[key] = *number;
  return true;
}

void warn(Run& run, const std::string& text) {
  if (run.warnings.size() < kMaxWarnings) run.warnings.push_back(text);
  if (run.warnings.size() == kMaxWarnings) run.warnings.push_back("More lines were skipped and are not listed.");
}

void load_config(Run& run) {
  const std::string path = run.folder + "/config.json";
  if (!exists(path)) return warn(run, "config.json is missing: the configuration is not shown.");
  if (auto j = parse_jsonl(read_text(path)))
    run.config = std::move(*j);
  else
    warn(run, "config.json is not a JSON object: the configuration is not shown.");
}

void load_samples(Run& run) {
  const std::string path = run.folder + "/samples.jsonl";
  if (!exists(path)) return warn(run, "samples.jsonl is missing: no answers are shown.");
  const auto skipped = [&](int64_t line, const std::string& why) {
    warn(run, cat("samples.jsonl line ", line, " skipped: ", why, "."));
  };
  read_jsonl(
      path,
      [&](int64_t line, const Json& j) {
        Sample s;
        if (sample_from_json(j, s))
          run.samples.push_back(std::move(s));
        else
          skipped(line, "rollout, update, problem or completion is missing or of the wrong type");
      },
      skipped);
}

}  // namespace

bool sample_from_json(const Json& j, Sample& s) {
  if (!read_whole(j, "rollout", s.rollout) || !read_whole(j, "update", s.update)) return false;
  if (!read_whole(j, "problem", s.problem)) return false;
  const auto completion = j.find("completion");
  if (completion == j.end() || !completion->is_string()) return false;
  read_whole(j, "level", s.level);
  read_whole(j, "length", s.length);
  read_number(j, "accuracy", s.accuracy);
  read_number(j, "format", s.format);
  read_string(j, "prompt", s.prompt);
  read_string(j, "completion", s.completion);
  read_string(j, "answer", s.answer);
  read_string(j, "reference", s.reference);
  const auto spans = j.find("spans");
  if (spans == j.end() || !spans->is_array()) return true;
  for (const Json& span : *spans) {
    if (!span.is_array() || span.size() != 3 || !span[0].is_number_unsigned() || !span[1].is_number_unsigned() ||
        !span[2].is_string())
      continue;
    const auto begin = span[0].get<uint64_t>(), end = span[1].get<uint64_t>();
    if (begin < end && end <= s.completion.size()) s.spans.push_back({begin, end, span[2].get<std::string>()});
  }
  return true;
}

Run load_run(const std::string& folder) {
  Run run;
  run.folder = folder;
  run.name = last_part(folder);
  if (!is_folder(folder)) fail(folder, ": no such run folder");
  if (!exists(folder + "/metrics.jsonl")) fail(folder, ": not a run folder, it has no metrics.jsonl");
  const auto skipped = [&](int64_t line, const std::string& why) {
    warn(run, cat("metrics.jsonl line ", line, " skipped: ", why, "."));
  };
  read_jsonl(
      folder + "/metrics.jsonl",
      [&](int64_t line, const Json& j) {
        MetricRow row;
        if (row_from_json(j, row))
          run.rows.push_back(std::move(row));
        else
          skipped(line, "rollout or update is missing or no whole number");
      },
      skipped);
  if (run.rows.empty()) fail(folder, "/metrics.jsonl: no record in it yet");
  std::stable_sort(run.rows.begin(), run.rows.end(),
                   [](const MetricRow& a, const MetricRow& b) { return a.update < b.update; });
  load_config(run);
  load_samples(run);
  return run;
}

std::vector<Point> curve(const Run& run, const std::string& metric) {
  std::map<int64_t, Point> points;
  for (const MetricRow& row : run.rows) {
    const auto value = [&](const std::string& name, double otherwise) {
      const auto it = row.values.find(name);
      return it != row.values.end() && std::isfinite(it->second) && std::abs(it->second) < kMaxFigure ? it->second
                                                                                                      : otherwise;
    };
    const double y = value(metric, NAN);
    if (std::isnan(y)) continue;
    const double lo = value(metric + "_lo", y), hi = value(metric + "_hi", y);
    points[row.update] = {static_cast<double>(row.update), y, std::min(lo, y), std::max(hi, y)};
  }
  std::vector<Point> out;
  for (const auto& [update, point] : points) out.push_back(point);
  return out;
}

std::vector<std::string> family_members(const Run& run, const std::string& family) {
  const size_t star = family.find('*');
  R1_CHECK(star != std::string::npos, "metric ", family, " is no family");
  const std::string head = family.substr(0, star), tail = family.substr(star + 1);
  std::set<std::string> members;
  for (const MetricRow& row : run.rows)
    for (auto it = row.values.lower_bound(head); it != row.values.end() && it->first.starts_with(head); ++it) {
      if (it->first.size() <= head.size() + tail.size() || !it->first.ends_with(tail)) continue;
      const std::string member = it->first.substr(star, it->first.size() - star - tail.size());
      if (member.find_first_of("_/") == std::string::npos) members.insert(member);
    }
  return {members.begin(), members.end()};
}

int64_t cons_k(const Run& run) {
  int64_t best = 0;
  for (const auto& m : family_members(run, "eval/cons_at_*"))
    if (m.size() < 10 && m.find_first_not_of("0123456789") == std::string::npos)
      best = std::max<int64_t>(best, std::stoi(m));
  return best;
}

std::vector<int> levels(const Run& run) {
  std::vector<int> out;
  for (const auto& m : family_members(run, "eval/level_*"))
    if (m.size() < 4 && m.find_first_not_of("0123456789") == std::string::npos) out.push_back(std::stoi(m));
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace r1
