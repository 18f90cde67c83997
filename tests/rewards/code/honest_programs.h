// Honest programs of our own making for honest_test.cpp: problems with a `solve(lines)` each, and five ways to read and
// print.
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace r1_test {

struct HonestProblem {
  const char* name;
  const char* solve;                                       ///< Python: def solve(lines): list of str -> list of str
  std::vector<std::pair<std::string, std::string>> tests;  ///< input, output without the final newline
};
struct HonestCpp {
  const char* name;
  const char* program;
  std::vector<std::pair<std::string, std::string>> tests;
};

const std::vector<HonestProblem>& honest_problems();
const std::vector<HonestCpp>& honest_cpp();
/// Name and wrapping of each style.
const std::vector<std::pair<const char*, std::string (*)(const std::string& solve)>>& honest_styles();

}  // namespace r1_test
