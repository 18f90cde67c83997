// Rotary embedding. Interleaved pairs lie side by side and are turned a register at a time; halves are left to the
// compiler. Paper: [V3 Eq. 4], [V3 Eq. 8].
#include "kernels/rope.h"

#include "kernels/part.h"

namespace r1::R1_ISA {

namespace {

template <int... L>
R1_INLINE part swap_pairs(part v, std::integer_sequence<int, L...>) {
  return __builtin_shufflevector(v, v, (L ^ 1)...);
}
/// Lanes First, First, First + 2, First + 2, ...
template <int First, int... L>
R1_INLINE part repeat(part v, std::integer_sequence<int, L...>) {
  return __builtin_shufflevector(v, v, (L / 2 * 2 + First)...);
}

/// One pair: (u, w) = (p, q) turned.
R1_INLINE void turn(real* u, real* w, real p, real q, real c, real s, bool accumulate) {
  const real x = p * c - q * s, y = p * s + q * c;
  *u = accumulate ? *u + x : x;
  *w = accumulate ? *w + y : y;
}

R1_INLINE part turned(part v, part angle, part sign) {
  constexpr auto lanes = std::make_integer_sequence<int, kPart>{};
  return v * repeat<0>(angle, lanes) + swap_pairs(v, lanes) * (repeat<1>(angle, lanes) * sign);
}

/// d numbers, the pair i at 2i and 2i + 1. `sign` is -1, 1, -1, ... forwards and the opposite backwards: p c - q s and
/// q c + p s are then both x c + (the other of the pair) (sign s), in the same roundings.
/// Trap: written as scalars, gcc 12 makes fused multiply-adds of them in spite of -ffp-contract=off.
R1_INLINE void turn_pairs(real* y, const real* x, const real* table, int64_t d, part sign, bool accumulate) {
  int64_t i = 0;
  for (; i + kPart <= d; i += kPart) {
    const part r = turned(load_part(x + i), load_part(table + i), sign);
    store_part(y + i, accumulate ? load_part(y + i) + r : r);
  }
  if (const int64_t n = d - i; n > 0) {
    const part r = turned(load_part(x + i, n), load_part(table + i, n), sign);
    store_part(y + i, accumulate ? load_part(y + i, n) + r : r, n);
  }
}

}  // namespace

void rope(const Exec& ex, const RopeArgs& a) {
  part sign;
  for (int l = 0; l < kPart; ++l) sign[l] = (l % 2 == 0) == a.inverse ? real(1) : real(-1);
  parallel_chunks(ex.pool, a.rows, 256, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const real* table = a.table + static_cast<int64_t>(a.positions[r]) * a.d;
      for (int64_t h = 0; h < a.heads; ++h) {
        const real* x = a.src + r * a.src_ld + h * a.src_head;
        real* y = a.dst + r * a.dst_ld + h * a.dst_head;
        if (a.interleave) {
          turn_pairs(y, x, table, a.d, sign, a.accumulate);
          continue;
        }
        const int64_t half = a.d / 2;
        for (int64_t i = 0; i < half; ++i)
          turn(y + i, y + i + half, x[i], x[i + half], table[2 * i], -sign[0] * table[2 * i + 1], a.accumulate);
      }
    }
  });
}

}  // namespace r1::R1_ISA
