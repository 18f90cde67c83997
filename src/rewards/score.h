// The reward of one completion, in parts; the advantage is never written over it. Paper: [R1 Eq. 4].
#pragma once
#include <map>
#include <string>

namespace r1 {

struct Score {
  double accuracy = 0;   ///< 1 if the answer is right [R1 §2.2]
  double format = 0;     ///< 1 if the output has exactly the asked form
  double total = 0;      ///< what RL sees: the weighted sum of the parts
  bool unknown = false;  ///< the verifier could not decide: masked, never 0 or 1
  std::string answer;    ///< what was extracted, "" if nothing
};

}  // namespace r1
