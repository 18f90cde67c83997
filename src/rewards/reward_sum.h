// Which parts a reward is the sum of, stage by stage: R1-Zero: accuracy + format [R1 Eq. 4]; reasoning RL: those and
// language consistency [R1 Eq. 7]; RL for all scenarios: R_reasoning + R_general + R_language, where R_reasoning is the
// rule reward and R_general a preference model's score + format [R1 Eq. 8-10]. A part that a stage does not name has
// weight 0. Weights are 1 unless set (the paper gives none). Paper: [R1 Eq. 4], [R1 Eq. 8], [R1 Eq. 9], [R1 Eq. 10].
#pragma once
#include "rewards/score.h"

namespace r1 {

enum class RewardStage : uint8_t { kZero, kReasoning, kAllScenarios };

struct RewardWeights {
  double accuracy = 1, format = 1, language = 0, preference = 0;
};

/// The paper's sum for a stage; `general`: a prompt that no rule can check (all scenarios only; throws Error
/// elsewhere).
RewardWeights stage_weights(RewardStage stage, bool general);

/// What RL sees of a score's parts.
double weighted_sum(const RewardWeights& weights, const Score& score);

}  // namespace r1
