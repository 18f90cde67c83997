// Log-probabilities of given tokens under the output head, without ever holding [N, V]: logits are made for a chunk of
// rows, reduced, and thrown away; backward makes them again, unless one chunk was enough. Paper: [R1 Eq. 1] (log
// pi_theta), [V3 Eq. 24].
#pragma once
#include <span>

#include "autograd/tape.h"

namespace r1::ops {

/// Rows of logits that exist at any one time.
constexpr int64_t kLogpChunk = 256;

struct TokenLogp {
  Var logp;        ///< [R] log_softmax(h W^T / T)[target]
  Tensor entropy;  ///< [R] entropy of each row's distribution, no gradient
};

/// h [N, C], head [V, C]; `rows` [R] picks the rows of h (ascending), `targets` [R] their tokens. inv_temperature =
/// 1/T. Bits equal the engine's log-probabilities for equal h.
TokenLogp token_logp(Tape& t, Var h, const Param& head, std::span<const int32_t> rows, std::span<const token_t> targets,
                     real inv_temperature);

}  // namespace r1::ops
