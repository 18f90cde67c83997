// Language consistency: the share of the target language among the words of a thought. A word is a run of letters of an
// alphabet, or one character of a script without spaces (Han, Kana). Neutral, on neither side of the fraction: numbers,
// single Latin letters (variables), formulas ($..$, \(..\), \[..\], \commands), code (`..`, fences) and tags <..>.
// The paper adds this share directly to the reward: no weight, no sigmoid. A sigmoid form with a weight, which popular
// articles report, exists as a labelled ablation only. Trap: a thought without any word has no share; it earns 0, or
// writing nothing would be the surest way to be consistent. Paper: [R1 Eq. 7].
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace r1 {

/// Words of a text by kind. "en" owns the Latin script, "zh" the Han characters; the rest is foreign to both.
struct LanguageCount {
  int64_t latin = 0, han = 0, other = 0;
  int64_t words() const { return latin + han + other; }
};
LanguageCount count_languages(std::string_view text);

/// [R1 Eq. 7] in [0, 1]. Throws Error if `target` is neither "en" nor "zh".
double language_consistency(std::string_view thought, const std::string& target);

/// How the share enters the sum.
enum class LanguageForm : uint8_t {
  kShare,    ///< the paper's: added as it is
  kSigmoid,  ///< ablation, not in the paper: weight / (1 + exp(-steepness (share - middle)))
};
struct LanguageAblation {
  double weight = 0.2, steepness = 10, middle = 0.5;
};
double language_reward(double share, LanguageForm form, const LanguageAblation& a = {});

}  // namespace r1
