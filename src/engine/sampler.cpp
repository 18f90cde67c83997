// Head, draw and log-probability of a batch of rows. Paper: [R1 Eq. 1].
#include "engine/sampler.h"

#include <algorithm>
#include <cmath>

#include "kernels/gemm.h"
#include "kernels/logp.h"
#include "kernels/sample.h"

namespace r1 {

PackedHead::PackedHead(const Param& head) : vocab_(head.value.size(0)), width_(head.value.size(1)) {
  packed_ = Tensor::zeros({gemm_packed_size(vocab_, width_)});
  gemm_pack_b(Exec{}, packed_.data(), head.value.data(), width_, true, vocab_, width_);
}

void PackedHead::logits(Tape& t, real* logits, const real* hidden, int64_t rows) const {
  GemmArgs g;
  g.m = rows, g.n = vocab_, g.k = width_;
  g.a = hidden, g.lda = width_;
  g.ldb = width_, g.trans_b = true, g.packed_b = packed_.data();
  g.c = logits, g.ldc = vocab_;
  gemm(t.exec(gemm_workspace(g, t.workers())), g);
}

Draws draw_tokens(Tape& t, const PackedHead& head, const real* hidden, const std::vector<real>& uniform,
                  const SamplingParams& params) {
  const int64_t rows = static_cast<int64_t>(uniform.size()), vocab = head.vocab();
  Draws d{std::vector<token_t>(uniform.size()), std::vector<real>(uniform.size())};
  const real inv_t = params.inv_temperature(), top_p = params.greedy() ? real(0) : static_cast<real>(params.top_p);
  const Tensor logits = t.alloc({std::min(rows, kDrawRows), vocab}), lse = t.alloc({std::min(rows, kDrawRows)});
  for (int64_t r = 0; r < rows; r += kDrawRows) {
    const int64_t n = std::min(kDrawRows, rows - r);
    head.logits(t, logits.data(), hidden + r * head.width(), n);
    sample_rows(t.exec(sample_workspace(vocab, t.workers())), d.ids.data() + r, logits.data(), uniform.data() + r, n,
                vocab, inv_t, top_p);
    logp_rows(t.exec(), d.logp.data() + r, lse.data(), static_cast<real*>(nullptr), logits.data(), d.ids.data() + r, n,
              vocab, inv_t);
  }
  for (size_t i = 0; i < d.logp.size(); ++i)
    if (!std::isfinite(d.logp[i]))
      fail("the model's logits are not finite: log-probability ", d.logp[i], " of token id ", d.ids[i]);
  return d;
}

}  // namespace r1
