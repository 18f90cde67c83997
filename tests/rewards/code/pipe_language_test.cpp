// The toy language through the checker "code", without an executor: it needs none.
#include "base/fields.h"
#include "rewards/checker.h"
#include "support/catch.h"

using namespace r1;

namespace {

Verdict judge(const std::string& program, const Json& tests) {
  Problem p;
  p.checker = "code";
  p.data = Json{{"language", "pipe"}, {"block", "whole"}, {"tests", tests}}.dump();
  const Verdict now = check_answer(p, program);
  CHECK(begin_check(p, program)() == now);
  return now;
}

Json test(const char* in, const char* out) { return Json{{"in", in}, {"out", out}}; }

}  // namespace

TEST_CASE("a Pipe program is judged on hidden tests, all of them") {
  const Json sorts = {test("352\n", "235\n"), test("907\n", "079\n")};
  CHECK(judge("srt", sorts) == Verdict::kRight);
  CHECK(judge("srt|srt", sorts) == Verdict::kRight);  // another program that does the same
  for (const char* bad :
       {"rev", "say 235", "", "srt ", " srt", "srt|", "def f(x): return sorted(x)", "```pipe\nsrt\n```"}) {
    INFO(bad);
    CHECK(judge(bad, sorts) == Verdict::kWrong);
  }
  CHECK(judge("odd", {test("24\n", "\n"), test("13\n", "13\n")}) == Verdict::kRight);  // printing nothing can be right
  CHECK(judge("srt", Json::array()) == Verdict::kUnknown);                             // no tests: never right
  CHECK(judge("srt", {Json{{"in", "352\n"}}}) == Verdict::kUnknown);
}
