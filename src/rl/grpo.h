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
void fill_reference(SlotRunner& runner, const CausalLm& reference, PolicyBatch& batch,
                    int64_t part_tokens = GrpoConfig{}.part_tokens);

/// log-probabilities of all answer tokens of every output under `model` (checks of rollout = training).
std::vector<std::vector<real>> answer_logp(SlotRunner& runner, const CausalLm& model, const PolicyBatch& batch,
                                           int64_t part_tokens = GrpoConfig{}.part_tokens);

/// Outputs with one prompt that are dealt into a slot together, so that the prompt is computed once for them. More
/// would save little and leave slots uneven.
constexpr int64_t kSharedPrompt = 8;

/// Tokens of one output; neighbours of the same group share their prompt.
struct OutputLength {
  int64_t prompt = 0, answer = 0, group = 0;
};
/// Rows of a part of a slot: shared prompts count once.
int64_t part_rows(const std::vector<OutputLength>& part);
/// What decides the memory of a batch.
struct BatchLengths {
  std::vector<OutputLength> part;  ///< the part with most rows
  int64_t slot_rows = 0;           ///< of the fullest slot
  /// Keeps the larger of each.
  void include(const BatchLengths& other);
};
BatchLengths batch_lengths(const PolicyBatch& batch, const std::vector<size_t>& pick, int64_t part_tokens);
/// Activations and scratch of a part of such outputs in bytes, counted on a tape without data: forward, objective and
/// backward, or the forward alone (`reference`). The model may be shapes only.
size_t part_bytes(const CausalLm& model, const std::vector<OutputLength>& part, const GrpoConfig& c, bool reference);

KlKind kl_kind(const std::string& name);

}  // namespace r1
