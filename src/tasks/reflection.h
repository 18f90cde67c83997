// Words by which a text looks back on itself: the paper's ten, and the Chinese words of the toy world beside them.
// In: any text. Out: counts. Trap: English words count as whole words ("waiter" is none),
// Chinese has no word borders, so its words count where they stand, longest first. Paper: [R1 App. C.2].
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace r1 {

/// wait, mistake, however, but, retry, error, verify, wrong, evaluate, check.
const std::vector<std::string>& reflective_words();
/// Their kin in Chinese.
const std::vector<std::string>& reflective_words_zh();

struct Reflection {
  std::map<std::string, int64_t> count;  ///< by word, only words that occur
  int64_t total = 0;
  int64_t waits = 0;  ///< "wait" and its Chinese kin alone
};

Reflection reflect(std::string_view text);

}  // namespace r1
