// The checker "countdown": the answer is an expression over unsigned integers with + - * / and brackets that uses each
// of the given numbers exactly once (Problem::data, "3 7 25") and whose exact value is Problem::answer. No sign in
// front of a number, no "= 24" behind, no digits joined to new numbers; a division by zero anywhere is wrong. Data that
// begins with "any" ("any 3 7 25") asks for a part of the numbers, each at most once. Paper: [R1 §2.2].
#include <algorithm>
#include <sstream>

#include "rewards/checker.h"
#include "rewards/expression.h"

namespace r1 {
namespace {

struct Given {
  bool all = true;
  std::vector<int64_t> numbers;  ///< ascending
};

bool read_given(const std::string& data, Given& out) {
  std::istringstream in(data);
  for (std::string word; in >> word;) {
    const Evaluation e = read_number(word);
    if (word == "any" && out.all && out.numbers.empty()) {
      out.all = false;
    } else if (e.status == EvalStatus::kValue && e.value.denominator == 1) {
      out.numbers.push_back(e.value.numerator);
    } else {
      return false;
    }
  }
  std::sort(out.numbers.begin(), out.numbers.end());
  return !out.numbers.empty();
}

Verdict check_countdown(const Problem& problem, const std::string& answer) {
  Given given;
  const Evaluation target = read_number(problem.answer);
  if (target.status != EvalStatus::kValue || !read_given(problem.data, given)) return Verdict::kUnknown;

  const Evaluation e = evaluate(answer, {.decimals = false, .signs = false});
  std::vector<int64_t> used;
  for (const Rational& r : e.numbers) used.push_back(r.numerator);
  std::sort(used.begin(), used.end());
  const auto& all = given.numbers;
  const bool subset = std::includes(all.begin(), all.end(), used.begin(), used.end());
  // Undecided only while the numbers read so far are allowed: a huge number must not buy a mask.
  if (e.status == EvalStatus::kTooLarge) return subset && !e.large_number ? Verdict::kUnknown : Verdict::kWrong;
  const bool allowed = e.status == EvalStatus::kValue && (given.all ? used == all : subset);
  return allowed && e.value == target.value ? Verdict::kRight : Verdict::kWrong;
}

R1_REGISTER(Checker, "countdown", check_countdown);

}  // namespace
}  // namespace r1
