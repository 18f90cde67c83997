// The gate before RL: single skills of a base, measured by the probability it gives to each part of worked answers (the
// chance that a sample gets the part right) without drawing anything. Paper: none (toy_world: the gate before RL).
#pragma once
#include <string>

#include "model/causal_lm.h"
#include "pipeline/world.h"
#include "tasks/math_1_probe.h"

namespace r1 {

struct GateReport {
  double copy[5] = {};  ///< by step 1..5: chance of writing it without an error
  double carry = 0;     ///< chance of going on from the value reached
  double sum = 0, quick = 0, careful_en = 0, careful_zh = 0, conclude = 0;
  double careful_part[kCarefulParts] = {};  ///< both languages: where a careful product goes wrong
  double checks_en = 0, checks_zh = 0;      ///< probability of opening a check after a product
  double worst_copy() const;
  /// Empty if the gate is passed, else what failed.
  std::string failed() const;
  std::string line() const;
};

/// Over `problems` problems of each language's dev split.
GateReport measure_gate(const CausalLm& model, const World& world, int problems, ThreadPool& pool);

}  // namespace r1
