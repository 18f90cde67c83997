// Worked answers with their parts named. Paper: none.
#include "tasks/math_1_probe.h"

namespace r1 {

std::vector<ProbePart> math_probe(const Problem& problem, int language, double slips, Rng& rng) {
  const auto e = parse_clock(problem.data);
  if (problem.task != "math-1" || !e) fail("probe of a problem that is not of math-1: ", problem.data);
  const MathWords& w = math_words(language);
  int label = 0, value = e->start;
  std::vector<ProbePart> parts;
  int index = 0;
  for (const ClockStep& step : e->steps) {
    ++index;
    const int right = clock_apply(step.op, value, step.operand);
    const bool product = step.op == '*';
    const int quick = product && rng.chance(slips) ? (right + 10 * rng.range(1, 9)) % 100 : right;
    const std::string left = index == 1 ? clock_start(value, label) : "";
    parts.push_back({index == 1 ? w.first : w.then, ProbeSkill::kNone, index});
    if (index > 1) parts.push_back({two_digits(value), ProbeSkill::kCarry, index});
    parts.push_back({cat(left, clock_fragment(step, label), "="), ProbeSkill::kCopy, index});
    parts.push_back({two_digits(quick),
                     !product         ? ProbeSkill::kSum
                     : quick == right ? ProbeSkill::kQuick
                                      : ProbeSkill::kNone,
                     index});
    parts.push_back({";", ProbeSkill::kNone, index});
    if (product) {
      parts.push_back({w.wait, ProbeSkill::kChecks, index});
      const std::string work = careful_product(value, step.operand) + ",";
      constexpr size_t kTerm = 7;  // "5*8=40,"
      for (int k = 0; k < 4; ++k)
        parts.push_back({work.substr(kTerm * static_cast<size_t>(k), k < 3 ? kTerm : std::string::npos),
                         ProbeSkill::kCareful, index, k});
      parts.push_back({quick == right ? w.ok : w.wrong, ProbeSkill::kNone, index});  // the word changes nothing
      parts.push_back({two_digits(right), ProbeSkill::kCareful, index, 4});
      parts.push_back({";", ProbeSkill::kNone, index});
    }
    value = right;
  }
  parts.push_back({w.so, ProbeSkill::kNone, index});
  parts.push_back({two_digits(value), ProbeSkill::kConclude, index});
  return parts;
}

}  // namespace r1
