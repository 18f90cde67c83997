// Metrics of reinforcement learning: one record a rollout. Nothing that GRPO leaves out, cuts or masks is silent.
// Paper: [R1 Eq. 1-4] (what the terms mean), [R1 §2.1].
#pragma once
#include "train/metrics.h"

namespace r1 {

R1_METRIC(kRewardAccuracy, "reward/accuracy",
          "Mean accuracy reward of the rollout: share of outputs whose answer is right.");
R1_METRIC(kRewardFormat, "reward/format",
          "Mean format reward of the rollout: share of outputs with exactly the asked form.");
R1_METRIC(kRewardLanguage, "reward/language", "Mean language-consistency reward of the rollout.");
R1_METRIC(kRewardTotal, "reward/total", "Mean of the reward that the advantage is made from.");
R1_METRIC(kRewardUnknown, "reward/unknown",
          "Share of outputs that the verifier could not decide: masked, neither right nor wrong.");

R1_METRIC(
    kRolloutWaited, "rollout/waited_seconds",
    "Seconds that the trainer waited for verdicts after the rollout and the reference pass: 0 if all were ready.");

R1_METRIC(kRolloutLength, "rollout/length", "Mean number of generated tokens an output.");
R1_METRIC(kRolloutTruncated, "rollout/truncated", "Share of outputs that reached the length limit.");
R1_METRIC(kRolloutLoops, "rollout/loops", "Share of outputs that end in a loop: the same tokens again and again.");
R1_METRIC(kRolloutZeroVariance, "rollout/zero_variance",
          "Share of groups whose outputs all earned the same: they teach nothing.");
R1_METRIC(kRolloutTokens, "rollout/tokens_per_s", "Generated tokens per second of rollout.");
R1_METRIC(kRolloutReflective, "rollout/reflective", "Mean number of reflective words an output of the rollout.");
R1_METRIC(kRolloutSeconds, "rollout/seconds", "Seconds spent on generating the rollout.");
R1_METRIC(kUpdateSeconds, "rollout/update_seconds", "Seconds spent on the updates that follow the rollout.");

R1_METRIC(kGrpoLoss, "grpo/loss", "Mean GRPO loss of the updates of the rollout, the KL term included.");
R1_METRIC(kGrpoKl, "grpo/kl", "Mean KL estimate a token between the policy and the reference.");
R1_METRIC(kGrpoEntropy, "grpo/entropy", "Mean entropy of the policy a generated token, in nats.");
R1_METRIC(kGrpoClipped, "grpo/clipped", "Share of tokens whose gradient the clipping of the ratio removes.");
R1_METRIC(kGrpoRatioMax, "grpo/ratio_max", "Largest probability ratio of a token against the policy that drew it.");
R1_METRIC(kGrpoLogpDiff, "grpo/logp_diff_max",
          "Largest |logp of the rollout - logp of training| over the tokens of the rollout: 0 in exact mode.");
R1_METRIC(kGrpoRefUpdate, "grpo/ref_update", "Update at which the reference policy was last replaced by the policy.");

}  // namespace r1
