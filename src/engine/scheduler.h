// Continuous batching: which prompts begin, which samples run. A sample begins when the blocks that it may need at
// worst are free (so that none ever waits in the middle), and leaves at once when it ends; its place goes to the next.
// Several workers take prompts from one queue. Paper: none.
#pragma once
#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "engine/block_manager.h"
#include "engine/sampling.h"
#include "engine/sequence.h"

namespace r1 {

using Prompts = std::vector<std::vector<token_t>>;

/// Hands out prompt indices, ascending, to all workers.
class PromptQueue {
 public:
  explicit PromptQueue(const Prompts& prompts) : prompts_(prompts) {}
  /// Null when none is left.
  std::shared_ptr<PromptGroup> take();

 private:
  const Prompts& prompts_;
  std::atomic<size_t> next_{0};
};

/// Blocks that one sample may need beside the full blocks of its prompt.
int64_t blocks_of_sample(int64_t prompt_tokens, int64_t max_new_tokens);

class Scheduler {
 public:
  /// At most `max_running` samples at a time.
  Scheduler(BlockManager& blocks, PromptQueue& queue, const SamplingParams& params, int64_t max_running);

  /// Begins as many samples as there is room for. Returns the prompts that must be run through the model first.
  std::vector<std::shared_ptr<PromptGroup>> admit();
  /// A prompt is left that did not fit.
  bool waiting() const { return waiting_ != nullptr; }
  /// Samples in the batch; empty after admit() means that all work is done.
  std::vector<Sequence>& running() { return running_; }
  /// Makes position `cached` of the sample writable: a new block, or a copy of a shared one.
  void make_room(Sequence& s);
  /// Takes the finished samples out, frees their blocks and hands them over.
  std::vector<Completion> collect(const std::vector<char>& finished);

 private:
  bool begin(PromptGroup& g);
  bool fork(const std::shared_ptr<PromptGroup>& g);
  int64_t available() const { return blocks_.free_blocks() - reserved_; }

  BlockManager& blocks_;
  PromptQueue& queue_;
  const SamplingParams& params_;
  int64_t max_running_;
  int64_t reserved_ = 0;                  // blocks promised to running samples and not yet taken
  std::shared_ptr<PromptGroup> waiting_;  // taken from the queue, not all samples begun
  std::vector<Sequence> running_;
};

}  // namespace r1
