// Paper: [R1 Table 1], [R1 §2.2].
#include "tokenizer/output_parser.h"

#include <algorithm>

#include "tokenizer/template.h"

namespace r1 {
namespace {

constexpr const char* kTagNames[4] = {kThinkOpen, kThinkClose, kAnswerOpen, kAnswerClose};
enum Tag { kOpenThink, kCloseThink, kOpenAnswer, kCloseAnswer };

}  // namespace

const char* name_of(FormRule rule) {
  static const char* const names[] = {"ok",          "no end",       "stray special", "repeated tag", "missing tag",
                                      "wrong order", "text outside", "empty thought", "empty answer", "spelled tag"};
  return names[static_cast<size_t>(rule)];
}

/// How often and where first each tag occurs, and what else is special.
struct OutputParser::Places {
  size_t count[4] = {}, at[4] = {};
  size_t ends = 0;
  bool stray = false;
};

OutputParser::OutputParser(const Tokenizer& tokenizer) : tokenizer_(tokenizer), eos_(tokenizer.special(kEos)) {
  for (int k = 0; k < 4; ++k) tags_[k] = tokenizer.special(kTagNames[k]);
}

bool OutputParser::blank(std::span<const token_t> ids, TokenSpan span) const {
  return trim(tokenizer_.decode(ids.subspan(span.begin, span.end - span.begin))).empty();
}

bool OutputParser::spells_tag(std::span<const token_t> ids, TokenSpan span) const {
  const std::string text = tokenizer_.decode(ids.subspan(span.begin, span.end - span.begin));
  return std::any_of(std::begin(kTagNames), std::end(kTagNames),
                     [&](const char* tag) { return text.find(tag) != std::string::npos; });
}

FormRule OutputParser::broken_rule(std::span<const token_t> ids, const Places& p) const {
  if (ids.empty() || ids.back() != eos_ || p.ends != 1) return FormRule::kNoEnd;
  if (p.stray) return FormRule::kStraySpecial;
  for (const size_t n : p.count)
    if (n > 1) return FormRule::kRepeatedTag;
  for (const size_t n : p.count)
    if (n == 0) return FormRule::kMissingTag;
  if (!std::is_sorted(std::begin(p.at), std::end(p.at))) return FormRule::kTagOrder;
  if (p.at[kOpenThink] != 0 || p.at[kOpenAnswer] != p.at[kCloseThink] + 1 || p.at[kCloseAnswer] + 2 != ids.size())
    return FormRule::kTextOutside;
  const TokenSpan thought = {1, p.at[kCloseThink]}, answer = {p.at[kOpenAnswer] + 1, p.at[kCloseAnswer]};
  if (blank(ids, thought)) return FormRule::kEmptyThought;
  if (blank(ids, answer)) return FormRule::kEmptyAnswer;
  if (spells_tag(ids, thought) || spells_tag(ids, answer)) return FormRule::kSpelledTag;
  return FormRule::kOk;
}

ParsedOutput OutputParser::parse(std::span<const token_t> ids) const {
  Places p;
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto tag = std::find(std::begin(tags_), std::end(tags_), ids[i]) - std::begin(tags_);
    if (tag < 4) {
      if (p.count[tag]++ == 0) p.at[tag] = i;
    } else if (ids[i] == eos_) {
      ++p.ends;
    } else if (tokenizer_.is_special(ids[i]) || !tokenizer_.valid(ids[i])) {
      p.stray = true;
    }
  }
  ParsedOutput out;
  out.broken = broken_rule(ids, p);
  if (out.broken == FormRule::kOk) out.thought = {1, p.at[kCloseThink]};

  // The answer counts without the form too (a base model rarely has the form), but only if there is no doubt which
  // answer it is: one pair of tags, no special inside, and outside of any thought, closed or not.
  const TokenSpan answer = {p.at[kOpenAnswer] + 1, p.at[kCloseAnswer]};
  const bool one_pair = p.count[kOpenAnswer] == 1 && p.count[kCloseAnswer] == 1 && answer.begin <= answer.end;
  const bool no_thought = p.count[kOpenThink] == 0 && p.count[kCloseThink] == 0;
  const bool after_thought = p.count[kOpenThink] == 1 && p.count[kCloseThink] == 1 &&
                             p.at[kOpenThink] < p.at[kCloseThink] && p.at[kCloseThink] < p.at[kOpenAnswer];
  if (p.stray || !one_pair || !(no_thought || after_thought)) return out;
  const auto inside = ids.subspan(answer.begin, answer.end - answer.begin);
  if (std::find(inside.begin(), inside.end(), eos_) != inside.end()) return out;
  if (blank(ids, answer) || spells_tag(ids, answer)) return out;
  out.has_answer = true;
  out.answer = answer;
  out.answer_text = trim(tokenizer_.decode(inside));
  return out;
}

}  // namespace r1
