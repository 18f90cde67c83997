// The task math-1: questions of clock arithmetic in five levels, in English or Chinese words. Trap: level 1 is a small
// space (1620 questions), so its problems are dealt without replacement until a split is used up; higher levels are
// drawn freely. Paper: [R1 §2.2] (questions whose answers a rule can check), [R1 App. B.3.1] (math).
#pragma once
#include <string>

#include "tasks/clock.h"
#include "tasks/problem.h"

namespace r1 {

/// The words of the world, as they stand in a text: blanks belong to the word, so that a tokenizer can keep them.
struct MathWords {
  const char *calc, *first, *then, *so, *wait, *ok, *wrong, *result, *blunt;
};
/// 0 is English, 1 Chinese.
const MathWords& math_words(int language);
inline constexpr const char* kMathLanguages[2] = {"en", "zh"};

/// The question of an expression: "calc a4b7c+d8?".
std::string math_question(const ClockExpression& e, int language);
/// The full Problem of an expression; its level is the number of steps.
Problem math_problem(const ClockExpression& e, int language);
/// The split of an expression, as math_problem(e).key has it.
Split math_split(const ClockExpression& e);

}  // namespace r1
