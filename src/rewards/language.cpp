// One pass over the text: skip what is neutral, then runs of letters. Paper: [R1 Eq. 7].
#include "rewards/language.h"

#include <cmath>
#include <iterator>

#include "base/check.h"
#include "base/text.h"

namespace r1 {
namespace {

enum class Script : uint8_t { kNone, kLatin, kHan, kKana, kOther };

bool between(char32_t c, char32_t low, char32_t high) { return c >= low && c <= high; }

Script script_of(char32_t c) {
  if (between(c | 0x20, 'a', 'z')) return Script::kLatin;
  if (c < 0xAA) return Script::kNone;
  if (between(c, 0xC0, 0x24F) && c != 0xD7 && c != 0xF7) return Script::kLatin;
  if (between(c, 0x4E00, 0x9FFF) || between(c, 0x3400, 0x4DBF) || between(c, 0x20000, 0x323AF)) return Script::kHan;
  if (between(c, 0x3041, 0x30FF) || between(c, 0x31F0, 0x31FF)) return Script::kKana;
  // Greek beyond single letters, Cyrillic ... Thai, Hangul, and the other alphabets below the symbols.
  if (between(c, 0x370, 0x1FFF) || between(c, 0xAC00, 0xD7A3) || between(c, 0xFB1D, 0xFDFF) ||
      between(c, 0x10280, 0x1CFFF))
    return Script::kOther;
  return Script::kNone;
}

/// Finds the neutral stretches of one text. An end that is missing is looked for once: a text of openings alone would
/// take quadratic time.
class NeutralStretches {
 public:
  explicit NeutralStretches(std::string_view text) : text_(text) {}

  /// Where the text goes on if a neutral stretch begins at `at`; else `at`. An opening without its end is plain text.
  size_t after(size_t at) {
    for (size_t i = 0; i < std::size(kPairs); ++i) {
      const Pair& p = kPairs[i];
      if (text_.compare(at, p.open.size(), p.open) != 0) continue;
      const size_t end = endless_[i] ? std::string_view::npos : text_.find(p.close, at + p.open.size());
      endless_[i] = end == std::string_view::npos;
      return endless_[i] ? at + p.open.size() : end + p.close.size();
    }
    if (text_[at] == '\\') {
      size_t end = at + 1;
      while (end < text_.size() && script_of(static_cast<unsigned char>(text_[end])) == Script::kLatin) ++end;
      return end;
    }
    if (text_[at] == '<') {  // a tag is short and has no blanks
      const size_t end = text_.substr(0, at + 33).find_first_of("> \n<", at + 1);
      if (end != std::string_view::npos && text_[end] == '>') return end + 1;
    }
    return at;
  }

 private:
  struct Pair {
    std::string_view open, close;
  };
  static constexpr Pair kPairs[] = {{"```", "```"}, {"`", "`"},     {"$$", "$$"},
                                    {"$", "$"},     {"\\(", "\\)"}, {"\\[", "\\]"}};
  std::string_view text_;
  bool endless_[std::size(kPairs)] = {};
};

void count_run(Script script, int64_t characters, LanguageCount& out) {
  if (script == Script::kLatin && characters >= 2) ++out.latin;
  if (script == Script::kHan) out.han += characters;
  if (script == Script::kKana) out.other += characters;
  if (script == Script::kOther && characters >= 2) ++out.other;
}

}  // namespace

LanguageCount count_languages(std::string_view text) {
  LanguageCount out;
  Script run = Script::kNone;
  int64_t characters = 0;
  NeutralStretches neutral(text);
  for (size_t at = 0; at < text.size();) {
    const size_t next = neutral.after(at);
    const CodePoint c = next == at ? decode_utf8(text, at) : CodePoint{};
    const Script s = c.length ? script_of(c.value) : Script::kNone;
    if (s != run) {
      count_run(run, characters, out);
      run = s, characters = 0;
    }
    ++characters;
    at = next != at ? next : at + static_cast<size_t>(c.length ? c.length : 1);
  }
  count_run(run, characters, out);
  return out;
}

double language_consistency(std::string_view thought, const std::string& target) {
  if (target != "en" && target != "zh") fail("language '", target, "', expected en or zh");
  const LanguageCount n = count_languages(thought);
  if (n.words() == 0) return 0;
  return static_cast<double>(target == "en" ? n.latin : n.han) / static_cast<double>(n.words());
}

double language_reward(double share, LanguageForm form, const LanguageAblation& a) {
  if (form == LanguageForm::kShare) return share;
  return a.weight / (1 + std::exp(-a.steepness * (share - a.middle)));
}

}  // namespace r1
