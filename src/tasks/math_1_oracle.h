// Reads a worked answer of math-1 line by line and says what happened, by exact arithmetic: were the operands copied,
// was the quick result right, was it checked, did the check repair or break it. In: a problem and the text of a
// completion (hostile). Out: a report; what is not in the world's form is skipped. Measures only, never rewards.
// Paper: [R1 App. C.2] (reflection), [R1 §2.3].
#pragma once
#include <string_view>
#include <vector>

#include "tasks/math_1.h"
#include "tasks/reflection.h"

namespace r1 {

/// One worked line, with the check that follows it.
struct LineReport {
  char op = 0;
  int language = 0;             ///< of its first word
  bool fragment_right = false;  ///< the cited step is the problem's next one, labels included
  bool operands_right = false;  ///< so, and it works on the value reached so far
  bool open = false;            ///< no quick result, "??" (the lessons have such lines): neither right nor wrong
  bool quick_right = false;     ///< the equation is true as it stands
  bool checked = false;         ///< a "wait" with a result follows, or several
  bool check_right = false;     ///< the last of those results is the true one
  bool repaired() const { return checked && !open && !quick_right && check_right; }
  bool spoiled() const { return checked && quick_right && !check_right; }
};

struct OracleReport {
  std::vector<LineReport> lines;
  bool complete = false;   ///< as many lines as steps, all operands right
  bool concluded = false;  ///< a "so" states the value that the lines reached
  Reflection reflection;
};

/// `text` is the thought, or a whole completion. Throws Error only if the problem is not of math-1.
OracleReport math_oracle(const Problem& problem, std::string_view text);

}  // namespace r1
