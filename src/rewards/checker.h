// Rules that judge an answer's text, found by the name that a Problem carries; each file registers its own. In: the
// problem and the text between the answer tags (hostile). Out: right, wrong, or unknown (masked in RL, never rewarded
// and never punished). Trap: a reference that cannot be read makes everything unknown, never right. Paper: [R1 §2.2].
#pragma once
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

}  // namespace r1
