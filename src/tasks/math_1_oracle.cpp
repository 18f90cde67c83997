// The text is cut at ';' and at tags; each part is a worked line, a check of the line before, a conclusion, or nothing
// we know. Paper: [R1 App. C.2].
#include "tasks/math_1_oracle.h"

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "base/text.h"

namespace r1 {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes known things off the front of a text.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}
  bool word(const char* w) {
    text_ = trim(text_);
    const std::string_view bare = trim(w);
    if (text_.substr(0, bare.size()) != bare) return false;
    text_.remove_prefix(bare.size());
    return true;
  }
  std::optional<int> number(int digits) {
    text_ = trim(text_);
    const auto n = static_cast<size_t>(digits);
    if (text_.size() < n || (text_.size() > n && is_digit(text_[n]))) return std::nullopt;
    int value = 0;
    for (size_t k = 0; k < n; ++k) {
      if (!is_digit(text_[k])) return std::nullopt;
      value = value * 10 + (text_[k] - '0');
    }
    text_.remove_prefix(n);
    return value;
  }
  std::string_view up_to(char c) {
    const size_t end = std::min(text_.find(c), text_.size());
    const std::string_view out = trim(text_.substr(0, end));
    text_.remove_prefix(std::min(end + 1, text_.size()));
    return out;
  }
  bool done() const { return trim(text_).empty(); }
  std::string_view rest() const { return text_; }

 private:
  std::string_view text_;
};

/// End of the part that begins at `at`, and through `next` where the one after it begins.
size_t part_end(std::string_view text, size_t at, size_t& next) {
  static constexpr std::string_view kTags[] = {"<think>", "</think>", "<answer>", "</answer>"};
  for (size_t end = at; end < text.size(); ++end) {
    if (text[end] == ';') return next = end + 1, end;
    if (text[end] != '<') continue;
    for (const std::string_view tag : kTags)
      if (text.substr(end, tag.size()) == tag) return next = end + tag.size(), end;
  }
  return next = text.size() + 1, text.size();
}

/// Language of the word at the front, of the two that `member` names; -1 if it is neither.
int take_word(Cursor& at, const char* MathWords::*member) {
  for (int language = 0; language < 2; ++language)
    if (at.word(math_words(language).*member)) return language;
  return -1;
}

struct Equation {
  std::string labels;  ///< of the start value, empty in later lines
  int left = 0;
  std::string fragment;  ///< the step with its labels, as written
  ClockStep step{};
  int result = 0;  ///< -1: "??"
};

/// "55e*f3g3=15", "55e*f3g3=??", or "a4b7c+d8=55"; nothing if it is anything else.
std::optional<Equation> read_line(std::string_view text) {
  text = trim(text);
  std::string labels, digits(text.substr(0, 2));
  if (text.size() >= 4 && !is_digit(text[0])) labels = {text[0], text[2]}, digits = {text[1], text[3]};
  const auto left = Cursor(digits).number(2);
  if (!left) return std::nullopt;
  Cursor at(text.substr(labels.empty() ? 2 : 4));
  const std::string_view fragment = at.up_to('=');
  const auto result = at.word("??") ? std::optional<int>(-1) : at.number(2);
  if (!result || !at.done() || fragment.size() < 2 || fragment.size() % 2) return std::nullopt;
  std::string bare;
  for (size_t i = 1; i < fragment.size(); i += 2) bare += fragment[i];
  const auto step = parse_clock(cat("00", bare));
  if (!step || step->steps.size() != 1) return std::nullopt;
  return Equation{labels, *left, std::string(fragment), step->steps[0], *result};
}

/// The number after the last "ok" or "wrong" of a check, if it stands at the end.
std::optional<int> read_verdict(std::string_view text) {
  size_t after = std::string_view::npos;
  for (int language = 0; language < 2; ++language)
    for (const char* const word : {math_words(language).ok, math_words(language).wrong}) {
      const std::string_view bare = trim(word);
      if (const size_t at = text.rfind(bare); at != std::string_view::npos)
        after = after == std::string_view::npos ? at + bare.size() : std::max(after, at + bare.size());
    }
  if (after == std::string_view::npos) return std::nullopt;
  Cursor at(text.substr(after));
  const auto n = at.number(2);
  return n && at.done() ? n : std::nullopt;
}

class Oracle {
 public:
  explicit Oracle(const ClockExpression& e) : e_(e), value_(e.start) {
    int label = 0;
    clock_start(e.start, label);
    for (const ClockStep& s : e.steps) fragments_.push_back(clock_fragment(s, label));
  }

  void read(std::string_view part) {
    Cursor at(part);
    for (const auto opening : {&MathWords::first, &MathWords::then})
      if (const int language = take_word(at, opening); language >= 0) return take_line(at.rest(), language);
    if (take_word(at, &MathWords::wait) >= 0) return read_check(at.rest());
    if (take_word(at, &MathWords::so) >= 0)
      if (const auto n = at.number(2)) out.concluded = !out.lines.empty() && *n == value_;
  }

  OracleReport out;

 private:
  void take_line(std::string_view text, int language) {
    const auto equation = read_line(text);
    if (!equation) return;
    const size_t k = out.lines.size();
    LineReport line;
    line.op = equation->step.op;
    line.language = language;
    line.fragment_right =
        k < fragments_.size() && equation->fragment == fragments_[k] && equation->labels == (k == 0 ? "ab" : "");
    line.operands_right = line.fragment_right && equation->left == value_ && equation->step == e_.steps[k];
    true_ = clock_apply(equation->step.op, equation->left, equation->step.operand);
    line.open = equation->result < 0;
    line.quick_right = equation->result == true_;
    value_ = equation->result;
    out.lines.push_back(line);
  }

  void read_check(std::string_view text) {
    const auto n = read_verdict(text);
    if (!n || out.lines.empty()) return;
    LineReport& line = out.lines.back();
    line.checked = true;
    line.check_right = *n == true_;
    value_ = *n;
  }

  const ClockExpression& e_;
  std::vector<std::string> fragments_;
  int value_;      ///< what the chain has reached
  int true_ = -1;  ///< the exact result of the last line as it stands
};

}  // namespace

OracleReport math_oracle(const Problem& problem, std::string_view text) {
  const auto e = parse_clock(problem.data);
  if (!e) fail("math-1 oracle: problem data ", in_quotes(problem.data), ", expected an expression such as 47+8*33");
  Oracle oracle(*e);
  for (size_t at = 0, next = 0; at < text.size(); at = next) {
    const size_t end = part_end(text, at, next);
    oracle.read(text.substr(at, end - at));
  }
  OracleReport out = std::move(oracle.out);
  out.complete = out.lines.size() == e->steps.size() &&
                 std::all_of(out.lines.begin(), out.lines.end(), [](const LineReport& l) { return l.operands_right; });
  out.reflection = reflect(text);
  return out;
}

}  // namespace r1
