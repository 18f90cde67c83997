// The checker "math": the answer, boxed or not, is equal to the reference by the math verifier. Paper: [R1 §2.2].
#include "rewards/checker.h"
#include "rewards/math/verify.h"

namespace r1 {
namespace {

Verdict check_math(const Problem& problem, const std::string& answer) {
  switch (math::judge(problem.answer, answer).relation) {
    case math::Relation::kEqual:
      return Verdict::kRight;
    case math::Relation::kDifferent:
      return Verdict::kWrong;
    case math::Relation::kUnknown:
      break;
  }
  return Verdict::kUnknown;
}

R1_REGISTER(Checker, "math", check_math);

}  // namespace
}  // namespace r1
