// The GRPO objective on a minibatch of outputs: log-probabilities of the answer tokens, the clipped objective, its
// gradient. The same forward gives the reference's log-probabilities. Paper: [R1 Eq. 1-3]. Note: paper_notes/grpo.md
#pragma once
#include "autograd/tape.h"
#include "kernels/policy_loss.h"
#include "model/causal_lm.h"
#include "rl/config.h"
#include "rl/policy_batch.h"
#include "train/slots.h"

namespace r1 {

/// Token-weighted sums over a minibatch; divide by `tokens`.
struct GrpoStats {
  double loss = 0;  ///< the objective's value, already a mean
  double kl = 0, entropy = 0, clipped = 0, ratio = 0;
  double ratio_max = 0, logp_diff_max = 0;  ///< largest ratio; largest |logp - logp_old|
  int64_t tokens = 0;
  void add(const GrpoStats& s);
};

/// Gradient of the objective over outputs `pick` of the batch, summed over the slots of `runner`.
Gradients& grpo_gradient(SlotRunner& runner, const CausalLm& policy, const PolicyBatch& batch,
                         const std::vector<size_t>& pick, const GrpoConfig& c, GrpoStats& stats);

/// Fills logp_ref of every output by a forward of `reference`.
void fill_reference(SlotRunner& runner, const CausalLm& reference, PolicyBatch& batch);

/// log-probabilities of all answer tokens of every output under `model` (checks of rollout = training).
std::vector<std::vector<real>> answer_logp(SlotRunner& runner, const CausalLm& model, const PolicyBatch& batch);

KlKind kl_kind(const std::string& name);

}  // namespace r1
