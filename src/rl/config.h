// Every knob of GRPO by name, and two presets: `paper` (R1-Zero's numbers) and `toy`.
// Paper: [R1 §2.1], [R1 §3.2.1]; values that no source publishes are marked assumed. Note: paper_notes/grpo.md
#pragma once
#include <string>
#include <vector>

#include "base/fields.h"
#include "train/adamw.h"

namespace r1 {

struct GrpoConfig {
  std::string preset = "toy";
  int64_t questions = 32;               ///< per rollout
  int64_t group_size = 16;              ///< G
  int64_t minibatches = 2;              ///< policy updates per rollout, one inner epoch
  std::string minibatch_of = "groups";  ///< groups: whole groups; outputs: outputs shuffled over the rollout
  int64_t rollouts = 100;
  double temperature = 1.0;
  double top_p = 1.0;
  int64_t max_new_tokens = 192;
  double lr = 2e-4;
  int64_t warmup = 5;
  double max_grad_norm = 1.0;
  AdamWConfig adamw{0.9, 0.95, 1e-8, 0.0};
  double clip_low = 10, clip_high = 10;
  double kl_beta = 1e-3;
  std::string kl = "k3";
  int64_t ref_refresh = 50;        ///< updates between replacements of the reference, 0 = never
  std::string objective = "grpo";  ///< rft: online rejection-sampling fine-tuning, the baseline at equal samples
  bool shuffle_rewards = false;    ///< the control in which reward says nothing about the answer
  std::string loss_mean = "sequence";
  std::string advantage_scale = "std";
  double advantage_eps = 1e-4;
  double accuracy_weight = 1, format_weight = 1, language_weight = 0;
  int64_t part_tokens = 256;  ///< of a slot that are worked through at a time; no bit depends on it

  template <class V>
  void visit(V& v) {
    using Words = std::vector<std::string>;
    v("preset", preset, "where the defaults come from", Words{"toy", "paper"});
    v("questions", questions, "questions per rollout", 1, 1 << 20);
    v("group_size", group_size, "answers per question G [R1 §2.1]", 1, 1 << 16);
    v("minibatches", minibatches, "policy updates per rollout", 1, 1 << 16);
    v("minibatch_of", minibatch_of, "what is dealt into minibatches", Words{"groups", "outputs"});
    v("rollouts", rollouts, "rollouts in all", 0, int64_t{1} << 40);
    v("temperature", temperature, "rollout temperature", 1e-3, 100.0);
    v("top_p", top_p, "rollout nucleus", 1e-6, 1.0);
    v("max_new_tokens", max_new_tokens, "longest answer", 1, 1 << 24);
    v("lr", lr, "learning rate", 0.0, 1.0);
    v("warmup", warmup, "updates of linear warm-up", 0, 1 << 30);
    v("max_grad_norm", max_grad_norm, "clip of the global gradient norm, 0 = off", 0.0, 1e9);
    v("adamw", adamw, "optimiser");
    v("clip_low", clip_low, "ratio clipped below 1 - this", 0.0, 1e9);
    v("clip_high", clip_high, "ratio clipped above 1 + this", 0.0, 1e9);
    v("kl_beta", kl_beta, "weight of the KL term", 0.0, 1e3);
    v("kl", kl, "KL estimator", Words{"k1", "k2", "k3"});
    v("ref_refresh", ref_refresh, "updates between reference replacements, 0 = never", 0, int64_t{1} << 40);
    v("objective", objective, "advantage of the group, or 1 for right and well-formed answers and 0 for others",
      Words{"grpo", "rft"});
    v("shuffle_rewards", shuffle_rewards, "control: rewards change places inside each group");
    v("loss_mean", loss_mean, "mean over each sequence then over sequences, or over all tokens",
      Words{"sequence", "token"});
    v("advantage_scale", advantage_scale, "divide by the group's standard deviation or not", Words{"std", "none"});
    v("advantage_eps", advantage_eps, "added to the standard deviation", 0.0, 1.0);
    v("accuracy_weight", accuracy_weight, "weight of the accuracy reward [R1 Eq. 4]", 0.0, 1e3);
    v("format_weight", format_weight, "weight of the format reward [R1 Eq. 4]", 0.0, 1e3);
    v("language_weight", language_weight, "weight of language consistency [R1 Eq. 7]; R1-Zero has none", 0.0, 1e3);
    v("part_tokens", part_tokens, "tokens a thread works through at a time: memory and speed, no bit depends on it", 1,
      int64_t{1} << 40);
  }
  void check(const std::string& where) const;
};

/// The preset's values: throws Error for an unknown name.
GrpoConfig grpo_preset(const std::string& name);

}  // namespace r1
