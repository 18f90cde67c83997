// What the engine moves around: a prompt with its cache blocks, and the samples that grow out of it.
// Paper: [R1 §2.1] (a question and the group of its outputs).
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "engine/completion.h"

namespace r1 {

/// A prompt that was or will be run through the model once, for all of its samples.
struct PromptGroup {
  int64_t prompt = 0;  ///< index in the request
  std::span<const token_t> ids;
  std::vector<int32_t> blocks;  ///< cache blocks of the prompt, held until every sample has them; empty: not yet begun
  std::vector<real> hidden;     ///< [C] of the last token, from which every sample draws its first token
  int64_t started = 0;          ///< samples begun
};

/// One sample on its way.
struct Sequence {
  std::shared_ptr<const PromptGroup> fresh;  ///< set until the first token is drawn
  std::vector<int32_t> blocks;               ///< cache blocks of positions 0, 16, 32, ...
  int64_t cached = 0;                        ///< positions in the cache; the last drawn token is not yet there
  int64_t reserved = 0;                      ///< blocks it may still ask for
  Completion out;
};

}  // namespace r1
