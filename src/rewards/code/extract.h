// Which text of an answer is the program. In: what stands between the answer tags (the thought is never looked at).
// Out: the inside of the one fenced block that ends it. Two blocks, a fence inside a fence, text behind the block,
// another language: no program, so nothing can be chosen in the writer's favour. Paper: [R1 §2.2].
#pragma once
#include <string>
#include <vector>

namespace r1 {

enum class CodeForm : uint8_t {
  kOk,
  kNoBlock,    ///< no fence at all
  kOpenBlock,  ///< the block has no end
  kSeveral,    ///< more than two fence lines: several blocks, or one inside another
  kNotLast,    ///< something other than blanks behind the block
  kBadFence,   ///< indented, of another kind (~~~, ````), or with more than one word behind it
  kOtherLanguage,
  kThought,  ///< a thought's tag in the answer
  kEmpty,
};

/// "no block" and the like.
const char* name_of(CodeForm form);

struct ExtractedCode {
  CodeForm form = CodeForm::kNoBlock;
  std::string program;  ///< valid if kOk
};

/// `words`: what may stand behind the opening fence; nothing may always.
ExtractedCode extract_code(const std::string& answer, const std::vector<std::string>& words);

}  // namespace r1
