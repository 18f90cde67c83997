// Log-probabilities of rows of logits. Paper: [R1 Eq. 1].
#include "kernels/logp.h"

#include "kernels/vec.h"

namespace r1::R1_ISA {

void logp_rows(const Exec& ex, real* logp, real* lse, real* entropy, const real* logits, const int32_t* targets,
               int64_t rows, int64_t vocab, real inv_temperature) {
  parallel_chunks(ex.pool, rows, 16, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const real* z = logits + r * vocab;
      vec m = splat(z[0] * inv_temperature);
      for (int64_t i = 0; i < vocab; i += kLanes) m = max(m, load_tail(z + i, vocab - i, z[0]) * inv_temperature);
      const real top = max_lane(m);
      vec total{}, weighted{};
      for (int64_t i = 0; i < vocab; i += kLanes) {
        const int64_t n = vocab - i;
        const vec d = load_tail(z + i, n, -real(1e30)) * inv_temperature - top;
        const vec e = exp(d);
        total = total + e;
        weighted = fma(e, select(d < splat(real(-1e4)), vec{}, d), weighted);
      }
      const real sum_e = sum(total), log_sum = log1(sum_e);
      lse[r] = top + log_sum;
      logp[r] = z[targets[r]] * inv_temperature - lse[r];
      if (entropy) entropy[r] = log_sum - sum(weighted) / sum_e;
    }
  });
}

void logp_rows_bwd(const Exec& ex, real* dlogits, const real* logits, const real* lse, const int32_t* targets,
                   const real* dlogp, int64_t rows, int64_t vocab, real inv_temperature) {
  parallel_chunks(ex.pool, rows, 16, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const real g = dlogp[r] * inv_temperature;
      const real* z = logits + r * vocab;
      real* d = dlogits + r * vocab;
      for (int64_t i = 0; i < vocab; i += kLanes) {
        const int64_t n = vocab - i;
        store_tail(d + i, exp(load_tail(z + i, n) * inv_temperature - lse[r]) * -g, n);
      }
      d[targets[r]] += g;
    }
  });
}

}  // namespace r1::R1_ISA
