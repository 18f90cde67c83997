// Paper: [R1 Eq. 4], [R1 Eq. 7], [R1 §2.2].
#include "rewards/rule_reward.h"

#include "rewards/checker.h"
#include "rewards/language.h"

namespace r1 {

double accuracy_reward(const Problem& problem, const ParsedOutput& output, bool& unknown) {
  unknown = false;
  if (!output.has_answer) return 0;
  const Verdict verdict = check_answer(problem, output.answer_text);
  unknown = verdict == Verdict::kUnknown;
  return verdict == Verdict::kRight ? 1 : 0;
}

double format_reward(const ParsedOutput& output) { return output.broken == FormRule::kOk ? 1 : 0; }

double language_part(const Problem& problem, const ParsedOutput& output, const Tokenizer& tokenizer,
                     std::span<const token_t> ids) {
  if (output.broken != FormRule::kOk || problem.language.empty()) return 0;
  std::string thought;
  for (size_t i = output.thought.begin; i < output.thought.end; ++i) thought += tokenizer.bytes(ids[i]);
  return language_consistency(thought, problem.language);
}

Score RuleReward::score(const Problem& problem, std::span<const token_t> ids) const {
  const ParsedOutput parsed = parser_.parse(ids);
  Score s;
  s.accuracy = accuracy_reward(problem, parsed, s.unknown);
  s.format = format_reward(parsed);
  s.language = language_part(problem, parsed, tokenizer_, ids);
  s.total = weighted_sum(weights_, s);
  s.answer = parsed.answer_text;
  return s;
}

}  // namespace r1
