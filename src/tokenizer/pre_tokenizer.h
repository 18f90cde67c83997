// Cuts a text into the pieces inside which byte pairs may be merged: a sequence of isolating splits, each working
// inside the pieces that the one before left. In: any bytes. Out: pieces that cover all of them, in order.
// Bytes that are not UTF-8 form pieces of their own, so that every input can be encoded. Paper: none.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/regex.h"

namespace r1 {

/// The pattern that GPT-2 introduced: contractions, words, numbers and symbols with one leading space, blanks.
extern const char* const kGpt2Pattern;

class PreTokenizer {
 public:
  /// What a step is called in a HuggingFace file; what it does is always its regex.
  enum class Kind { kSplit, kDigits, kByteLevel };
  struct Step {
    Kind kind;
    Regex regex;
    bool individual_digits = false;  ///< kDigits only
  };

  /// Each match of the pattern becomes a piece of its own, and so does each stretch between matches.
  void add_split(const std::string& pattern);
  /// Numbers apart from the rest; one digit at a time if `individual`.
  void add_digits(bool individual);
  /// The GPT-2 pattern as the ByteLevel step of a HuggingFace file.
  void add_gpt2();

  /// Calls fn(piece) for each piece from left to right. Throws Error when a pattern runs into its limits.
  void each_piece(std::string_view text, const std::function<void(std::string_view)>& fn) const;
  /// The pieces as copies; for tests and for the trainer.
  std::vector<std::string> pieces(std::string_view text) const;

  const std::vector<Step>& steps() const { return steps_; }

 private:
  std::vector<Step> steps_;
};

}  // namespace r1
