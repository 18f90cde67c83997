// HuggingFace's patterns are written for Oniguruma; this says the same to PCRE2. Where the two engines read the same
// letters differently (\h, \w, \b, \uHHHH, line anchors) the pattern is rewritten; what cannot be rewritten in place
// (class intersection, nested classes, \W in a class, stacked and open quantifiers) is an error, never a silently
// different split. Known rest: (?i) here never folds one letter to two (ß and ss). Paper: none.
#pragma once
#include <string>

namespace r1 {

/// The pattern for PCRE2 with PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE. Throws Error naming the construct.
std::string pcre2_from_oniguruma(const std::string& pattern);

}  // namespace r1
