// The rule rewards: accuracy of the answer, form of the output and, if its weight is not 0, consistency of the
// language. In: a problem and the generated token ids. Out: Score with its parts. Nothing here needs tensors. Where it
// differs from the paper: the paper adds the parts with equal weight; the weights are settings here. Paper: [R1 Eq. 4],
// [R1 Eq. 7].
#pragma once
#include <functional>
#include <span>

#include "rewards/reward_sum.h"
#include "tasks/problem.h"
#include "tokenizer/output_parser.h"

namespace r1 {

/// 1 if the whole output has exactly the asked form, else 0.
double format_reward(const ParsedOutput& output);

/// [R1 Eq. 7] of the thought, for the problem's language; 0 if the problem names none, or if the output has not
/// the asked form (no thought to read).
double language_part(const Problem& problem, const ParsedOutput& output, const Tokenizer& tokenizer,
                     std::span<const token_t> ids);

/// Scores outputs of one tokenizer; holds a reference to it.
class RuleReward {
 public:
  explicit RuleReward(const Tokenizer& tokenizer, const RewardWeights& weights = {})
      : tokenizer_(tokenizer), parser_(tokenizer), weights_(weights) {}
  Score score(const Problem& problem, std::span<const token_t> ids) const;
  /// The same in two halves: what runs programs begins now, and the returned function waits for it.
  std::function<Score()> begin(const Problem& problem, std::span<const token_t> ids) const;
  const OutputParser& parser() const { return parser_; }

 private:
  const Tokenizer& tokenizer_;
  OutputParser parser_;
  RewardWeights weights_;
};

}  // namespace r1
