// Mixture of experts: routed rows are sorted by expert, each expert is three products on its rows, no padding.
// Paper: [V3 Eq. 12-20].
#include "autograd/ops/moe.h"

#include "autograd/ops/linear.h"
#include "kernels/elementwise.h"
#include "kernels/moe.h"

namespace r1::ops {

Routing router(Tape& t, Var x, const Param& w, RouterArgs args, std::span<const int32_t> cu_seqlens,
               real balance_weight, RouterStats* stats) {
  const int64_t n = x->value.size(0), e = w.value.size(0), c = w.value.size(1), k = args.k;
  args.rows = n, args.experts = e;
  const Tensor logits = t.alloc({n, e}), scores = t.alloc({n, e});
  Routing out{t.variable(t.alloc({n, k})), t.alloc({n, k}, DType::kInt32)};
  run_gemm(t, {.m = n,
               .n = e,
               .k = c,
               .a = x->value.data(),
               .lda = c,
               .b = w.value.data(),
               .ldb = c,
               .trans_b = true,
               .c = logits.data(),
               .ldc = e,
               .packed_b = t.packed(w)});
  router_fwd(t.exec(), scores.data(), out.idx.ints(), out.gates->value.data(), logits.data(), args);
  const int64_t docs = static_cast<int64_t>(cu_seqlens.size()) - 1;
  const bool balance = balance_weight != 0;
  const Tensor f = balance ? t.alloc({docs, e}) : Tensor(), loss = balance ? t.alloc({docs}) : Tensor();
  if (balance) balance_fwd(t.exec(), loss.data(), f.data(), scores.data(), cu_seqlens.data(), docs, args);
  if (stats && out.idx.ints() && !t.replaying()) {
    stats->load.resize(static_cast<size_t>(e));
    for (int64_t i = 0; i < n * k; ++i) ++stats->load[static_cast<size_t>(out.idx.ints()[i])];
    stats->tokens += n;
    for (int64_t d = 0; balance && d < docs; ++d)
      stats->balance_loss += static_cast<double>(loss.data()[d]) *
                             (cu_seqlens[static_cast<size_t>(d) + 1] - cu_seqlens[static_cast<size_t>(d)]);
  }
  t.record([&t, x, &w, out, args, scores, f, balance, balance_weight, cu = cu_seqlens.data(), docs, n, e, c] {
    if (!out.gates->grad.defined()) return;
    const Tensor dz = t.alloc({n, e}), ds = balance ? t.alloc({n, e}) : Tensor();
    if (balance) balance_bwd(t.exec(), ds.data(), balance_weight, f.data(), scores.data(), cu, docs, args);
    router_bwd(t.exec(), dz.data(), out.gates->grad.data(), ds.data(), scores.data(), out.idx.ints(), args);
    GradSlot dx = t.grad_slot(x);
    run_gemm(t, {.m = n,
                 .n = c,
                 .k = e,
                 .a = dz.data(),
                 .lda = e,
                 .b = w.value.data(),
                 .ldb = c,
                 .c = dx.tensor.data(),
                 .ldc = c,
                 .accumulate = dx.accumulate});
    const GradSlot dw = t.grad_slot(w);
    run_gemm(t, {.m = e,
                 .n = c,
                 .k = n,
                 .a = dz.data(),
                 .lda = e,
                 .trans_a = true,
                 .b = x->value.data(),
                 .ldb = c,
                 .c = dw.tensor.data(),
                 .ldc = c,
                 .accumulate = dw.accumulate});
  });
  return out;
}

namespace {

/// Sizes and kept values of one experts() call.
struct ExpertsCall {
  int64_t n, k, e, c, inner, rows;
  Tensor offsets, slot, token_of, choice_of;  // the plan
  Tensor xg, h, a, ye;                        // gathered rows, [gate|up], activation, expert outputs
  MoePlan plan() const { return {n, k, e, c, slot.ints(), token_of.ints(), choice_of.ints()}; }
  /// fn(expert, first row, rows) for each expert; a meta tape has no offsets and sees all rows as one expert's.
  template <class F>
  void each(const F& fn) const {
    if (!offsets.ints()) return fn(int64_t{0}, int64_t{0}, rows);
    for (int64_t i = 0; i < e; ++i)
      if (const int64_t first = offsets.ints()[i], count = offsets.ints()[i + 1] - first; count > 0)
        fn(i, first, count);
  }
  /// fn(expert) for each expert without rows.
  template <class F>
  void each_idle(const F& fn) const {
    for (int64_t i = 0; offsets.ints() && i < e; ++i)
      if (offsets.ints()[i + 1] == offsets.ints()[i]) fn(i);
  }
};

ExpertsCall plan_experts(Tape& t, Var x, const Routing& routing, const Param& w13) {
  ExpertsCall m{};
  m.n = x->value.size(0), m.k = routing.idx.size(1), m.e = w13.value.size(0), m.c = w13.value.size(2),
  m.inner = w13.value.size(1) / 2;
  m.rows = m.n * m.k;
  m.offsets = t.alloc({m.e + 1}, DType::kInt32), m.slot = t.alloc({m.n, m.k}, DType::kInt32);
  m.token_of = t.alloc({m.rows}, DType::kInt32), m.choice_of = t.alloc({m.rows}, DType::kInt32);
  moe_plan(t.exec(), m.offsets.ints(), m.slot.ints(), m.token_of.ints(), m.choice_of.ints(), routing.idx.ints(), m.n,
           m.k, m.e);
  m.xg = t.alloc({m.rows, m.c}), m.h = t.alloc({m.rows, 2 * m.inner}), m.a = t.alloc({m.rows, m.inner}),
  m.ye = t.alloc({m.rows, m.c});
  return m;
}

void experts_backward(Tape& t, Var x, const Routing& routing, const Param& w13, const Param& w2, const Tensor& dy,
                      const ExpertsCall& m) {
  const Tensor dye = t.alloc({m.rows, m.c}), da = t.alloc({m.rows, m.inner}), dh = t.alloc({m.rows, 2 * m.inner}),
               dxg = t.alloc({m.rows, m.c});
  GradSlot dg = t.grad_slot(routing.gates);
  R1_CHECK(!dg.accumulate, "gates used twice");
  moe_combine_bwd(t.exec(), dye.data(), dg.tensor.data(), dy.data(), m.ye.data(), routing.gates->value.data(),
                  m.plan());
  const GradSlot dw13 = t.grad_slot(w13), dw2 = t.grad_slot(w2);
  m.each([&](int64_t e, int64_t first, int64_t rows) {
    const int64_t i = m.inner, c = m.c;
    run_gemm(t, {.m = rows,
                 .n = i,
                 .k = c,
                 .a = dye.data() + first * c,
                 .lda = c,
                 .b = w2.value.data() + e * c * i,
                 .ldb = i,
                 .c = da.data() + first * i,
                 .ldc = i});
    run_gemm(t, {.m = c,
                 .n = i,
                 .k = rows,
                 .a = dye.data() + first * c,
                 .lda = c,
                 .trans_a = true,
                 .b = m.a.data() + first * i,
                 .ldb = i,
                 .c = dw2.tensor.data() + e * c * i,
                 .ldc = i,
                 .accumulate = dw2.accumulate});
    swiglu_bwd(t.exec(), dh.data() + first * 2 * i, da.data() + first * i, m.h.data() + first * 2 * i, rows, i);
    run_gemm(t, {.m = rows,
                 .n = c,
                 .k = 2 * i,
                 .a = dh.data() + first * 2 * i,
                 .lda = 2 * i,
                 .b = w13.value.data() + e * 2 * i * c,
                 .ldb = c,
                 .c = dxg.data() + first * c,
                 .ldc = c});
    run_gemm(t, {.m = 2 * i,
                 .n = c,
                 .k = rows,
                 .a = dh.data() + first * 2 * i,
                 .lda = 2 * i,
                 .trans_a = true,
                 .b = m.xg.data() + first * c,
                 .ldb = c,
                 .c = dw13.tensor.data() + e * 2 * i * c,
                 .ldc = c,
                 .accumulate = dw13.accumulate});
  });
  m.each_idle([&](int64_t e) {  // no rows, no product that writes these
    if (!dw13.accumulate) dw13.tensor.rows(e, e + 1).zero();
    if (!dw2.accumulate) dw2.tensor.rows(e, e + 1).zero();
  });
  GradSlot dx = t.grad_slot(x);
  moe_gather_bwd(t.exec(), dx.tensor.data(), dxg.data(), dx.accumulate, m.plan());
}

}  // namespace

Var experts(Tape& t, Var x, const Routing& routing, const Param& w13, const Param& w2, Var residual) {
  const ExpertsCall m = plan_experts(t, x, routing, w13);
  moe_gather(t.exec(), m.xg.data(), x->value.data(), m.plan());
  m.each([&](int64_t e, int64_t first, int64_t rows) {
    const int64_t i = m.inner, c = m.c;
    run_gemm(t, {.m = rows,
                 .n = 2 * i,
                 .k = c,
                 .a = m.xg.data() + first * c,
                 .lda = c,
                 .b = w13.value.data() + e * 2 * i * c,
                 .ldb = c,
                 .trans_b = true,
                 .c = m.h.data() + first * 2 * i,
                 .ldc = 2 * i,
                 .packed_b = t.packed(w13, e)});
    swiglu_fwd(t.exec(), m.a.data() + first * i, m.h.data() + first * 2 * i, rows, i);
    run_gemm(t, {.m = rows,
                 .n = c,
                 .k = i,
                 .a = m.a.data() + first * i,
                 .lda = i,
                 .b = w2.value.data() + e * c * i,
                 .ldb = i,
                 .trans_b = true,
                 .c = m.ye.data() + first * c,
                 .ldc = c,
                 .packed_b = t.packed(w2, e)});
  });
  Var y = t.variable(t.alloc({m.n, m.c}));
  y->value.copy_from(residual->value);
  moe_combine(t.exec(), y->value.data(), m.ye.data(), routing.gates->value.data(), true, m.plan());
  t.record([&t, x, routing, &w13, &w2, residual, y, m] {
    if (!y->grad.defined()) return;
    experts_backward(t, x, routing, w13, w2, y->grad, m);
    GradSlot dr = t.grad_slot(residual);
    copy_rows(t.exec(), dr.tensor.data(), m.c, y->grad.data(), m.c, m.n, m.c, dr.accumulate);
  });
  return y;
}

}  // namespace r1::ops
