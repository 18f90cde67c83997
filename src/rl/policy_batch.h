// What the objective sees of a rollout: each output as prompt + answer with the per-token values of its answer. The
// temperature travels along, because every log-probability is log_softmax(logits / T). Paper: [R1 Eq. 1].
#pragma once
#include <string>
#include <vector>

#include "engine/completion.h"
#include "rewards/score.h"
#include "tasks/problem.h"

namespace r1 {

/// One question with its G answers, their scores and advantages.
struct Group {
  Problem problem;
  std::vector<token_t> prompt;
  std::vector<Completion> completions;
  std::vector<Score> scores;
  std::vector<double> advantage;
};

/// One output of the rollout, ready for the objective.
struct PolicyOutput {
  std::vector<token_t> ids;  ///< prompt then answer
  int64_t prompt_length = 0;
  double advantage = 0;
  std::vector<real> logp_old;  ///< per answer token, from the rollout
  std::vector<real> logp_ref;  ///< per answer token, under the reference; empty = no KL term
  int64_t answer_length() const { return static_cast<int64_t>(ids.size()) - prompt_length; }
};

struct PolicyBatch {
  std::vector<PolicyOutput> outputs;
  double temperature = 1;
};

/// All outputs of the groups that have a token, in order; the advantages are still to come.
PolicyBatch make_policy_batch(const std::vector<Group>& groups, double temperature);
/// The batch of the same groups with their advantages. Outputs whose score is unknown are left out (masked, never 0 or
/// 1).
PolicyBatch scored(PolicyBatch batch, const std::vector<Group>& groups);

/// Deals the outputs (`outputs`: shuffled; `groups`: whole groups of group_size neighbours, shuffled) into equal
/// minibatches of indices; a function of (seed, rollout).
std::vector<std::vector<size_t>> deal_minibatches(const std::vector<Group>& groups, const std::string& minibatch_of,
                                                  int64_t minibatches, uint64_t seed, uint32_t rollout);

}  // namespace r1
