// The pre-training objective of one slot: next-token cross-entropy, plus lambda times the MTP modules' mean, plus the
// sequence-wise balance loss (which adds its gradient inside the router). Paper: [V3 Eq. 24-25], [V3 Eq. 17].
#pragma once
#include "autograd/tape.h"
#include "model/causal_lm.h"
#include "train/batch.h"

namespace r1 {

struct LmLossConfig {
  double mtp_lambda = 0.3;
  double balance_alpha = 1e-4;
  template <class V>
  void visit(V& v) {
    v("mtp_lambda", mtp_lambda, "weight of the MTP loss [V3 §4.2]", 0.0, 10.0);
    v("balance_alpha", balance_alpha, "weight of the sequence-wise balance loss [V3 §4.2]", 0.0, 10.0);
  }
};

/// Sums over a slot; divide by `targets` for means.
struct LmLossStats {
  double loss = 0;      ///< sum of -log p over next-token targets
  double mtp_loss = 0;  ///< the same over MTP targets, all depths
  int64_t targets = 0, mtp_targets = 0;
  int64_t tokens = 0;
  std::vector<ops::RouterStats> routers;
  std::string not_finite;  ///< where the first NaN or infinity came from, if the loss is one
};

/// Next-token targets of a slot: rows and tokens with mask 1, `ahead` = 1 for the main model, k + 1 for MTP depth k.
void collect_targets(const PackedSlot& slot, int64_t ahead, std::vector<int32_t>& rows, std::vector<token_t>& targets);

/// Forward, loss and (when the tape records) backward of one slot. `batch_targets` and `batch_tokens` count the whole
/// batch, so that slots add up to the batch mean.
LmLossStats lm_loss(Tape& t, const CausalLm& model, const PackedSlot& slot, const LmLossConfig& c,
                    int64_t batch_targets, int64_t batch_tokens);

}  // namespace r1
