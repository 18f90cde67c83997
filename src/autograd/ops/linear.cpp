// Products with weights: value, and the gradient right under it. dX = dY W, dW += dY^T X. Paper: none.
#include "autograd/ops/linear.h"

#include "kernels/elementwise.h"

namespace r1::ops {

void run_gemm(Tape& t, const GemmArgs& g) {
  if (g.m == 0 || g.n == 0) return;
  gemm(t.exec(gemm_workspace(g, t.workers())), g);
}

namespace {

/// d x += d y, as is.
void pass_gradient(Tape& t, Var x, const Tensor& dy) {
  if (!x->requires_grad) return;
  GradSlot g = t.grad_slot(x);
  copy_rows(t.exec(), g.tensor.data(), dy.numel(), dy.data(), dy.numel(), int64_t{1}, dy.numel(), g.accumulate);
}

}  // namespace

Var linear(Tape& t, Var x, const Param& w, Var residual) {
  const int64_t n = x->value.size(0), in = w.value.size(1), out = w.value.size(0);
  R1_CHECK(x->value.numel() == n * in, "linear ", w.name, " ", w.value.shape().str(), " on ", x->value.shape().str());
  Var y = t.variable(t.alloc({n, out}));
  if (residual) y->value.copy_from(residual->value);
  run_gemm(t, {.m = n,
               .n = out,
               .k = in,
               .a = x->value.data(),
               .lda = in,
               .b = w.value.data(),
               .ldb = in,
               .trans_b = true,
               .c = y->value.data(),
               .ldc = out,
               .accumulate = residual != nullptr,
               .packed_b = t.packed(w)});
  t.record([&t, x, &w, residual, y, n, in, out] {
    if (!y->grad.defined()) return;
    if (residual) pass_gradient(t, residual, y->grad);
    if (x->requires_grad) {
      GradSlot dx = t.grad_slot(x);
      run_gemm(t, {.m = n,
                   .n = in,
                   .k = out,
                   .a = y->grad.data(),
                   .lda = out,
                   .b = w.value.data(),
                   .ldb = in,
                   .c = dx.tensor.data(),
                   .ldc = in,
                   .accumulate = dx.accumulate});
    }
    const GradSlot dw = t.grad_slot(w);
    run_gemm(t, {.m = out,
                 .n = in,
                 .k = n,
                 .a = y->grad.data(),
                 .lda = out,
                 .trans_a = true,
                 .b = x->value.data(),
                 .ldb = in,
                 .c = dw.tensor.data(),
                 .ldc = in,
                 .accumulate = dw.accumulate});
  });
  return y;
}

Var bias(Tape& t, Var x, const Param& b) {
  const int64_t n = x->value.size(0), cols = b.value.numel();
  Var y = t.variable(t.alloc(x->value.shape()));
  y->value.copy_from(x->value);
  bias_fwd(t.exec(), y->value.data(), b.value.data(), n, cols);
  t.record([&t, x, &b, y, n, cols] {
    if (!y->grad.defined()) return;
    pass_gradient(t, x, y->grad);
    bias_bwd(t.exec(), t.grad_of(b).data(), y->grad.data(), n, cols);
  });
  return y;
}

Var heads_linear(Tape& t, Var x, const Param& w, bool transposed) {
  const int64_t n = x->value.size(0), h = w.value.size(0), rows = w.value.size(1), cols = w.value.size(2);
  const int64_t a = transposed ? rows : cols, o = transposed ? cols : rows;
  R1_CHECK(x->value.numel() == n * h * a, "heads_linear ", w.name, " ", w.value.shape().str(), " on ",
           x->value.shape().str());
  Var y = t.variable(t.alloc({n, h * o}));
  run_gemm(t, {.m = n,
               .n = o,
               .k = a,
               .a = x->value.data(),
               .lda = h * a,
               .b = w.value.data(),
               .ldb = cols,
               .trans_b = !transposed,
               .c = y->value.data(),
               .ldc = h * o,
               .batch = h,
               .stride_a = a,
               .stride_b = rows * cols,
               .stride_c = o,
               .packed_b = transposed ? nullptr : t.packed(w)});
  t.record([&t, x, &w, y, n, h, rows, cols, a, o, transposed] {
    if (!y->grad.defined()) return;
    if (x->requires_grad) {
      GradSlot dx = t.grad_slot(x);
      run_gemm(t, {.m = n,
                   .n = a,
                   .k = o,
                   .a = y->grad.data(),
                   .lda = h * o,
                   .b = w.value.data(),
                   .ldb = cols,
                   .trans_b = transposed,
                   .c = dx.tensor.data(),
                   .ldc = h * a,
                   .accumulate = dx.accumulate,
                   .batch = h,
                   .stride_a = o,
                   .stride_b = rows * cols,
                   .stride_c = a,
                   .packed_b = transposed ? t.packed(w) : nullptr});
    }
    const GradSlot dw = t.grad_slot(w);
    const Tensor &left = transposed ? x->value : y->grad, &right = transposed ? y->grad : x->value;
    run_gemm(t, {.m = rows,
                 .n = cols,
                 .k = n,
                 .a = left.data(),
                 .lda = h * rows,
                 .trans_a = true,
                 .b = right.data(),
                 .ldb = h * cols,
                 .c = dw.tensor.data(),
                 .ldc = cols,
                 .accumulate = dw.accumulate,
                 .batch = h,
                 .stride_a = rows,
                 .stride_b = cols,
                 .stride_c = rows * cols});
  });
  return y;
}

Var concat(Tape& t, Var x, Var y) {
  const int64_t n = x->value.size(0), a = x->value.numel() / n, b = y->value.numel() / n, c = a + b;
  Var z = t.variable(t.alloc({n, c}));
  copy_rows(t.exec(), z->value.data(), c, x->value.data(), a, n, a, false);
  copy_rows(t.exec(), z->value.data() + a, c, y->value.data(), b, n, b, false);
  t.record([&t, x, y, z, n, a, b, c] {
    if (!z->grad.defined()) return;
    const auto part = [&](Var v, int64_t offset, int64_t cols) {
      if (!v->requires_grad) return;
      GradSlot g = t.grad_slot(v);
      copy_rows(t.exec(), g.tensor.data(), cols, z->grad.data() + offset, c, n, cols, g.accumulate);
    };
    part(x, 0, a);
    part(y, a, b);
  });
  return z;
}

Var add(Tape& t, Var x, Var y) {
  R1_CHECK(x->value.shape() == y->value.shape(), "add of ", x->value.shape().str(), " and ", y->value.shape().str());
  Var z = t.variable(t.alloc(x->value.shape()));
  r1::add(t.exec(), z->value.data(), x->value.data(), y->value.data(), z->value.numel());
  t.record([&t, x, y, z] {
    if (!z->grad.defined()) return;
    pass_gradient(t, x, z->grad);
    pass_gradient(t, y, z->grad);
  });
  return z;
}

}  // namespace r1::ops
