// From hidden states to tokens: output head, draw, exact log-probability. The log-probability comes from the same row
// kernel as in training, so that both have the same bits for the same logits. Paper: [R1 Eq. 1] (pi_old).
#pragma once
#include <span>
#include <vector>

#include "autograd/tape.h"
#include "engine/sampling.h"

namespace r1 {

/// The output head packed once for a whole generate(): weights are constant meanwhile. Shared by all workers.
class PackedHead {
 public:
  explicit PackedHead(const Param& head);  ///< [V, C]
  int64_t vocab() const { return vocab_; }
  int64_t width() const { return width_; }
  /// logits [rows, V] = hidden [rows, C] head^T
  void logits(Tape& t, real* logits, const real* hidden, int64_t rows) const;

 private:
  int64_t vocab_, width_;
  Tensor packed_;
};

/// Rows of logits at a time.
constexpr int64_t kDrawRows = 128;

struct Draws {
  std::vector<token_t> ids;
  std::vector<real> logp;  ///< log_softmax(logits / T)[id] over the whole vocabulary
};

/// One token for each row of `hidden` [rows, C] with the row's uniform number. Throws Error if a log-probability is not
/// finite. Memory comes from the tape's arena.
Draws draw_tokens(Tape& t, const PackedHead& head, const real* hidden, const std::vector<real>& uniform,
                  const SamplingParams& params);

}  // namespace r1
