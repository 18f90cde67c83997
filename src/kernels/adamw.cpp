// AdamW on 16 virtual lanes. Paper: [V3 §4.2].
#include "kernels/adamw.h"

#include "kernels/vec.h"

namespace r1::R1_ISA {

void adamw(const Exec& ex, real* w, real* m, real* v, const real* g, int64_t n, const AdamWArgs& a) {
  real factor = a.grad_scale;
  if (a.squares)
    if (const double norm = __builtin_sqrt(*a.squares); norm > double(a.max_norm))
      factor *= real(double(a.max_norm) / norm);
  parallel_chunks(ex.pool, n, 1 << 14, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += kLanes) {
      const int64_t c = end - i;
      const vec grad = load_tail(g + i, c) * factor, weight = load_tail(w + i, c);
      const vec m1 = fma(splat(a.beta1), load_tail(m + i, c), grad * (real(1) - a.beta1));
      const vec v1 = fma(splat(a.beta2), load_tail(v + i, c), grad * grad * (real(1) - a.beta2));
      const vec step = (m1 / a.correction1) / (sqrt(v1 / a.correction2) + a.eps) + weight * a.weight_decay;
      store_tail(m + i, m1, c);
      store_tail(v + i, v1, c);
      store_tail(w + i, weight - step * a.lr, c);
    }
  });
}

}  // namespace r1::R1_ISA
