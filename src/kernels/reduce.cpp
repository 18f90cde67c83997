// Row reductions and sums of buffers. Paper: none.
#include "kernels/reduce.h"

#include "kernels/vec.h"

namespace r1::R1_ISA {

namespace {
/// The sum of buffers [0, Leaves) of those `count` that exist, at element i. Every buffer is read once.
template <int64_t Leaves>
R1_INLINE vec branch(real* const* x, int64_t count, int64_t i, int64_t n) {
  if constexpr (Leaves == 1) {
    return load_tail(*x + i, n);
  } else {
    const vec left = branch<Leaves / 2>(x, count, i, n);
    if (count <= Leaves / 2) return left;
    return left + branch<Leaves / 2>(x + Leaves / 2, count - Leaves / 2, i, n);
  }
}
}  // namespace

void sum_squares(const Exec&, double* out, const real* x, int64_t n) {
  double total = 0, run = 0;
  for (int64_t c = 0; c < n; c += kReduceChunk) {
    const int64_t end = c + kReduceChunk < n ? c + kReduceChunk : n;
    vec acc{};
    for (int64_t i = c; i < end; i += kLanes) {
      const vec v = load_tail(x + i, end - i);
      acc = fma(v, v, acc);
    }
    run += static_cast<double>(sum(acc));
    if ((c / kReduceChunk + 1) % kReduceRun == 0) {
      total += run;
      run = 0;
    }
  }
  *out = total + run;
}

void sum_tree(const Exec& ex, real* y, real* const* x, int64_t count, int64_t n) {
  parallel_chunks(ex.pool, n, 1 << 14, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += kLanes) store_tail(y + i, branch<kTreeLeaves>(x, count, i, end - i), end - i);
  });
}

}  // namespace r1::R1_ISA
