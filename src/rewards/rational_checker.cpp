// The checker "rational": the answer is one number, equal to the reference as an exact fraction; 05, 5, 5.0 and 10/2
// are the same, "47+38", "5%", "4,5" and "5 apples" are no numbers. Paper: [R1 §2.2].
#include "rewards/checker.h"
#include "rewards/expression.h"

namespace r1 {
namespace {

Verdict check_rational(const Problem& problem, const std::string& answer) {
  const Evaluation want = read_number(problem.answer);
  if (want.status != EvalStatus::kValue) return Verdict::kUnknown;
  const Evaluation got = read_number(answer);
  // A whole number that does not fit is decided all the same: the reference fits, so it is another number.
  if (got.large_number && answer.find_first_of("./") == std::string::npos) return Verdict::kWrong;
  switch (compare(want, got)) {
    case Equality::kEqual:
      return Verdict::kRight;
    case Equality::kDifferent:
      return Verdict::kWrong;
    case Equality::kUnknown:
      return Verdict::kUnknown;
  }
  return Verdict::kUnknown;
}

R1_REGISTER(Checker, "rational", check_rational);

}  // namespace
}  // namespace r1
