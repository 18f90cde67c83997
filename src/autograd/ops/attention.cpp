// MLA's parts: value, and the gradient right under it. Paper: [V3 Eq. 1-11], [V2 App. C].
#include "autograd/ops/attention.h"

#include "autograd/ops/linear.h"
#include "kernels/elementwise.h"
#include "kernels/norm.h"
#include "kernels/rope.h"

namespace r1::ops {

namespace {

RopeArgs rope_args(const Rotary& r, int64_t rows, int64_t heads, int64_t d) {
  return {.rows = rows, .heads = heads, .d = d, .table = r.table, .positions = r.positions, .interleave = r.interleave};
}

}  // namespace

Var rotate_heads(Tape& t, Var x, int64_t heads, int64_t nope, int64_t rope_dim, const Rotary& r) {
  const int64_t n = x->value.size(0), width = nope + rope_dim, ld = heads * width;
  R1_CHECK(x->value.numel() == n * ld, "rotate_heads: ", heads, " heads of ", width, " on ", x->value.shape().str());
  Var y = t.variable(t.alloc({n, ld}));
  RopeArgs a = rope_args(r, n, heads, rope_dim);
  a.src_ld = a.dst_ld = ld, a.src_head = a.dst_head = width;
  a.src = x->value.data() + nope, a.dst = y->value.data() + nope;
  const auto copy_plain = [&t, n, heads, nope, width](real* to, const real* from, bool accumulate) {
    if (nope > 0) copy_rows(t.exec(), to, width, from, width, n * heads, nope, accumulate);
  };
  copy_plain(y->value.data(), x->value.data(), false);
  rope(t.exec(), a);
  t.record([&t, x, y, a, nope, copy_plain]() mutable {
    if (!y->grad.defined()) return;
    GradSlot dx = t.grad_slot(x);
    copy_plain(dx.tensor.data(), y->grad.data(), dx.accumulate);
    a.src = y->grad.data() + nope, a.dst = dx.tensor.data() + nope, a.inverse = true, a.accumulate = dx.accumulate;
    rope(t.exec(), a);
  });
  return y;
}

Var latent_key(Tape& t, Var kv, const Param& norm, real eps, int64_t rope_dim, const Rotary& r) {
  const int64_t n = kv->value.size(0), rank = norm.value.numel(), ld = rank + rope_dim;
  R1_CHECK(kv->value.numel() == n * ld, "latent_key: ", rank, " + ", rope_dim, " columns on ", kv->value.shape().str());
  Var y = t.variable(t.alloc({n, ld}));
  const Tensor rstd = t.recording() ? t.alloc({n}) : Tensor();
  const RmsNormArgs args{n, rank, eps, kv->value.data(), ld, norm.value.data()};
  rmsnorm_fwd(t.exec(), y->value.data(), ld, rstd.data(), args);
  RopeArgs a = rope_args(r, n, 1, rope_dim);
  a.src_ld = a.dst_ld = ld, a.src = kv->value.data() + rank, a.dst = y->value.data() + rank;
  rope(t.exec(), a);
  t.record([&t, kv, &norm, y, rstd, args, a, rank, ld]() mutable {
    if (!y->grad.defined()) return;
    GradSlot dx = t.grad_slot(kv);
    rmsnorm_bwd(
        t.exec(0, rmsnorm_bwd_workspace(args.rows, args.cols)), args,
        RmsNormGrads{y->grad.data(), ld, rstd.data(), dx.tensor.data(), ld, dx.accumulate, t.grad_of(norm).data()});
    a.src = y->grad.data() + rank, a.dst = dx.tensor.data() + rank, a.inverse = true, a.accumulate = dx.accumulate;
    rope(t.exec(), a);
  });
  return y;
}

Var absorbed_query(Tape& t, Var q, const Param& w_uk, int64_t rope_dim, const Rotary& r) {
  const int64_t n = q->value.size(0), h = w_uk.value.size(0), nope = w_uk.value.size(1), rank = w_uk.value.size(2);
  const int64_t in = nope + rope_dim, out = rank + rope_dim;
  R1_CHECK(q->value.numel() == n * h * in, "absorbed_query: ", h, " heads of ", in, " on ", q->value.shape().str());
  Var y = t.variable(t.alloc({n, h * out}));
  run_gemm(t, {.m = n,
               .n = rank,
               .k = nope,
               .a = q->value.data(),
               .lda = h * in,
               .b = w_uk.value.data(),
               .ldb = rank,
               .c = y->value.data(),
               .ldc = h * out,
               .batch = h,
               .stride_a = in,
               .stride_b = nope * rank,
               .stride_c = out});
  RopeArgs a = rope_args(r, n, h, rope_dim);
  a.src_ld = h * in, a.src_head = in, a.src = q->value.data() + nope;
  a.dst_ld = h * out, a.dst_head = out, a.dst = y->value.data() + rank;
  rope(t.exec(), a);
  t.record([&t, q, &w_uk, y, a, n, h, nope, rank, in, out]() mutable {
    if (!y->grad.defined()) return;
    GradSlot dq = t.grad_slot(q);
    const real* dy = y->grad.data();
    run_gemm(t, {.m = n,
                 .n = nope,
                 .k = rank,
                 .a = dy,
                 .lda = h * out,
                 .b = w_uk.value.data(),
                 .ldb = rank,
                 .trans_b = true,
                 .c = dq.tensor.data(),
                 .ldc = h * in,
                 .accumulate = dq.accumulate,
                 .batch = h,
                 .stride_a = out,
                 .stride_b = nope * rank,
                 .stride_c = in,
                 .packed_b = t.packed(w_uk)});
    const GradSlot dw = t.grad_slot(w_uk);
    run_gemm(t, {.m = nope,
                 .n = rank,
                 .k = n,
                 .a = q->value.data(),
                 .lda = h * in,
                 .trans_a = true,
                 .b = dy,
                 .ldb = h * out,
                 .c = dw.tensor.data(),
                 .ldc = rank,
                 .accumulate = dw.accumulate,
                 .batch = h,
                 .stride_a = in,
                 .stride_b = out,
                 .stride_c = nope * rank});
    std::swap(a.src_ld, a.dst_ld), std::swap(a.src_head, a.dst_head);
    a.src = dy + rank, a.dst = dq.tensor.data() + nope, a.inverse = true, a.accumulate = dq.accumulate;
    rope(t.exec(), a);
  });
  return y;
}

Var expanded_keys(Tape& t, Var latent, const Param& w_uk, int64_t rope_dim) {
  const int64_t n = latent->value.size(0), h = w_uk.value.size(0), nope = w_uk.value.size(1), rank = w_uk.value.size(2);
  const int64_t in = rank + rope_dim, width = nope + rope_dim, ld = h * width;
  Var k = t.variable(t.alloc({n, ld}));
  run_gemm(t, {.m = n,
               .n = nope,
               .k = rank,
               .a = latent->value.data(),
               .lda = in,
               .b = w_uk.value.data(),
               .ldb = rank,
               .trans_b = true,
               .c = k->value.data(),
               .ldc = ld,
               .batch = h,
               .stride_b = nope * rank,
               .stride_c = width});
  for (int64_t i = 0; i < h; ++i)
    copy_rows(t.exec(), k->value.data() + i * width + nope, ld, latent->value.data() + rank, in, n, rope_dim, false);
  t.record([&t, latent, &w_uk, k, n, h, nope, rank, in, width, ld, rope_dim] {
    if (!k->grad.defined()) return;
    GradSlot dc = t.grad_slot(latent);
    for (int64_t i = 0; i < h; ++i) {  // heads ascending: their gradients join on the shared latent in this order
      const real* dk = k->grad.data() + i * width;
      const bool more = dc.accumulate || i > 0;
      run_gemm(t, {.m = n,
                   .n = rank,
                   .k = nope,
                   .a = dk,
                   .lda = ld,
                   .b = w_uk.value.data() + i * nope * rank,
                   .ldb = rank,
                   .c = dc.tensor.data(),
                   .ldc = in,
                   .accumulate = more});
      copy_rows(t.exec(), dc.tensor.data() + rank, in, dk + nope, ld, n, rope_dim, more);
      run_gemm(t, {.m = nope,
                   .n = rank,
                   .k = n,
                   .a = dk,
                   .lda = ld,
                   .trans_a = true,
                   .b = latent->value.data(),
                   .ldb = in,
                   .c = t.grad_of(w_uk).data() + i * nope * rank,
                   .ldc = rank,
                   .accumulate = true});
    }
  });
  return k;
}

Var expanded_values(Tape& t, Var latent, const Param& w_uv) {
  const int64_t n = latent->value.size(0), h = w_uv.value.size(0), dv = w_uv.value.size(1), rank = w_uv.value.size(2);
  const int64_t in = latent->value.size(1), ld = h * dv;
  Var v = t.variable(t.alloc({n, ld}));
  run_gemm(t, {.m = n,
               .n = ld,
               .k = rank,
               .a = latent->value.data(),
               .lda = in,
               .b = w_uv.value.data(),
               .ldb = rank,
               .trans_b = true,
               .c = v->value.data(),
               .ldc = ld});
  t.record([&t, latent, &w_uv, v, n, rank, in, ld] {
    if (!v->grad.defined()) return;
    GradSlot dc = t.grad_slot(latent);
    if (!dc.accumulate) dc.tensor.zero();  // the rope columns get nothing from here
    run_gemm(t, {.m = n,
                 .n = rank,
                 .k = ld,
                 .a = v->grad.data(),
                 .lda = ld,
                 .b = w_uv.value.data(),
                 .ldb = rank,
                 .c = dc.tensor.data(),
                 .ldc = in,
                 .accumulate = true});
    run_gemm(t, {.m = ld,
                 .n = rank,
                 .k = n,
                 .a = v->grad.data(),
                 .lda = ld,
                 .trans_a = true,
                 .b = latent->value.data(),
                 .ldb = in,
                 .c = t.grad_of(w_uv).data(),
                 .ldc = rank,
                 .accumulate = true});
  });
  return v;
}

Var attention(Tape& t, Var q, Var k, Var v, const AttentionShape& s, std::span<const int32_t> cu_seqlens,
              std::span<const int32_t> prefix, const int32_t* positions, const PagedKv* paged, int64_t longest) {
  const bool on_cpu = t.device() == Device::kCpu;  // there the documents' lengths can be read for the scratch's size
  AttentionArgs a;
  a.n_tokens = q->value.size(0);
  a.n_heads = s.n_heads, a.n_kv_heads = s.n_kv_heads, a.dk = s.dk, a.dv = s.dv, a.scale = s.scale;
  a.cu_seqlens = cu_seqlens.data(), a.n_docs = static_cast<int64_t>(cu_seqlens.size()) - 1;
  R1_CHECK(prefix.empty() || static_cast<int64_t>(prefix.size()) == a.n_docs, "attention: ", prefix.size(),
           " prefixes for ", a.n_docs, " documents");
  a.prefix = prefix.empty() ? nullptr : prefix.data();
  a.q = q->value.data(), a.ldq = s.n_heads * s.dk;
  a.k = k->value.data(), a.ldk = s.n_kv_heads * s.dk;
  a.v = v ? v->value.data() : k->value.data();
  a.ldv = v ? s.n_kv_heads * s.dv : a.ldk, a.v_head_stride = v ? s.dv : s.dk;
  Var out = t.variable(t.alloc({a.n_tokens, s.n_heads * s.dv}));
  a.out = out->value.data(), a.ldo = s.n_heads * s.dv;
  if (paged) {
    kv_append(t.exec(), a, *paged, positions);
    attention_paged(t.exec(attention_paged_workspace(a, longest, t.workers())), a, *paged, positions);
    return out;
  }
  if (t.recording()) a.lse = t.alloc({a.n_tokens, s.n_heads}).data();
  attention_fwd(t.exec(on_cpu ? attention_fwd_workspace(a, t.workers()) : 0), a);
  t.record([&t, q, k, v, out, a, on_cpu] {
    if (!out->grad.defined()) return;
    GradSlot dq = t.grad_slot(q), dk = t.grad_slot(k);
    if (!dk.accumulate) dk.tensor.zero();
    GradSlot dv = dk;
    if (v) {
      dv = t.grad_slot(v);
      if (!dv.accumulate) dv.tensor.zero();
    }
    const AttentionGrads g{out->grad.data(), dq.tensor.data(), dq.accumulate, dk.tensor.data(), dv.tensor.data()};
    attention_bwd(t.exec(on_cpu ? attention_bwd_workspace(a, t.workers()) : 0,
                         attention_bwd_device_workspace(a.n_tokens, a.n_heads)),
                  a, g);
  });
  return out;
}

}  // namespace r1::ops
