// Paper: none.
#include "cli/verify_file.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <sstream>

#include "base/io.h"
#include "base/json_file.h"
#include "base/parallel.h"
#include "base/text.h"
#include "rewards/math/verify.h"

namespace r1 {
namespace {

using math::Judgement;
using math::Relation;

/// fn(json, where) for each line that is not empty.
template <class F>
void each_line(const std::string& path, const F& fn) {
  std::istringstream in(read_text(path));
  size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    const std::string where = cat(path, " line ", ++number);
    if (!trim(line).empty()) fn(parse_json(line, where), where);
  }
}

std::string field(const Json& j, const char* name, const std::string& where, bool needed) {
  const auto it = j.find(name);
  if (it == j.end()) {
    if (needed) fail(where, ": expected a field '", name, "'");
    return "";
  }
  if (!it->is_string()) fail(where, ": ", name, ": expected a string, got ", json_kind(*it));
  return it->get<std::string>();
}

/// A cell of a table: one line, no bar that would end the cell.
std::string cell(const std::string& s) {
  std::string out = in_quotes(s, 70), escaped;
  for (const char c : out) escaped += c == '|' ? "\\|" : std::string(1, c);
  return escaped;
}

}  // namespace

std::vector<VerifyPair> read_pairs(const std::string& path) {
  std::vector<VerifyPair> out;
  each_line(path, [&](const Json& j, const std::string& where) {
    VerifyPair p{field(j, "gold", where, true), field(j, "answer", where, true), field(j, "label", where, false),
                 field(j, "about", where, false)};
    if (!p.label.empty() && p.label != "equal" && p.label != "different" && p.label != "unknown")
      fail(where, ": label '", p.label, "', expected equal, different or unknown");
    out.push_back(std::move(p));
  });
  if (out.empty()) fail(path, ": expected at least one pair");
  return out;
}

int report_pairs(const std::string& path) {
  std::map<std::string, std::map<std::string, int>> counts;
  std::vector<std::string> rows;
  int labelled = 0, agreed = 0, wrong_equal = 0, bad = 0;
  const std::vector<VerifyPair> pairs = read_pairs(path);
  for (const VerifyPair& p : pairs) {
    const Judgement j = math::judge(p.gold, p.answer, true);
    const std::string verdict = name_of(j.relation);
    ++counts[p.label.empty() ? "no label" : p.label][verdict];
    const bool bad_data = j.bad_gold && p.label != "unknown";
    bad += bad_data;
    labelled += !p.label.empty(), agreed += p.label == verdict;
    wrong_equal += !p.label.empty() && verdict == "equal" && p.label != "equal";
    if ((!p.label.empty() && p.label != verdict) || bad_data)
      rows.push_back(
          cat("| ", cell(p.gold), " | ", cell(p.answer), " | ", p.label, " | ", verdict, " | ", j.why, " |"));
  }
  std::printf("pairs %zu, labelled %d, agreed %d (%.2f%%), wrong equal %d, references that cannot be read %d\n",
              pairs.size(), labelled, agreed, labelled ? 100.0 * agreed / labelled : 0.0, wrong_equal, bad);
  for (const auto& [label, row] : counts)
    for (const auto& [verdict, n] : row)
      std::printf("  label %-9s verdict %-9s %6d\n", label.c_str(), verdict.c_str(), n);
  if (!rows.empty()) std::printf("\n| reference | answer | label | verdict | why |\n| --- | --- | --- | --- | --- |\n");
  for (const std::string& r : rows) std::printf("%s\n", r.c_str());
  return bad ? 1 : 0;
}

int bench_pairs(const std::string& path, int threads, int rounds) {
  using Clock = std::chrono::steady_clock;
  const std::vector<VerifyPair> pairs = read_pairs(path);
  std::vector<double> micros;
  for (int r = 0; r < rounds; ++r)
    for (const VerifyPair& p : pairs) {
      const auto begin = Clock::now();
      math::judge(p.gold, p.answer);
      micros.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
    }
  ThreadPool pool(threads);
  const auto begin = Clock::now();
  const int64_t all = static_cast<int64_t>(pairs.size()) * rounds;
  parallel_chunks(&pool, all, 64, [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i) {
      const VerifyPair& p = pairs[static_cast<size_t>(i) % pairs.size()];
      math::judge(p.gold, p.answer);
    }
  });
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::sort(micros.begin(), micros.end());
  const auto at = [&](double share) {
    return micros[static_cast<size_t>(share * static_cast<double>(micros.size() - 1))];
  };
  std::printf(
      "%zu pairs, %d rounds: %.0f verdicts/s on %d threads; one verdict p50 %.1f us, p99 %.1f us, max %.0f us\n",
      pairs.size(), rounds, static_cast<double>(all) / seconds, pool.size(), at(0.5), at(0.99), micros.back());
  return 0;
}

int report_values(const std::string& path) {
  int total = 0, right = 0, rejected = 0, to_reject = 0;
  std::vector<std::string> rows;
  each_line(path, [&](const Json& j, const std::string& where) {
    const std::string text = field(j, "text", where, true);
    if (j.contains("value") && j["value"].is_number()) {
      std::map<std::string, std::string> at;
      if (j.contains("at"))
        for (const auto& [name, v] : j["at"].items()) at[name] = v.dump();
      const auto got = math::numeric_value(text, at);
      const double want = j["value"], slack = 1e-9 * std::max(1.0, std::fabs(want));
      const bool narrow = got && got->second - got->first <= 1e-6 * std::max(1.0, std::fabs(want));
      const bool ok = narrow && got->first - slack <= want && want <= got->second + slack;
      ++total, right += ok;
      if (!ok)
        rows.push_back(
            cat("| ", cell(text), " | ", want, " | ", got ? cat(got->first, " to ", got->second) : "no value", " |"));
    } else {
      const bool refused = math::gold_fault(text).has_value();
      ++to_reject, rejected += refused;
      if (!refused) rows.push_back(cat("| ", cell(text), " | to be rejected | accepted |"));
    }
  });
  std::printf("values %d, right %d (%.2f%%); to be rejected %d, rejected %d\n", total, right,
              total ? 100.0 * right / total : 0.0, to_reject, rejected);
  if (!rows.empty()) std::printf("\n| expression | value wanted | verifier |\n| --- | --- | --- |\n");
  for (const std::string& r : rows) std::printf("%s\n", r.c_str());
  return 0;
}

}  // namespace r1
