// Presets of GRPO. Paper: [R1 §2.1], [R1 §3.2.1].
#include "rl/config.h"

namespace r1 {

GrpoConfig grpo_preset(const std::string& name) {
  GrpoConfig c;
  if (name == "toy") return c;
  if (name != "paper") fail("unknown GRPO preset '", name, "', expected toy or paper");
  c.preset = "paper";
  c.questions = 512;                        // 8,192 outputs a rollout = 512 questions x 16 [R1 §2.1]
  c.group_size = 16;                        // [R1 §2.1]
  c.minibatches = 16;                       // of 512 outputs, one inner epoch [R1 §2.1]
  c.minibatch_of = "outputs";               // shuffled [R1 §2.1]
  c.rollouts = 650;                         // 10,400 steps / 16 [R1 §2.1]
  c.temperature = 1.0;                      // [R1 §2.1]
  c.top_p = 1.0;                            // assumed
  c.max_new_tokens = 32768;                 // [R1 §2.1]; 65,536 after step 8.2k
  c.lr = 3e-6;                              // [R1 §2.1]
  c.warmup = 0;                             // assumed
  c.max_grad_norm = 1.0;                    // assumed
  c.adamw = {0.9, 0.95, 1e-8, 0.1};         // assumed: those of [V3 §4.2]
  c.clip_low = c.clip_high = 10;            // [R1 §3.2.1]; for R1-Zero assumed
  c.kl_beta = 1e-3;                         // [R1 §2.1]
  c.kl = "k3";                              // [R1 Eq. 2]
  c.ref_refresh = 400;                      // [R1 §2.1]
  c.loss_mean = "sequence";                 // [R1 Eq. 1], token form [DSM Eq. 3]
  c.advantage_scale = "std";                // [R1 Eq. 3]
  c.advantage_eps = 1e-4;                   // assumed
  c.accuracy_weight = c.format_weight = 1;  // equal weight [R1 Eq. 4]; the size of the format reward is assumed
  return c;
}

void GrpoConfig::check(const std::string& where) const {
  const int64_t pieces = minibatch_of == "groups" ? questions : questions * group_size;
  if (pieces % minibatches != 0)
    fail(where, ": ", pieces, " ", minibatch_of, " a rollout do not divide into minibatches = ", minibatches);
  if (accuracy_weight + format_weight == 0)
    fail(where, ": accuracy_weight and format_weight are both 0: no reward at all");
}

}  // namespace r1
