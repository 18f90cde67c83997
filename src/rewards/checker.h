// Rules that judge an answer's text, found by the name that a Problem carries; each file registers its own. In: the
// problem and the text between the answer tags (hostile). Out: right, wrong, or unknown (masked in RL, never rewarded
// and never punished). Trap: a reference that cannot be read makes everything unknown, never right. Paper: [R1 §2.2].
#pragma once
#include <functional>
#include <string>

#include "base/registry.h"
#include "tasks/problem.h"

namespace r1 {

enum class Verdict : uint8_t { kRight, kWrong, kUnknown };

/// Judges `answer` (blanks at the ends already cut); must not throw and must end quickly on any text.
using Checker = Verdict (*)(const Problem& problem, const std::string& answer);

/// The problem's own checker; throws Error if its name is not registered.
inline Verdict check_answer(const Problem& problem, const std::string& answer) {
  return Registry<Checker>::get().find("checker", problem.checker)(problem, answer);
}

/// A verdict that is being made; called once, waits for it.
using PendingCheck = std::function<Verdict()>;
/// The first half of a checker that takes long (it runs programs): begins, and returns how to ask for the verdict.
/// Registered under the same name as its Checker; must not throw.
using BeginCheck = PendingCheck (*)(const Problem& problem, const std::string& answer);

/// Begins to judge; a checker without a first half of its own judges at once.
inline PendingCheck begin_check(const Problem& problem, const std::string& answer) {
  if (const BeginCheck* begin = Registry<BeginCheck>::get().find_if(problem.checker)) return (*begin)(problem, answer);
  return [verdict = check_answer(problem, answer)] { return verdict; };
}

}  // namespace r1
