// Single skills of math-1, read off a fully worked answer: which stretch of it shows which skill. A base passes its
// gate when it can do what RL needs, cannot do products in one go, and checks at a natural, low rate. Paper: none
// (toy_world: the gate before RL).
#pragma once
#include <string>
#include <vector>

#include "tasks/math_1.h"

namespace r1 {

enum class ProbeSkill : uint8_t {
  kNone,      ///< not measured
  kCopy,      ///< the step (at first with the start value), labels included
  kCarry,     ///< the value reached so far, at the head of a later line
  kSum,       ///< result of a quick + or -
  kQuick,     ///< result of a quick product (the true one)
  kCareful,   ///< a part of a check: three digit products, their sum, the result; the word between changes nothing
  kConclude,  ///< the final value
  kChecks,    ///< the word that opens a check, after a product: how likely is it?
};

struct ProbePart {
  std::string text;
  ProbeSkill skill = ProbeSkill::kNone;
  int step = 0;  ///< which step of the problem, from 1
  int part = 0;  ///< of a check: 0..2 the digit products, 3 their sum, 4 the result
};

inline constexpr int kCarefulParts = 5;

/// The thought of a worked answer with every product checked; quick products are wrong in `slips` of the cases.
std::vector<ProbePart> math_probe(const Problem& problem, int language, double slips, Rng& rng);

}  // namespace r1
