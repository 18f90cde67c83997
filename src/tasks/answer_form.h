// The forms in which answers occur in a toy base's texts: exactly the asked one, with some of its tags, or without any.
// RL finds that the first pays. Paper: [R1 Table 1] (the asked form).
#pragma once
#include <string>
#include <vector>

#include "base/rng.h"
#include "base/text.h"

namespace r1 {

enum class AnswerForm : uint8_t {
  kFull,   ///< <think>thought</think><answer>answer</answer>
  kPart,   ///< the answer without its tags, or without the thought
  kPlain,  ///< no tags
};

/// One uniform draw: `full` and `part` are probabilities, the rest is plain.
inline AnswerForm draw_form(double full, double part, Rng& rng) {
  const double u = rng.uniform();
  return u < full ? AnswerForm::kFull : u < full + part ? AnswerForm::kPart : AnswerForm::kPlain;
}

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
