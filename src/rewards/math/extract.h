// The final answer in an output, by strict rules: never from inside the thought; the text between the answer tags if
// there are any; there, everything in \boxed{}; without a box the lines with ####; without those a last line "A: ..."
// or "... answer is ..."; else the whole text if it is one line, or its last line. Several candidates are all kept: the
// verifier calls the answer wrong unless every one of them is right. Paper: [R1 §2.2], [R1 App. B.3.1].
#pragma once
#include <string_view>
#include <vector>

namespace r1::math {

enum class AnswerSource : uint8_t { kNone, kBoxed, kHashes, kAnswerLine, kPlain };
const char* name_of(AnswerSource s);

struct Extracted {
  AnswerSource source = AnswerSource::kNone;
  std::vector<std::string_view> candidates;  ///< views into the output, without equal neighbours
};

/// Linear in the length of the output.
Extracted extract_answer(std::string_view output);

}  // namespace r1::math
