#include "rewards/rule_reward.h"

#include "support/catch.h"
#include "tokenizer/template.h"
#include "tokenizer/toy.h"

using namespace r1;

namespace {

const Tokenizer& toy() {
  static const Tokenizer t = train_toy_tokenizer({"first then so wait ok"}, 1);
  return t;
}

Problem problem() {
  Problem p;
  p.checker = "rational", p.answer = "85";
  return p;
}

Score score(const std::string& text, const RewardWeights& weights = {}) {
  return RuleReward(toy(), weights).score(problem(), toy().encode_with_specials(text));
}

}  // namespace

TEST_CASE("accuracy and form are judged apart and added with weights") {
  const Score both = score("<think>so</think><answer>85</answer><|eos|>");
  CHECK(both.accuracy == 1);
  CHECK(both.format == 1);
  CHECK(both.total == 2);
  CHECK(both.answer == "85");

  const Score form = score("<think>so</think><answer>84</answer><|eos|>", {1, 0.5});  // 56: garbage earns the form only
  CHECK(form.accuracy == 0);
  CHECK(form.total == 0.5);

  const Score right = score("so<answer>85</answer>", {2, 1});
  CHECK(right.format == 0);
  CHECK(right.total == 2);

  CHECK(score("").total == 0);
  CHECK(score("85<|eos|>").total == 0);
}

TEST_CASE("an undecided answer is marked, not rewarded") {
  const Score s = score("<think>so</think><answer>" + std::string(40, '9') + "/3</answer><|eos|>");
  CHECK(s.unknown);
  CHECK(s.accuracy == 0);
}

TEST_CASE("padding, repetition and missing ends buy nothing") {  // 57, 58, 60
  const std::string pad = "then then then then then ";
  CHECK(score("<think>" + pad + pad + pad + pad).total == 0);
  CHECK(score("<think>" + pad + "</think><answer>85</answer>").format == 0);  // no end of sequence
  CHECK(score("<think>first:then:</think><answer>84</answer><|eos|>").total ==
        score("<think>a</think><answer>84</answer><|eos|>").total);
  const std::vector<token_t> spelt = toy().encode("<think>so</think><answer>85</answer><|eos|>");
  CHECK(RuleReward(toy()).score(problem(), spelt).total == 0);
}

TEST_CASE("language consistency is a part of the score, and of the sum only where it has a weight") {
  Problem p = problem();
  p.language = "zh";
  const std::vector<token_t> ids = toy().encode_with_specials("<think>首先 first 所以</think><answer>85</answer><|eos|>");
  const Score plain = RuleReward(toy()).score(p, ids);
  CHECK(plain.language == Approx(4.0 / 5));
  CHECK(plain.total == 2);
  CHECK(RuleReward(toy(), stage_weights(RewardStage::kReasoning, false)).score(p, ids).total == Approx(2.8));
  const std::vector<token_t> formless = toy().encode_with_specials("首先<answer>85</answer><|eos|>");
  CHECK(RuleReward(toy()).score(p, formless).language == 0);
}
