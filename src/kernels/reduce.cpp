// Row reductions and sums of buffers. Paper: none.
#include "kernels/reduce.h"

#include "kernels/vec.h"

namespace r1::R1_ISA {

void sum_squares(const Exec&, double* out, const real* x, int64_t n) {
  double total = 0;
  for (int64_t c = 0; c < n; c += kReduceChunk) {
    const int64_t end = c + kReduceChunk < n ? c + kReduceChunk : n;
    vec acc{};
    for (int64_t i = c; i < end; i += kLanes) {
      const vec v = load_tail(x + i, end - i);
      acc = fma(v, v, acc);
    }
    total += static_cast<double>(sum(acc));
  }
  *out = total;
}

void add_into(const Exec& ex, real* acc, const real* x, int64_t n) {
  parallel_chunks(ex.pool, n, 1 << 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += kLanes)
      store_tail(acc + i, load_tail(acc + i, end - i) + load_tail(x + i, end - i), end - i);
  });
}

}  // namespace r1::R1_ISA
