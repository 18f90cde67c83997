// Paper: [R1 Eq. 4], [R1 Eq. 8], [R1 Eq. 9], [R1 Eq. 10].
#include "rewards/reward_sum.h"

#include "base/check.h"

namespace r1 {

/// General prompts: [R1 Eq. 10] and the language of [R1 Eq. 8]; reasoning prompts: [R1 Eq. 9], which is [R1 Eq. 4].
RewardWeights stage_weights(RewardStage stage, bool general) {
  if (general && stage != RewardStage::kAllScenarios)
    fail("a prompt that no rule can check in a stage of rule rewards alone (R1-Zero, reasoning RL)");
  if (general) return {.accuracy = 0, .format = 1, .language = 1, .preference = 1};
  return {.accuracy = 1, .format = 1, .language = stage == RewardStage::kZero ? 0.0 : 1.0, .preference = 0};
}

double weighted_sum(const RewardWeights& w, const Score& s) {
  return w.accuracy * s.accuracy + w.format * s.format + w.language * s.language + w.preference * s.preference;
}

}  // namespace r1
