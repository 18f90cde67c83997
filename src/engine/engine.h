// The rollout engine: prompts in, completions with exact log-probabilities out; token ids only. Prompts are dealt to
// the pool's threads, each with a paged cache of its own and continuous batching; a prompt runs once for all of its
// samples. As every kernel is batch-invariant and every draw a function of its indices, completions do not depend on
// threads, batch size, cache size or order. Paper: [R1 §2.1] (sampling a group of outputs), [V3 §2.1.1] (the cache).
#pragma once
#include <functional>
#include <span>
#include <vector>

#include "base/parallel.h"
#include "engine/completion.h"
#include "engine/sampling.h"
#include "engine/scheduler.h"
#include "model/causal_lm.h"

namespace r1 {

struct EngineConfig {
  int64_t max_batch = 0;     ///< samples that a worker runs at a time; 0: what the CPU's caches hold, 12 to 64
  int64_t cache_tokens = 0;  ///< tokens in a worker's cache; 0: enough for max_batch samples of the longest kind
  int threads = 0;           ///< workers; 0: all threads of the pool
};

struct EngineProgress {
  int64_t finished = 0, samples = 0;  ///< samples done, of all
  int64_t tokens = 0;                 ///< tokens drawn
  size_t bytes = 0;                   ///< of the workers' caches, activations and scratch; grows to its peak
  std::span<const Completion> done;   ///< those that have just finished: valid during the call
};

class Engine {
 public:
  /// The model and the pool must outlive the engine. Throws Error on a config out of range.
  Engine(const CausalLm& model, const EngineConfig& config, ThreadPool& pool);

  /// n samples of each prompt: result [prompt * n + sample]. Weights must not change meanwhile.
  /// `progress` is called now and then from the workers, one at a time; what it throws ends the run.
  /// Throws Error on an empty prompt, an id outside the vocabulary, parameters out of range, a cache too small.
  std::vector<Completion> generate(const Prompts& prompts, const SamplingParams& params,
                                   const std::function<void(const EngineProgress&)>& progress = {}) const;

  /// Workers for so many prompts.
  int64_t workers(int64_t prompts) const;
  /// Bytes of one worker's cache for such a request (memory planning).
  size_t cache_bytes(int64_t longest_prompt, int64_t prompts, const SamplingParams& params) const;
  /// Bytes of one worker's activations and scratch at most, counted on a tape without data (memory planning).
  size_t activation_bytes(int64_t longest_prompt, int64_t prompts, const SamplingParams& params) const;
  /// Bytes of the weights packed for a request, which all workers share: the output head; in a small model all
  /// matrices.
  size_t packed_bytes() const;

 private:
  bool packs_weights() const;
  int64_t max_batch(const SamplingParams& params) const;
  int64_t running(int64_t prompts, const SamplingParams& params) const;
  int64_t cache_blocks(int64_t longest_prompt, int64_t prompts, const SamplingParams& params) const;
  void check_prompts(const Prompts& prompts) const;

  const CausalLm& model_;
  EngineConfig config_;
  ThreadPool& pool_;
};

}  // namespace r1
