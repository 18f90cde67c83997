// Fills, copies and conversions. Paper: none.
#include "kernels/memory.h"

#include "kernels/vec.h"

namespace r1::R1_ISA {

namespace {
constexpr int64_t kGrain = 1 << 14;
}

void fill(const Exec& ex, real* y, real value, int64_t n) {
  parallel_chunks(ex.pool, n, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += kLanes) store_tail(y + i, splat(value), end - i);
  });
}

void copy(const Exec& ex, real* y, const real* x, int64_t n) {
  parallel_chunks(ex.pool, n, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += kLanes) store_tail(y + i, load_tail(x + i, end - i), end - i);
  });
}

void cast(const Exec& ex, bf16* y, const real* x, int64_t n) {
  parallel_chunks(ex.pool, n, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) y[i] = to_bf16(static_cast<float>(x[i]));
  });
}

}  // namespace r1::R1_ISA
