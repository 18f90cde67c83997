// Pre-training loss. Paper: [V3 Eq. 24-25].
#include "train/lm_loss.h"

#include <cmath>

#include "autograd/ops/logp.h"
#include "kernels/memory.h"

namespace r1 {

void collect_targets(const PackedSlot& slot, int64_t ahead, std::vector<int32_t>& rows, std::vector<token_t>& targets) {
  rows.clear();
  targets.clear();
  for (size_t d = 0; d + 1 < slot.cu_seqlens.size(); ++d)
    for (int64_t i = slot.cu_seqlens[d]; i + ahead < slot.cu_seqlens[d + 1]; ++i)
      if (slot.mask[static_cast<size_t>(i + ahead)]) {
        rows.push_back(static_cast<int32_t>(i));
        targets.push_back(slot.ids[static_cast<size_t>(i + ahead)]);
      }
}

namespace {

/// Adds -log p over the targets to `sum` and seeds their gradient with -weight.
void add_cross_entropy(Tape& t, const CausalLm& model, Var h, const std::vector<int32_t>& rows,
                       const std::vector<token_t>& targets, double weight, double& sum) {
  const ops::TokenLogp lp = ops::token_logp(t, h, model.head(), rows, targets, 1);
  const int64_t n = static_cast<int64_t>(rows.size());
  if (!lp.logp->value.data()) return;
  for (real logp : lp.logp->value.to_vector()) sum -= static_cast<double>(logp);
  if (t.recording()) fill(t.exec(), t.grad_slot(lp.logp).tensor.data(), static_cast<real>(-weight), n);
}

}  // namespace

LmLossStats lm_loss(Tape& t, const CausalLm& model, const PackedSlot& slot, const LmLossConfig& c,
                    int64_t batch_targets, int64_t batch_tokens) {
  LmLossStats s;
  s.tokens = slot.tokens();
  s.routers.resize(model.n_moe_layers());
  if (s.tokens == 0) return s;
  const TokenBatch batch{slot.ids,        slot.positions,
                         slot.cu_seqlens, nullptr,
                         &s.routers,      static_cast<real>(c.balance_alpha / static_cast<double>(batch_tokens))};
  std::vector<int32_t> rows;
  std::vector<token_t> targets;
  Var h = model.forward(t, batch);
  collect_targets(slot, 1, rows, targets);
  s.targets = static_cast<int64_t>(rows.size());
  const double weight = 1.0 / static_cast<double>(batch_targets);
  if (s.targets > 0) add_cross_entropy(t, model, h, rows, targets, weight, s.loss);
  if (c.mtp_lambda > 0) {
    for (int64_t k = 1; k <= model.n_mtp(); ++k) {
      h = model.mtp(t, h, batch, k);
      collect_targets(slot, k + 1, rows, targets);
      if (rows.empty()) continue;
      s.mtp_targets += static_cast<int64_t>(rows.size());
      add_cross_entropy(t, model, h, rows, targets, weight * c.mtp_lambda / static_cast<double>(model.n_mtp()),
                        s.mtp_loss);
    }
  }
  if (!std::isfinite(s.loss + s.mtp_loss)) s.not_finite = t.first_not_finite();
  if (t.recording()) t.backward();
  return s;
}

}  // namespace r1
