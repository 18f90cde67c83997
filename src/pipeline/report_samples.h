// Answers of a run to read: which prompts to show, at which times, and how a completion is marked up. Shared by the
// page and by `r1 watch`. Paper: [R1 Table 2] (an answer that turns back on itself).
#pragma once
#include <string>
#include <vector>

#include "pipeline/report.h"

namespace r1 {

/// One prompt's answers over the run, ascending update, one an evaluation.
struct SampleStory {
  int64_t problem = 0, level = 0;
  std::string prompt, reference;
  std::vector<const Sample*> times;
};

/// The prompts of the run, the most telling first: wrong at first and right at the end, with a check on the way, of a
/// high level. Pointers are into `run`.
std::vector<SampleStory> stories(const Run& run);
/// At most `count` of the answers: first, last, and evenly between.
std::vector<const Sample*> thin_times(const std::vector<const Sample*>& times, size_t count);

/// Kinds of marks in a completion; a byte has at most one of each group.
enum class Mark : uint8_t { kNone, kTag, kWord };
enum class Verdict : uint8_t { kNone, kWrong, kRepaired, kRight, kSpoiled };

/// A run of bytes with the same marks; the pieces in order give the text back.
struct MarkedPiece {
  std::string text;
  Mark mark = Mark::kNone;
  Verdict verdict = Verdict::kNone;
};

/// Cuts a completion at its tags, at the words given and at the spans of the sample, never inside a UTF-8 character.
std::vector<MarkedPiece> marked_up(const Sample& sample, const std::vector<std::string>& words);
/// Words that the run counts (its eval/word_* metrics), or the paper's ten.
std::vector<std::string> counted_words(const Run& run);

/// The HTML section "Answers"; "" when the run has no samples.
std::string samples_html(const Run& run);

}  // namespace r1
