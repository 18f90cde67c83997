// The tokenizer of the toy worlds: digits and symbols one token each, merges inside words only, at most 512 entries.
// A word takes one blank before and one after it along, so that "first a4b7; then c+d8" is
// [first_][a][4][b][7][;][_then_][c][+][d][8]: no token is spent on blanks. Where it differs from the paper: V3
// groups up to three digits and has 128K entries; a small net needs each digit to be one thing. Paper: [V3 §4.1].
#pragma once
#include <string>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace r1 {

inline constexpr int64_t kToyMaxVocab = 512;

/// Names of the specials, ids 0.. in this order: padding, begin, end, then the four tags.
const std::vector<std::string>& toy_specials();
/// The splitting rule above.
PreTokenizer toy_pre_tokenizer();
/// Learns the words of `texts` that occur at least `min_count` times. Throws Error if texts need over 512 entries to
/// have each frequent word as one token (the merges stop there otherwise, silently short).
Tokenizer train_toy_tokenizer(const std::vector<std::string>& texts, int64_t min_count = 2);

}  // namespace r1
