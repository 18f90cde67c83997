// The memory of a GRPO step, worked out from shapes before it starts: what stays (weights, gradient slots, moments) and
// what comes and goes (activations of the workers, the engine's cache, the answers). Promise: for the lengths that
// occurred, the sum is within 10 % of the measured peak. Trap: the worst case, every answer at the limit, may be many
// times what a run needs. Paper: none. Note: paper_notes/memory.md
#pragma once
#include <string>
#include <vector>

#include "base/memory.h"
#include "engine/engine.h"
#include "rl/grpo.h"

namespace r1 {

/// Lengths that decide the size of a step.
struct StepLengths {
  BatchLengths update, reference;  ///< of a minibatch; of the reference pass (no part: no such pass)
  int64_t longest_prompt = 0;
  int64_t tokens = 0;  ///< of prompts and answers in a rollout
  /// Keeps the larger of each.
  void include(const StepLengths& other);
};

/// Every answer has max_new_tokens, every prompt is as long as the longest.
StepLengths worst_lengths(const GrpoConfig& c, int64_t longest_prompt);
/// Lengths of a rollout that was dealt into these minibatches.
StepLengths rollout_lengths(const PolicyBatch& batch, const std::vector<std::vector<size_t>>& minibatches,
                            const GrpoConfig& c);

/// A request to the engine beside the rollout's own (evaluation).
struct EngineRequest {
  int64_t prompts = 0, longest_prompt = 0;
  SamplingParams params;
};
/// The request that a rollout makes.
EngineRequest rollout_request(const GrpoConfig& c, int64_t longest_prompt);

struct MemoryRow {
  std::string name;
  size_t bytes = 0;
  std::string how;  ///< the product in words
};

struct MemoryPlan {
  std::vector<MemoryRow> rows;
  size_t total() const;
  /// Bytes of the row of that name, 0 if there is none.
  size_t of(const std::string& name) const;
};

/// Bytes that the process needs for itself: its heap from before the models, and the pages of its program that have
/// been used by now.
size_t own_memory(const ProcessMemory& before);

/// Names of the rows that a run measures apart.
inline const std::string kMemoryUpdate = "update: activations and scratch",
                         kMemoryEngine = "rollout: cache and scratch";

/// `model` may be shapes only. `requests`: every kind of request to the engine; the largest counts. `process`: bytes
/// that were there before any of this (measured).
MemoryPlan plan_memory(const CausalLm& model, const GrpoConfig& c, const StepLengths& lengths,
                       const std::vector<EngineRequest>& requests, ThreadPool& pool, size_t process);

}  // namespace r1
