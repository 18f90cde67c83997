// Stage: R1-Zero. A base model, rule rewards alone, GRPO, evaluation on held-out problems as it goes, a report.
// Paper: [R1 §2].
#pragma once
#include <string>

#include "pipeline/evaluate.h"
#include "rewards/code/executor.h"
#include "rl/config.h"

namespace r1 {

struct R1ZeroJob {
  std::string base;  ///< model directory
  std::string run;   ///< run folder
  std::string out;   ///< model directory to write at the end, "" = none
  uint64_t seed = 0;
  int threads = 0;
  bool resume = false;
  int64_t eval_every = 10;        ///< rollouts, 0 = only start and end
  int64_t checkpoint_every = 20;  ///< rollouts
  bool keep_models = false;       ///< a model directory at each evaluation, RUN/models/ROLLOUT
  bool run_programs = false;      ///< judge programs in an executor, while the engine draws
  ExecutorConfig executor;
  WorldConfig world;
  GrpoConfig grpo;
  EvalConfig eval;
};

/// Runs to the end (or to Ctrl-C: then it saves and returns 130). Throws Error on bad input.
int run_r1_zero(const R1ZeroJob& job);

}  // namespace r1
