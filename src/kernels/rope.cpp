// Rotary embedding, plain loops: d is 8 to 64, the compiler does well. Paper: [V3 Eq. 4], [V3 Eq. 8].
#include "kernels/rope.h"

#include "kernels/vec.h"

namespace r1::R1_ISA {

void rope(const Exec& ex, const RopeArgs& a) {
  const int64_t half = a.d / 2, step = a.interleave ? 2 : 1, other = a.interleave ? 1 : half;
  parallel_chunks(ex.pool, a.rows, 256, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const real* table = a.table + static_cast<int64_t>(a.positions[r]) * a.d;
      for (int64_t h = 0; h < a.heads; ++h) {
        const real* x = a.src + r * a.src_ld + h * a.src_head;
        real* y = a.dst + r * a.dst_ld + h * a.dst_head;
        for (int64_t i = 0; i < half; ++i) {
          const real c = table[2 * i], s = a.inverse ? -table[2 * i + 1] : table[2 * i + 1];
          const real p = x[i * step], q = x[i * step + other];
          const real u = p * c - q * s, w = p * s + q * c;
          y[i * step] = a.accumulate ? y[i * step] + u : u;
          y[i * step + other] = a.accumulate ? y[i * step + other] + w : w;
        }
      }
    }
  });
}

}  // namespace r1::R1_ISA
