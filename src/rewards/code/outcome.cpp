// Paper: [R1 §2.2].
#include "rewards/code/outcome.h"

#include <string_view>

namespace r1 {
namespace {

std::string_view without_final_newline(std::string_view s) {
  if (!s.empty() && s.back() == '\n') s.remove_suffix(1);
  return s;
}

/// The next line without the blanks at its end; false at the end of the text.
bool next_line(std::string_view& rest, std::string_view& line) {
  if (rest.empty()) return false;
  const size_t n = rest.find('\n');
  line = rest.substr(0, n);
  rest.remove_prefix(n == std::string_view::npos ? rest.size() : n + 1);
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) line.remove_suffix(1);
  return true;
}

std::string_view without_blank_end(std::string_view s) {
  const size_t last = s.find_last_not_of(" \t\r\n");
  return s.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

bool same_lines(std::string_view a, std::string_view b) {
  a = without_blank_end(a), b = without_blank_end(b);
  std::string_view x, y;
  for (;;) {
    const bool more_a = next_line(a, x), more_b = next_line(b, y);
    if (more_a != more_b) return false;
    if (!more_a) return true;
    if (x != y) return false;
  }
}

}  // namespace

const char* name_of(Outcome outcome) {
  static const char* const kNames[kOutcomes] = {"passed", "wrong_answer", "compile_error", "crash",
                                                "exit",   "wall_time",    "cpu_time",      "memory",
                                                "output", "disk",         "forbidden",     "sandbox"};
  return kNames[static_cast<size_t>(outcome)];
}

bool same_output(const std::string& expected, const std::string& printed, Compare compare) {
  if (compare == Compare::kLines) return same_lines(expected, printed);
  return without_final_newline(expected) == without_final_newline(printed);
}

void judge_runs(CodeResult& r, size_t tests) {
  bool wrong = false, failed = false;
  r.outcome = Outcome::kPassed;
  for (const CodeRun& run : r.runs) {
    if (run.outcome == Outcome::kPassed) continue;
    (run.outcome == Outcome::kSandbox ? failed : wrong) = true;
    if (r.outcome == Outcome::kPassed || r.outcome == Outcome::kSandbox) r.outcome = run.outcome;
  }
  const bool all = tests > 0 && r.runs.size() == tests && !wrong && !failed;
  // A test that was seen to fail decides, whatever happened to others; without one, a lost run leaves it open.
  r.verdict = wrong ? Verdict::kWrong : all ? Verdict::kRight : Verdict::kUnknown;
  if (!wrong && !all) r.outcome = Outcome::kSandbox;
}

}  // namespace r1
