// One thread of the engine: its cache, its tape, and the loop prefill -> decode -> draw -> collect.
// Paper: none.
#pragma once
#include <functional>
#include <vector>

#include "autograd/packed.h"
#include "engine/sampler.h"
#include "engine/scheduler.h"

namespace r1 {

/// Tokens of prompts in one forward: bounds its activations.
constexpr size_t kPrefillTokens = 2048;

class Worker {
 public:
  /// `packed`: the model's weights packed for products, or null.
  Worker(const CausalLm& model, const PackedWeights* packed, const PackedHead& head, PromptQueue& queue,
         const SamplingParams& params, int64_t max_running, int64_t cache_blocks);
  /// Runs until the queue is empty. done(completions, tokens drawn) after every step.
  void run(const std::function<void(std::vector<Completion>, int64_t)>& done);
  /// Cache, and the most that activations and scratch took so far.
  size_t bytes() const { return blocks_.bytes() + arena_.peak() + tape_.workspace_bytes(); }

 private:
  /// New tokens of one sequence in a forward: ids at positions from `begin`.
  struct Rows {
    const std::vector<int32_t>* blocks;
    std::span<const token_t> ids;
    int64_t begin;
  };
  /// Hidden state of the last row of each entry, [entries, C] in the arena.
  Tensor forward(const std::vector<Rows>& batch);
  void prefill(const std::vector<std::shared_ptr<PromptGroup>>& groups);
  /// Hidden state that draws the next token of each running sample, [running, C].
  Tensor decode();
  int64_t draw(const Tensor& hidden, std::vector<char>& finished);
  void clear();

  const CausalLm& model_;
  const PackedHead& head_;
  const SamplingParams& params_;
  BlockManager blocks_;
  Scheduler scheduler_;
  Arena arena_;
  Tape tape_;
};

}  // namespace r1
