// The checker "pipe": the answer is a program in Pipe (tasks/pipe.h) that prints, for every hidden input of
// Problem::data ("IN>OUT IN>OUT ..."), exactly OUT. The interpreter is ours and total, so the program runs here: it has
// no files, no clock, no memory of its own, and never sees an expected output. All tests must pass; there is no partial
// credit. Paper: [R1 §2.2].
#include <sstream>

#include "rewards/checker.h"
#include "tasks/pipe.h"

namespace r1 {
namespace {

Verdict check_pipe(const Problem& problem, const std::string& answer) {
  std::istringstream tests(problem.data);
  const auto program = parse_pipe(answer);
  bool passed = true, any = false;
  for (std::string test; tests >> test; any = true) {
    const size_t arrow = test.find('>');
    if (arrow == std::string::npos) return Verdict::kUnknown;
    const std::string input = test.substr(0, arrow), expected = test.substr(arrow + 1);
    if (!run_pipe({{PipeOp::kSort}, std::nullopt}, input)) return Verdict::kUnknown;  // the test itself is broken
    passed = passed && program && run_pipe(*program, input) == expected;
  }
  if (!any) return Verdict::kUnknown;
  return passed ? Verdict::kRight : Verdict::kWrong;
}

R1_REGISTER(Checker, "pipe", check_pipe);

}  // namespace
}  // namespace r1
