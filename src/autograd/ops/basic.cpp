// RMSNorm, SwiGLU, embedding: value, and the gradient right under it. Paper: [V3 §2.1].
#include "autograd/ops/basic.h"

#include <algorithm>

#include "kernels/elementwise.h"
#include "kernels/norm.h"

namespace r1::ops {

Var rmsnorm(Tape& t, Var x, const Param& w, real eps) {
  const int64_t n = x->value.size(0), c = w.value.numel();
  R1_CHECK(x->value.numel() == n * c, "rmsnorm ", w.name, " of ", c, " columns on ", x->value.shape().str());
  Var y = t.variable(t.alloc({n, c}));
  const Tensor rstd = t.recording() ? t.alloc({n}) : Tensor();
  const RmsNormArgs args{n, c, eps, x->value.data(), c, w.value.data()};
  rmsnorm_fwd(t.exec(), y->value.data(), c, rstd.data(), args);
  t.record([&t, x, &w, y, rstd, args, c] {
    if (!y->grad.defined()) return;
    GradSlot dx = t.grad_slot(x);
    rmsnorm_bwd(t.exec(0, rmsnorm_bwd_workspace(args.rows, c)), args,
                RmsNormGrads{y->grad.data(), c, rstd.data(), dx.tensor.data(), c, dx.accumulate, t.grad_of(w).data()});
  });
  return y;
}

Var swiglu(Tape& t, Var h) {
  const int64_t n = h->value.size(0), inner = h->value.size(1) / 2;
  Var y = t.variable(t.alloc({n, inner}));
  swiglu_fwd(t.exec(), y->value.data(), h->value.data(), n, inner);
  t.record([&t, h, y, n, inner] {
    if (!y->grad.defined()) return;
    GradSlot dh = t.grad_slot(h);
    R1_CHECK(!dh.accumulate, "swiglu input used twice");
    swiglu_bwd(t.exec(), dh.tensor.data(), y->grad.data(), h->value.data(), n, inner);
  });
  return y;
}

Var embedding(Tape& t, std::span<const token_t> ids, const Param& table) {
  const int64_t n = static_cast<int64_t>(ids.size()), v = table.value.size(0), c = table.value.size(1);
  for (token_t id : ids) R1_CHECK(id >= 0 && id < v, "token id ", id, ", expected 0 to ", v - 1);
  const Tensor kept = t.indices(ids);
  Var y = t.variable(t.alloc({n, c}));
  embedding_fwd(t.exec(), y->value.data(), table.value.data(), kept.ints(), n, c);
  t.record([&t, &table, y, kept, n, c] {
    if (!y->grad.defined()) return;
    if (t.in_parts())
      t.grads()->add_rows_later(table, kept, y->grad);
    else
      embedding_bwd(t.exec(), t.grad_of(table).data(), y->grad.data(), kept.ints(), n, c);
  });
  return y;
}

}  // namespace r1::ops
