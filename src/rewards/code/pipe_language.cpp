// Pipe (tasks/pipe.h) as a language of the executor: a line of digits in, a line of digits out. It is total, so the
// budget of steps is never reached; a program that is none, or an input that is no list of digits, fails. Paper: none.
#include "base/text.h"
#include "rewards/code/language.h"
#include "tasks/pipe.h"

namespace r1 {
namespace {

StepResult run_line(std::string_view program, std::string_view input, const StepBudget&) {
  const auto parsed = parse_pipe(program);
  if (!parsed) return {StepResult::End::kNotAProgram, "", "no Pipe program"};
  if (!input.empty() && input.back() == '\n') input.remove_suffix(1);
  const auto out = run_pipe(*parsed, input);
  if (!out) return {StepResult::End::kError, "", cat("input ", in_quotes(input), ", expected a list of digits")};
  return {StepResult::End::kDone, *out + "\n", ""};
}

R1_REGISTER(CodeLanguage, "pipe", {{"pipe"}, nullptr, run_line});

}  // namespace
}  // namespace r1
