// Detectors of degenerate outputs, on token ids: an output that ends in a loop, and one that was cut off. They are
// measurements: a metric in every run, a filter in rejection sampling; the paper's RL has no term for them. Trap: a
// table or a list repeats its frame honestly; a loop is the same tokens again and again, up to the very end.
// Paper: [R1 §2.3] (repetition as a flaw of R1-Zero's texts).
#pragma once
#include <cstdint>
#include <span>

#include "base/types.h"

namespace r1 {

struct Loop {
  int64_t period = 0;   ///< tokens of the repeated stretch; 0: no loop
  int64_t repeats = 0;  ///< full periods at the end of the output
};

/// What counts as a loop.
struct LoopRules {
  int64_t repeats = 4;  ///< full periods at least
  int64_t tokens = 24;  ///< tokens that they cover at least
};

/// The loop at the end of the output that covers most tokens; the shorter period if two cover the same. Linear time.
Loop find_loop(std::span<const token_t> ids, const LoopRules& rules = {});

/// Share of the n-grams that occurred before in the output; 0 for outputs shorter than n.
double repeated_share(std::span<const token_t> ids, int64_t n);

/// The output does not end with `eos`: the length limit cut it off.
bool truncated(std::span<const token_t> ids, token_t eos);

}  // namespace r1
