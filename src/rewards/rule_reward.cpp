// Paper: [R1 Eq. 4], [R1 §2.2].
#include "rewards/rule_reward.h"

#include "rewards/checker.h"

namespace r1 {

double accuracy_reward(const Problem& problem, const ParsedOutput& output, bool& unknown) {
  unknown = false;
  if (!output.has_answer) return 0;
  const Verdict verdict = check_answer(problem, output.answer_text);
  unknown = verdict == Verdict::kUnknown;
  return verdict == Verdict::kRight ? 1 : 0;
}

double format_reward(const ParsedOutput& output) { return output.broken == FormRule::kOk ? 1 : 0; }

Score RuleReward::score(const Problem& problem, std::span<const token_t> ids) const {
  const ParsedOutput parsed = parser_.parse(ids);
  Score s;
  s.accuracy = accuracy_reward(problem, parsed, s.unknown);
  s.format = format_reward(parsed);
  s.total = config_.accuracy_weight * s.accuracy + config_.format_weight * s.format;
  s.answer = parsed.answer_text;
  return s;
}

}  // namespace r1
