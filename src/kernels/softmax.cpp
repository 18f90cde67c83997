// Softmax on 16 virtual lanes: maximum, sum of exponentials, quotient. Paper: [V3 Eq. 10], [R1 Eq. 1].
#include "kernels/softmax.h"

#include "kernels/vec.h"

namespace r1::R1_ISA {

namespace {
constexpr int64_t kRowGrain = 16;

R1_INLINE void softmax_row(real* y, const real* x, int64_t n, real scale, bool log) {
  vec m = splat(x[0] * scale);
  for (int64_t i = 0; i < n; i += kLanes) m = max(load_tail(x + i, n - i, x[0]) * scale, m);
  const real top = max_lane(m);
  vec total{};
  for (int64_t i = 0; i < n; i += kLanes) {
    const vec e = exp(load_tail(x + i, n - i) * scale - top);
    total = total + (n - i >= kLanes ? e : select(lanes_to(static_cast<lane_int>(n - i - 1)), e, vec{}));
  }
  const real sum_e = sum(total), log_sum = log1(sum_e);
  for (int64_t i = 0; i < n; i += kLanes) {
    const vec d = load_tail(x + i, n - i) * scale - top;
    store_tail(y + i, log ? d - log_sum : exp(d) / sum_e, n - i);
  }
}
}  // namespace

void softmax_fwd(const Exec& ex, real* y, const real* x, int64_t rows, int64_t cols, real scale, bool log) {
  parallel_chunks(ex.pool, rows, kRowGrain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) softmax_row(y + r * cols, x + r * cols, cols, scale, log);
  });
}

void softmax_bwd(const Exec& ex, real* dx, const real* dy, const real* y, int64_t rows, int64_t cols, real scale,
                 bool log) {
  parallel_chunks(ex.pool, rows, kRowGrain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const real *g = dy + r * cols, *p = y + r * cols;
      vec acc{};
      for (int64_t i = 0; i < cols; i += kLanes) {
        const vec d = load_tail(g + i, cols - i);
        acc = log ? acc + d : fma(d, load_tail(p + i, cols - i), acc);
      }
      const real total = sum(acc);
      for (int64_t i = 0; i < cols; i += kLanes) {
        const vec d = load_tail(g + i, cols - i), q = load_tail(p + i, cols - i);
        store_tail(dx + r * cols + i, log ? (d - exp(q) * total) * scale : q * (d - total) * scale, cols - i);
      }
    }
  });
}

}  // namespace r1::R1_ISA
