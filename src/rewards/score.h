// The reward of one completion, in parts; the advantage is never written over it. Paper: [R1 Eq. 4].
#pragma once
#include <cstdint>
#include <string>

namespace r1 {

struct Score {
  double accuracy = 0;    ///< 1 if the answer is right [R1 §2.2]
  double format = 0;      ///< 1 if the output has exactly the asked form
  double language = 0;    ///< share of the question's language among the thought's words [R1 Eq. 7]
  double preference = 0;  ///< a reward model's score [R1 Eq. 10]; 0 where none judges
  double total = 0;       ///< what RL sees: the weighted sum of the parts
  bool unknown = false;   ///< the verifier could not decide: masked, never 0 or 1
  std::string answer;     ///< what was extracted, "" if nothing
};

}  // namespace r1
