// Prints the memory plan of an R1-Zero run before its first rollout, and the measured peak beside it afterwards.
// What is promised: for the lengths that occurred, the plan is within 10 % of VmHWM, counted from just before the first
// rollout; at least two rollouts are needed, because only then engine and kept activations are there together.
// Paper: none. Note: paper_notes/memory.md
#pragma once
#include <string>

#include "base/memory.h"
#include "pipeline/r1_zero.h"
#include "rl/trainer.h"

namespace r1 {

/// What an R1-Zero process did with memory.
struct MeasuredMemory {
  size_t peak = 0;             ///< VmHWM, 0 where the system does not tell
  size_t update = 0;           ///< activations and scratch of all workers
  size_t rollout = 0;          ///< the engine's caches, activations and scratch
  bool from_the_step = false;  ///< the peak counts from the first rollout, not from the start of the process
};

/// Table of a plan; with the plan at the lengths that occurred and the measured figures where they are given.
std::string memory_table(const MemoryPlan& worst, const MemoryPlan* occurred = nullptr,
                         const MeasuredMemory* measured = nullptr);

class MemoryReport {
 public:
  /// `before`: what the process had before the models were loaded. All of them outlive the report.
  MemoryReport(const R1ZeroJob& job, const CausalLm& policy, const World& world, ThreadPool& pool,
               const ProcessMemory& before);
  /// The plan for answers at the limit.
  std::string before() const;
  /// To be called just before the first rollout: the peak counts from here.
  void start();
  /// The engine's bytes of a rollout or an evaluation.
  void saw_engine(size_t bytes);
  /// Plan and measurement side by side; empty if no rollout was made.
  std::string after(GrpoTrainer& trainer) const;

 private:
  MemoryPlan plan(const StepLengths& lengths) const;

  const R1ZeroJob& job_;
  const CausalLm& policy_;
  ThreadPool& pool_;
  size_t process_, engine_bytes_ = 0;
  int64_t longest_prompt_ = 0;
  EngineRequest evaluation_;
  bool from_the_step_ = false;
};

}  // namespace r1
