// The rule rewards of R1-Zero: accuracy of the answer and form of the output, added with weights. In: a problem and the
// generated token ids. Out: Score with its parts. Nothing here needs tensors. Where it differs from the paper: the
// paper adds the two with equal weight; the weights are settings here, 1 and 1 by default. Paper: [R1 Eq. 4].
#pragma once
#include <span>

#include "rewards/score.h"
#include "tasks/problem.h"
#include "tokenizer/output_parser.h"

namespace r1 {

struct RuleRewardConfig {
  double accuracy_weight = 1;
  double format_weight = 1;
  template <class V>
  void visit(V& v) {
    v("accuracy_weight", accuracy_weight, "reward of a right answer", 0.0, 100.0);
    v("format_weight", format_weight, "reward of an output in exactly the asked form", 0.0, 100.0);
  }
};

/// 1 if the problem's checker finds the parsed answer right, else 0; sets `unknown` if it cannot decide.
/// No answer, or more than one, is wrong.
double accuracy_reward(const Problem& problem, const ParsedOutput& output, bool& unknown);

/// 1 if the whole output has exactly the asked form, else 0.
double format_reward(const ParsedOutput& output);

/// Scores outputs of one tokenizer; holds a reference to it.
class RuleReward {
 public:
  explicit RuleReward(const Tokenizer& tokenizer, const RuleRewardConfig& config = {})
      : parser_(tokenizer), config_(config) {}
  Score score(const Problem& problem, std::span<const token_t> ids) const;
  const OutputParser& parser() const { return parser_; }

 private:
  OutputParser parser_;
  RuleRewardConfig config_;
};

}  // namespace r1
