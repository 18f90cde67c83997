// The forms in which answers occur in a toy base's texts: exactly the asked one, with some of its tags, or without any.
// RL finds that the first pays. Paper: [R1 Table 1] (the asked form).
#pragma once
#include <string>
#include <vector>

#include "base/check.h"
#include "base/rng.h"
#include "base/text.h"

namespace r1 {

enum class AnswerForm : uint8_t {
  kFull,   ///< <think>thought</think><answer>answer</answer>
  kPart,   ///< the answer without its tags, or without the thought
  kPlain,  ///< no tags
};

/// How often each form occurs, and how often an answer in it stands there without any thought. Part of a recipe.
struct AnswerShares {
  double tag_full = .25, tag_part = .15;
  double blunt_tagged = .3, blunt_untagged = .7;

  template <class V>
  void visit(V& v) {
    v("tag_full", tag_full, "answers in exactly the asked form", 0.0, 1.0);
    v("tag_part", tag_part, "answers with some of the tags", 0.0, 1.0);
    v("blunt_tagged", blunt_tagged, "answers without any thought among those in full form", 0.0, 1.0);
    v("blunt_untagged", blunt_untagged, "answers without any thought among the others", 0.0, 1.0);
  }
  /// Throws Error that begins with `where`.
  void check(const std::string& where) const {
    if (tag_full + tag_part > 1 + 1e-9)
      fail(where, ": tag_full and tag_part sum to ", tag_full + tag_part, ", expected at most 1");
  }
  /// One uniform draw; what is neither full nor part is plain.
  AnswerForm draw(Rng& rng) const {
    const double u = rng.uniform();
    return u < tag_full ? AnswerForm::kFull : u < tag_full + tag_part ? AnswerForm::kPart : AnswerForm::kPlain;
  }
  double blunt(AnswerForm form) const { return form == AnswerForm::kFull ? blunt_tagged : blunt_untagged; }
};

/// Frames an answer. `plain` is what stands there without tags. Draws once, for kPart only.
inline std::vector<Piece> in_form(AnswerForm form, const std::string& thought, const std::string& answer,
                                  std::vector<Piece> plain, Rng& rng) {
  const Piece text = text_piece(thought), result = text_piece(answer);
  const Piece think = special_piece("<think>"), end_think = special_piece("</think>");
  const Piece tell = special_piece("<answer>"), end_tell = special_piece("</answer>");
  if (form == AnswerForm::kPlain) return plain;
  if (form == AnswerForm::kFull) return {think, text, end_think, tell, result, end_tell};
  if (rng.chance(.5)) return {think, text, end_think, result, text_piece(".")};
  return {tell, result, end_tell};
}

}  // namespace r1
