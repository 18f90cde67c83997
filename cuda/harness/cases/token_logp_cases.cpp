// Fused token log-probabilities: cases for the harness, against the CPU's product and log-probabilities of all logits.
// Paper: [R1 Eq. 1].
#include <cmath>

#include "harness/trial.h"
#include "kernels/gemm.h"
#include "kernels/logp.h"
#include "kernels/token_logp.h"

namespace r1::harness {
namespace {

void multiply(GemmArgs g) {
  std::vector<std::byte> scratch(gemm_workspace(g, 1) + 64);
  Exec ex;
  ex.workspace = scratch.data() + (64 - reinterpret_cast<uintptr_t>(scratch.data()) % 64) % 64;
  ex.workspace_bytes = scratch.size() - 64;
  gemm(ex, g);
}
std::vector<float> logits_of(const Buffer& h, const Buffer& w, int64_t rows, int64_t dim, int64_t vocab) {
  std::vector<float> z(size_t(rows * vocab));
  GemmArgs g;
  g.m = rows, g.n = vocab, g.k = dim, g.a = h.value.data(), g.lda = dim, g.b = w.value.data(), g.ldb = dim;
  g.trans_b = true, g.c = z.data(), g.ldc = vocab;
  multiply(g);
  return z;
}
TokenLogpArgs args_of(const Buffer& h, const Buffer& w, const Buffer& targets, int64_t rows, int64_t dim,
                      int64_t vocab) {
  return {rows, dim, vocab, h.on_device<bf16>(), w.on_device<bf16>(), targets.on_device<int32_t>(), 0.8f};
}

/// dims: rows, dim, vocab.
void make_fwd(Trial& t) {
  const int64_t rows = t.dim(0), dim = t.dim(1), vocab = t.dim(2);
  const auto id = [vocab](int64_t, int64_t, float u) { return std::floor(u * float(vocab)); };
  Buffer &h = t.in<bf16>("h", rows, dim), &w = t.in<bf16>("w", vocab, dim);
  Buffer& targets = t.in<int32_t>("targets", rows, 1, 0, id);
  Buffer &logp = t.out<float>("logp", rows, 1), &lse = t.out<float>("lse", rows, 1),
         &ent = t.out<float>("entropy", rows, 1);
  logp.tolerance = lse.tolerance = ent.tolerance = 1e-4;
  t.workspace = token_logp_workspace({rows, dim, vocab});
  t.run = [&, rows, dim, vocab](const Exec& ex) {
    cuda::token_logp_fwd(ex, logp.on_device<float>(), lse.on_device<float>(), ent.on_device<float>(),
                         args_of(h, w, targets, rows, dim, vocab));
  };
  t.reference = [&, rows, dim, vocab] {
    const std::vector<float> z = logits_of(h, w, rows, dim, vocab);
    logp_rows(Exec{}, logp.want.data(), lse.want.data(), ent.want.data(), z.data(), targets.ints.data(), rows, vocab,
              0.8f);
  };
  t.flops = 2.0 * double(rows) * double(dim) * double(vocab);
}

void make_bwd(Trial& t) {
  const int64_t rows = t.dim(0), dim = t.dim(1), vocab = t.dim(2);
  const auto id = [vocab](int64_t, int64_t, float u) { return std::floor(u * float(vocab)); };
  Buffer &h = t.in<bf16>("h", rows, dim), &w = t.in<bf16>("w", vocab, dim);
  Buffer& targets = t.in<int32_t>("targets", rows, 1, 0, id);
  std::vector<float> sums(static_cast<size_t>(rows), 8.0f), unused(static_cast<size_t>(rows));
  if (!t.timing)
    logp_rows(Exec{}, unused.data(), sums.data(), static_cast<float*>(nullptr),
              logits_of(h, w, rows, dim, vocab).data(), targets.ints.data(), rows, vocab, 0.8f);
  const auto sum_at = [sums](int64_t r, int64_t, float) { return sums[size_t(r)]; };
  Buffer &lse = t.in<float>("lse", rows, 1, 0, sum_at), &dlogp = t.in<float>("dlogp", rows, 1);
  Buffer &dh = t.out<bf16>("dh", rows, dim), &dw = t.inout<float>("dw", vocab, dim);
  dh.tolerance = dw.tolerance = 4e-3;  // the logits' gradient is rounded to bf16
  t.workspace = token_logp_workspace({rows, dim, vocab});
  t.run = [&, rows, dim, vocab](const Exec& ex) {
    cuda::token_logp_bwd(ex, dh.on_device<bf16>(), dw.on_device<float>(), dlogp.on_device<float>(),
                         lse.on_device<float>(), args_of(h, w, targets, rows, dim, vocab));
  };
  t.reference = [&, rows, dim, vocab] {
    std::vector<float> z = logits_of(h, w, rows, dim, vocab);
    logp_rows_bwd(Exec{}, z.data(), z.data(), lse.value.data(), targets.ints.data(), dlogp.value.data(), rows, vocab,
                  0.8f);
    GemmArgs back;
    back.m = rows, back.n = dim, back.k = vocab, back.a = z.data(), back.lda = vocab, back.b = w.value.data();
    back.ldb = dim, back.c = dh.want.data(), back.ldc = dim;
    multiply(back);
    GemmArgs weights;
    weights.m = vocab, weights.n = dim, weights.k = rows, weights.a = z.data(), weights.lda = vocab;
    weights.trans_a = true, weights.b = h.value.data(), weights.ldb = dim, weights.c = dw.want.data(),
    weights.ldc = dim;
    weights.accumulate = true;
    multiply(weights);
  };
  t.flops = 6.0 * double(rows) * double(dim) * double(vocab);
}

const std::vector<Dims> kChecks{{1, 8, 3}, {5, 12, 40}, {70, 64, 300}, {130, 40, 515}, {2051, 8, 3}};
const std::vector<Dims> kBench{{8192, 2048, 129280}};
R1_REGISTER(KernelCase, "token_logp_fwd/bf16", KernelCase{"rows, dim, vocab", kChecks, kBench, make_fwd, 0, true});
R1_REGISTER(KernelCase, "token_logp_bwd/bf16", KernelCase{"rows, dim, vocab", kChecks, kBench, make_bwd, 0, true});

}  // namespace
}  // namespace r1::harness
