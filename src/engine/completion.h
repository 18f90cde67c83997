// What the engine returns for one sample: ids and the exact log-probability of each id under the policy that drew it.
// Paper: [R1 §2.1] (the o_i of a group).
#pragma once
#include <cstdint>
#include <vector>

#include "base/types.h"

namespace r1 {

enum class Finish : uint8_t { kEos, kLength };

struct Completion {
  int64_t prompt = 0;        ///< index of the prompt in the request
  int64_t sample = 0;        ///< 0..G-1
  std::vector<token_t> ids;  ///< generated tokens, end-of-sequence included if it came
  std::vector<real> logp;    ///< log_softmax(logits / T) of each id; before any top-p cut
  Finish finish = Finish::kLength;
};

}  // namespace r1
