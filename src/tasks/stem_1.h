// Questions of the toy world r1-1 with four options: one law, three quantities ("force = mass * acceleration"), two of
// them given. Levels: 1 multiply, 2 divide, 3 two laws one after the other. The wrong options are what a wrong step
// would give (sum, difference, the inverse law, one off), so that guessing from size does not work. Paper: [R1 §2.2],
// [R1 App. B.3.1] (STEM: options).
#pragma once
#include <string>
#include <vector>

#include "base/rng.h"
#include "tasks/problem.h"

namespace r1 {

inline constexpr int kStemLevels = 3, kStemOptions = 4;

/// A quantity and how it is made of two others: product = a * b.
struct StemLaw {
  const char *product, *a, *b;  ///< names in English; stem_word translates
};

struct StemQuestion {
  struct Given {
    std::string name;  ///< in English
    int value = 0;
  };
  std::vector<Given> given;
  std::string asked;
  int answer = 0;
  std::vector<int> options;        ///< four different numbers
  int right = 0;                   ///< place of the answer among them
  std::vector<std::string> steps;  ///< "6*4=24", in order
  int level = 1;
};

StemQuestion draw_stem(int level, Rng& rng);
/// "stem mass:6,acceleration:4;force?A24,B10,C2,D23".
std::string stem_text(const StemQuestion& q, int language);
Problem stem_problem(const StemQuestion& q, int language);

}  // namespace r1
