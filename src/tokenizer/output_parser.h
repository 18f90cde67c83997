// The strict reader of a model's output, on token ids: <think> thought </think> <answer> answer </answer> <eos>, each
// tag once and as an id, nothing before, between or after. In: generated ids. Out: spans and the rule that failed.
// Blanks: a token of blanks outside the spans breaks the form like any other token; a span of blanks only is empty.
// Trap: the form and the answer are judged apart, as the two rewards are. Paper: [R1 Table 1], [R1 §2.2].
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace r1 {

/// The first rule that an output breaks, in the order in which they are checked.
enum class FormRule : uint8_t {
  kOk,
  kNoEnd,         ///< does not finish with end-of-sequence: cut off, or it has several
  kStraySpecial,  ///< another special token (padding, begin), or an id outside the vocabulary
  kRepeatedTag,   ///< a tag occurs twice
  kMissingTag,    ///< a tag does not occur
  kTagOrder,      ///< the four tags are not in order
  kTextOutside,   ///< tokens before <think>, between the parts, or after </answer>
  kEmptyThought,  ///< nothing but blanks between the think tags
  kEmptyAnswer,   ///< nothing but blanks between the answer tags
  kSpelledTag,    ///< a tag spelt in letters inside a part
};

/// "repeated tag" and the like, for metrics and reports.
const char* name_of(FormRule rule);

/// A half-open range of positions in the ids.
struct TokenSpan {
  size_t begin = 0, end = 0;
  bool operator==(const TokenSpan&) const = default;
};

struct ParsedOutput {
  FormRule broken = FormRule::kOk;  ///< kOk: the whole output has exactly the asked form
  TokenSpan thought;                ///< valid if kOk
  bool has_answer = false;  ///< exactly one non-empty <answer> part, not inside a thought; may hold without the form
  TokenSpan answer;         ///< valid if has_answer
  std::string answer_text;  ///< its text without blanks at the ends
};

/// Reads outputs of one tokenizer; holds a reference to it.
class OutputParser {
 public:
  /// Throws Error if the tokenizer lacks one of the four tags or end-of-sequence.
  explicit OutputParser(const Tokenizer& tokenizer);
  ParsedOutput parse(std::span<const token_t> ids) const;

 private:
  struct Places;
  FormRule broken_rule(std::span<const token_t> ids, const Places& places) const;
  bool blank(std::span<const token_t> ids, TokenSpan span) const;
  bool spells_tag(std::span<const token_t> ids, TokenSpan span) const;

  const Tokenizer& tokenizer_;
  token_t eos_;
  token_t tags_[4];  ///< in the order in which they must come
};

}  // namespace r1
