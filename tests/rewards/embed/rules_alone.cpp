// The rule rewards in a program of somebody else: linked with r1_rules and PCRE2 alone, no tensors, kernels or models.
// That it links is the test; what it prints shows that checkers have registered themselves.
#include <cstdio>

#include "rewards/checker.h"
#include "rewards/language.h"
#include "tasks/problem.h"

using namespace r1;

int main() try {
  Problem p;
  p.checker = "math", p.answer = "\\frac{1}{2}";
  R1_CHECK(check_answer(p, "0.5") == Verdict::kRight, "math: 0.5 is one half");
  R1_CHECK(check_answer(p, "0.6") == Verdict::kWrong, "math: 0.6 is not");
  R1_CHECK(language_consistency("so the answer", "en") == 1, "three English words");
  for (const char* name : {"rational", "math", "countdown", "choice", "ordering", "code"})
    R1_CHECK(Registry<Checker>::get().find_if(name), "no checker ", name);
  const Problem task = Registry<TaskFactory>::get().find("task", "r1-1")()->problem(1, Split::kTest, 1);
  R1_CHECK(check_answer(task, task.answer) == Verdict::kRight, "r1-1: ", task.prompt);
  std::printf("%zu checkers, %zu tasks without a tensor\n", Registry<Checker>::get().entries().size(),
              Registry<TaskFactory>::get().entries().size());
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
