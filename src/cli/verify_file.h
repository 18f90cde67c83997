// `r1 verify` on files: agreement with labels, values of expressions, time for a verdict. Paper: none.
#pragma once
#include <string>
#include <vector>

namespace r1 {

/// One line of a pairs file.
struct VerifyPair {
  std::string gold, answer, label, about;  ///< label "" if there is none
};

/// Reads {"gold": ..., "answer": ...[, "label": "equal" | "different" | "unknown"][, "about": ...]} a line.
std::vector<VerifyPair> read_pairs(const std::string& path);

/// Prints counts and a table of disagreements; returns 1 if a reference cannot be read that is not labelled unknown.
int report_pairs(const std::string& path);

/// Times each pair; prints verdicts a second on `threads` threads and the spread of one verdict.
int bench_pairs(const std::string& path, int threads, int rounds);

/// Lines {"text": ..., "at": {"x": 1.3}, "value": 0.5}: does the exact form have that value? null: must not be read.
int report_values(const std::string& path);

}  // namespace r1
