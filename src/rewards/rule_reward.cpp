// Paper: [R1 Eq. 4], [R1 Eq. 7], [R1 §2.2].
#include "rewards/rule_reward.h"

#include "rewards/checker.h"
#include "rewards/language.h"

namespace r1 {

double format_reward(const ParsedOutput& output) { return output.broken == FormRule::kOk ? 1 : 0; }

double language_part(const Problem& problem, const ParsedOutput& output, const Tokenizer& tokenizer,
                     std::span<const token_t> ids) {
  if (output.broken != FormRule::kOk || problem.language.empty()) return 0;
  std::string thought;
  for (size_t i = output.thought.begin; i < output.thought.end; ++i) thought += tokenizer.bytes(ids[i]);
  return language_consistency(thought, problem.language);
}

Score RuleReward::score(const Problem& problem, std::span<const token_t> ids) const { return begin(problem, ids)(); }

std::function<Score()> RuleReward::begin(const Problem& problem, std::span<const token_t> ids) const {
  const ParsedOutput parsed = parser_.parse(ids);
  Score s;
  s.format = format_reward(parsed);
  s.language = language_part(problem, parsed, tokenizer_, ids);
  s.answer = parsed.answer_text;
  // No answer, or more than one, is wrong.
  PendingCheck verdict = parsed.has_answer ? begin_check(problem, parsed.answer_text) : [] { return Verdict::kWrong; };
  return [s, verdict = std::move(verdict), weights = weights_]() mutable {
    const Verdict v = verdict();
    s.accuracy = v == Verdict::kRight ? 1 : 0;
    s.unknown = v == Verdict::kUnknown;
    s.total = weighted_sum(weights, s);
    return s;
  };
}

}  // namespace r1
