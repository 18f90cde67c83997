// The rows. Captions are our own words and say what a reader should look for. Paper: [R1 Eq. 1-4], [R1 Fig. 7].
#include "pipeline/report_specs.h"

namespace r1 {
namespace {

const std::vector<Spec> kSpecs = {
    {"Form of the answers",
     "Share of answers that have exactly the asked form: thought in think tags, then the result in answer tags. It "
     "is usually learnt first, before accuracy moves.",
     "[R1 Eq. 4]",
     Unit::kPercent,
     true,
     {{"eval/format", "held-out problems"}, {"reward/format", "training rollouts"}}},
    {"Reward",
     "Mean rewards of each training rollout. The total is what the advantage is computed from; the parts are kept "
     "apart so that one can be seen to rise at the expense of another.",
     "[R1 Eq. 4]",
     Unit::kNumber,
     false,
     {{"reward/total", "total"},
      {"reward/accuracy", "accuracy"},
      {"reward/format", "format"},
      {"reward/language", "language"}}},
    {"Do the checks repair?",
     "Of the wrong lines that a check looked at, the share that is right afterwards, and of the right ones the share "
     "that the check spoilt, by the task's own oracle. Reflection that repairs nothing would be decoration.",
     "[R1 App. C.2]",
     Unit::kPercent,
     true,
     {{"eval/repaired", "wrong, then right"}, {"eval/spoiled", "right, then wrong"}}},
    {"Distance from the reference",
     "Mean estimate a token of the KL divergence between the policy and its reference, the term that GRPO holds "
     "down. It drops back whenever the reference is replaced by the policy.",
     "[R1 Eq. 2]",
     Unit::kNumber,
     false,
     {{"grpo/kl", "KL a token"}}},
    {"Entropy",
     "Mean entropy of the next-token distribution along the sampled answers, in nats. A fall to zero means that the "
     "policy has stopped trying anything new.",
     "",
     Unit::kNumber,
     false,
     {{"grpo/entropy", "entropy"}}},
    {"Clipped tokens",
     "Share of tokens whose gradient vanishes because their probability ratio left the clip range. With the paper's "
     "wide range it stays near zero.",
     "[R1 Eq. 1]",
     Unit::kPercent,
     false,
     {{"grpo/clipped", "clipped"}}},
    {"Groups that teach nothing",
     "Share of groups in which all outputs earned the same reward: their advantages are zero. High at the start "
     "means problems too hard, high at the end problems too easy.",
     "[R1 Eq. 3]",
     Unit::kPercent,
     true,
     {{"rollout/zero_variance", "zero-variance groups"}}},
    {"Gradient norm",
     "L2 norm of the whole gradient before clipping. Spikes show updates that the clip by global norm had to tame.",
     "",
     Unit::kNumber,
     false,
     {{"train/grad_norm", "gradient norm"}}},
    {"Cut answers",
     "Share of answers that ran into the length limit. When it grows, measured length is limited by us and not by "
     "the policy; the paper doubled its limit in mid-run.",
     "[R1 §2.1]",
     Unit::kPercent,
     false,
     {{"eval/truncated", "held-out problems"}, {"rollout/truncated", "training rollouts"}}},
    {"Language of the answers",
     "Mean share of each language among the words of an answer. Without a reward for consistency nothing holds the "
     "language in place, and the paper reports mixing.",
     "[R1 Eq. 7] [R1 Fig. 7]",
     Unit::kPercent,
     true,
     {{"eval/language_en", "English"}, {"eval/language_zh", "Chinese"}}},
    {"Largest probability ratio",
     "The largest ratio of a token's probability under the policy being trained to that under the policy that drew "
     "it. Exactly 1 at the first update after a rollout in exact mode.",
     "[R1 Eq. 1]",
     Unit::kNumber,
     false,
     {{"grpo/ratio_max", "largest ratio"}}},
    {"Rollout against training",
     "Largest absolute difference between the log-probability recorded while sampling and the one recomputed for "
     "training. Exact mode keeps it at zero.",
     "",
     Unit::kNumber,
     false,
     {{"grpo/logp_diff_max", "largest difference"}}},
    {"Loss",
     "Mean next-token loss in nats a token, on the training batches and on documents kept apart.",
     "",
     Unit::kNumber,
     false,
     {{"train/loss", "training"}, {"train/held_out_loss", "held out"}}},
    {"Learning rate", "Learning rate of each update.", "", Unit::kNumber, false, {{"train/lr", "learning rate"}}},
    {"Speed",
     "Tokens a second: generated during rollouts, and trained on during updates.",
     "",
     Unit::kNumber,
     false,
     {{"rollout/tokens_per_s", "rollout"}, {"train/tokens_per_s", "training"}}},
};

}  // namespace

const std::vector<Spec>& specs() { return kSpecs; }

}  // namespace r1
