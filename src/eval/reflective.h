// Counts words that show reflection: the paper's ten [R1 App. C.2] and a list of kin that a run may add (other
// languages, other spellings). Differs from the paper: its counting rule (inflected forms, case) is not published; here
// a word in Latin letters counts as a whole word in any case, a word in another script wherever it occurs.
// Trap: entries of one list must not contain one another in a script without spaces, or they are counted twice.
#pragma once
#include <string>
#include <vector>

#include "tasks/reflection.h"

namespace r1 {

/// Occurrences of `word` in `text` that do not overlap.
int count_word(const std::string& text, const std::string& word);
/// Sum of count_word over a list.
int count_words(const std::string& text, const std::vector<std::string>& words);

}  // namespace r1
