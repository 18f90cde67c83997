// RMSNorm on 16 virtual lanes. With n = x * rstd and g = dy * w: dx = rstd * (g - n * mean(g * n)), dw += dy * n.
// Paper: [V3 §2.1.1].
#include "kernels/norm.h"

#include "kernels/vec.h"

namespace r1::R1_ISA {

namespace {
constexpr int64_t kRowGrain = 64;

R1_INLINE real dot_rows(const real* a, const real* b, int64_t n) {
  vec acc{};
  for (int64_t c = 0; c < n; c += kLanes) acc = fma(load_tail(a + c, n - c), load_tail(b + c, n - c), acc);
  return sum(acc);
}
}  // namespace

void rmsnorm_fwd(const Exec& ex, real* y, int64_t ldy, real* rstd, const RmsNormArgs& a) {
  parallel_chunks(ex.pool, a.rows, kRowGrain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const real* x = a.x + r * a.ldx;
      const real mean = dot_rows(x, x, a.cols) / static_cast<real>(a.cols);
      const real s = real(1) / sqrt1(mean + a.eps);
      if (rstd) rstd[r] = s;
      for (int64_t c = 0; c < a.cols; c += kLanes)
        store_tail(y + r * ldy + c, load_tail(x + c, a.cols - c) * s * load_tail(a.w + c, a.cols - c), a.cols - c);
    }
  });
}

void rmsnorm_residual_fwd(const Exec& ex, real* y, int64_t ldy, real* rstd, real* h, const real* r,
                          const RmsNormArgs& a) {
  parallel_chunks(ex.pool, a.rows, kRowGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      for (int64_t c = 0; c < a.cols; c += kLanes) {
        const int64_t n = a.cols - c;
        store_tail(h + i * a.cols + c, load_tail(a.x + i * a.ldx + c, n) + load_tail(r + i * a.cols + c, n), n);
      }
  });
  RmsNormArgs of_h = a;
  of_h.x = h, of_h.ldx = a.cols;
  rmsnorm_fwd(ex, y, ldy, rstd, of_h);
}

void rmsnorm_bwd(const Exec& ex, const RmsNormArgs& a, const RmsNormGrads& g) {
  parallel_chunks(ex.pool, a.rows, kRowGrain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const real *x = a.x + r * a.ldx, *dy = g.dy + r * g.lddy;
      const real s = g.rstd[r];
      vec acc{};
      for (int64_t c = 0; c < a.cols; c += kLanes) {
        const int64_t n = a.cols - c;
        acc = fma(load_tail(dy + c, n) * load_tail(a.w + c, n), load_tail(x + c, n) * s, acc);
      }
      const real mean = sum(acc) / static_cast<real>(a.cols);
      real* dx = g.dx + r * g.lddx;
      for (int64_t c = 0; c < a.cols; c += kLanes) {
        const int64_t n = a.cols - c;
        vec d = (load_tail(dy + c, n) * load_tail(a.w + c, n) - load_tail(x + c, n) * s * mean) * s;
        if (g.accumulate) d = load_tail(dx + c, n) + d;
        store_tail(dx + c, d, n);
      }
    }
  });
  parallel_chunks(ex.pool, a.cols, kRowGrain, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; c += kLanes) {
      vec acc = load_tail(g.dw + c, end - c);
      for (int64_t r = 0; r < a.rows; ++r)
        acc = fma(load_tail(g.dy + r * g.lddy + c, end - c), load_tail(a.x + r * a.ldx + c, end - c) * g.rstd[r], acc);
      store_tail(g.dw + c, acc, end - c);
    }
  });
}

}  // namespace r1::R1_ISA
