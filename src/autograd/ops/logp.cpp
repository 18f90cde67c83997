// Chunked log-probabilities: value, and the gradient right under it. d logits = dlogp (onehot - p) / T.
// Paper: [R1 Eq. 1], [V3 Eq. 24].
#include "autograd/ops/logp.h"

#include <algorithm>

#include "autograd/ops/linear.h"
#include "kernels/elementwise.h"
#include "kernels/logp.h"

namespace r1::ops {

TokenLogp token_logp(Tape& t, Var h, const Param& head, std::span<const int32_t> rows, std::span<const token_t> targets,
                     real inv_temperature) {
  const int64_t n = static_cast<int64_t>(rows.size()), c = head.value.size(1), v = head.value.size(0);
  R1_CHECK(rows.size() == targets.size(), rows.size(), " rows but ", targets.size(), " targets");
  for (token_t id : targets) R1_CHECK(id >= 0 && id < v, "target id ", id, ", expected 0 to ", v - 1);
  const Tensor index = t.indices(rows), target = t.indices(targets);
  TokenLogp out{t.variable(t.alloc({n})), t.alloc({n})};
  const Tensor picked = t.alloc({n, c}), lse = t.alloc({n}), logits = t.alloc({std::min(n, kLogpChunk), v});
  embedding_fwd(t.exec(), picked.data(), h->value.data(), index.ints(), n, c);  // a gather of rows
  const auto make_logits = [&t, &head, picked, logits, c, v](int64_t first, int64_t count) {
    run_gemm(t, {.m = count,
                 .n = v,
                 .k = c,
                 .a = picked.data() + first * c,
                 .lda = c,
                 .b = head.value.data(),
                 .ldb = c,
                 .trans_b = true,
                 .c = logits.data(),
                 .ldc = v,
                 .packed_b = t.packed(head)});
  };
  for (int64_t i = 0; i < n; i += kLogpChunk) {
    const int64_t count = std::min(kLogpChunk, n - i);
    make_logits(i, count);
    logp_rows(t.exec(), out.logp->value.data() + i, lse.data() + i, out.entropy.data() + i, logits.data(),
              target.ints() + i, count, v, inv_temperature);
  }
  t.record([&t, h, &head, out, index, target, picked, lse, logits, make_logits, n, c, v, inv_temperature] {
    if (!out.logp->grad.defined()) return;
    const Tensor dpicked = t.alloc({n, c});
    for (int64_t i = 0; i < n; i += kLogpChunk) {
      const int64_t count = std::min(kLogpChunk, n - i);
      if (n > kLogpChunk) make_logits(i, count);  // a single chunk still lies there
      logp_rows_bwd(t.exec(), logits.data(), logits.data(), lse.data() + i, target.ints() + i,
                    out.logp->grad.data() + i, count, v, inv_temperature);
      run_gemm(t, {.m = count,
                   .n = c,
                   .k = v,
                   .a = logits.data(),
                   .lda = v,
                   .b = head.value.data(),
                   .ldb = c,
                   .c = dpicked.data() + i * c,
                   .ldc = c});
      const GradSlot dw = t.grad_slot(head);
      run_gemm(t, {.m = v,
                   .n = c,
                   .k = count,
                   .a = logits.data(),
                   .lda = v,
                   .trans_a = true,
                   .b = picked.data() + i * c,
                   .ldb = c,
                   .c = dw.tensor.data(),
                   .ldc = c,
                   .accumulate = dw.accumulate});
    }
    GradSlot dh = t.grad_slot(h);
    if (!dh.accumulate) dh.tensor.zero();
    embedding_bwd(t.exec(), dh.tensor.data(), dpicked.data(), index.ints(), n, c);  // scatter-add of rows
  });
  return out;
}

}  // namespace r1::ops
