// The GRPO loop: draw groups, score them, z-score, compare with the reference, update in minibatches, refresh the
// reference. It knows problems and scores through an Environment, and evaluation only as a callback of its caller.
// Paper: [R1 §2.1] (one rollout, many minibatches, one inner epoch), [R1 App. B.1]. Note: paper_notes/grpo.md
#pragma once
#include <functional>
#include <memory>

#include "engine/engine.h"
#include "rl/memory_plan.h"
#include "train/adamw.h"
#include "train/checkpoint.h"

namespace r1 {

/// The world a policy acts in, as functions. `judge` begins to judge an answer as soon as it is finished, from the
/// engine's threads, one call at a time; what it returns is called once, after the reference pass, for the score. So a
/// judge that runs programs works while the engine draws and the reference model scores.
struct Environment {
  std::function<Problem(uint32_t rollout, uint32_t question)> problem;
  std::function<std::vector<token_t>(const Problem&)> encode;  ///< prompt ids, template included
  std::function<std::function<Score()>(const Problem&, const std::vector<token_t>& answer)> judge;
  token_t eos = 0;
};

/// A judge that answers at once, as an Environment wants it.
template <class Judge>
auto at_once(Judge judge) {
  return [judge](const Problem& p, const std::vector<token_t>& ids) { return [s = judge(p, ids)] { return s; }; };
}

/// Figures of one rollout and its updates.
struct RolloutReport {
  int64_t rollout = 0, update = 0;  ///< finished so far
  double accuracy = 0, format = 0, language = 0, reward = 0, length = 0, truncated = 0, zero_variance = 0, unknown = 0;
  double grad_norm = 0, lr = 0;  ///< mean over the updates; last rate
  double exact_diff = 0;         ///< max |logp_rollout - logp_train| before the first update
  double first_ratio_max = 1;    ///< largest first ratio of the first minibatch
  GrpoStats stats;
  int64_t groups = 0, tokens = 0;
  double rollout_s = 0, reference_s = 0, update_s = 0, waited_s = 0;
  bool moved = false;       ///< some parameter changed
  size_t engine_bytes = 0;  ///< caches, activations and scratch of the rollout's workers
};

class GrpoTrainer {
 public:
  /// `reference` must have the same shape as `policy`; it starts as its copy. The pool, models and environment outlive
  /// the trainer.
  GrpoTrainer(CausalLm& policy, CausalLm& reference, const GrpoConfig& config, Environment env, ThreadPool& pool,
              uint64_t seed);

  /// One rollout and its policy updates. Throws Error when no reward differs and nothing can move for too long, or when
  /// a gradient is not finite three times in a row.
  RolloutReport step();

  int64_t rollouts() const { return rollouts_; }
  int64_t updates() const { return adamw_.updates(); }
  const std::vector<Group>& last_groups() const { return groups_; }
  SlotRunner& runner() { return runner_; }
  /// The largest lengths of this process's rollouts so far (memory planning).
  const StepLengths& lengths() const { return lengths_; }

  /// Everything that `step` depends on, for save_checkpoint; `restore` takes the sections back.
  CheckpointState state();
  void restore(const Json& sections);

 private:
  void draw_groups(RolloutReport& r);
  void score_groups(RolloutReport& r);
  void update(const PolicyBatch& batch, const std::vector<size_t>& pick, RolloutReport& r, bool first);
  void refresh_reference();

  CausalLm &policy_, &reference_;
  GrpoConfig c_;
  Environment env_;
  ThreadPool& pool_;
  uint64_t seed_;
  SlotRunner runner_;
  AdamW adamw_;
  int64_t rollouts_ = 0, skipped_in_a_row_ = 0, idle_rollouts_ = 0;
  int64_t reference_update_ = 0;  ///< policy update that the reference is a copy of
  std::vector<Group> groups_;
  std::vector<std::function<Score()>> verdicts_;  ///< of the groups' completions, in order
  StepLengths lengths_;
};

}  // namespace r1
