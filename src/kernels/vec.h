// Sixteen virtual lanes of `real`, the same on every instruction set, so that AVX2 and AVX-512 give the same bits:
// one lane-wise rounding per operation, explicit fma(), own exp and log, reductions by a fixed tree.
// Included by src/kernels/*.cpp only; everything is static inside namespace R1_ISA. Paper: none.
#pragma once
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "base/types.h"

#ifdef __FMA__
#include <immintrin.h>
#endif

namespace r1::R1_ISA {

constexpr int kLanes = 16;
typedef real vec __attribute__((vector_size(kLanes * sizeof(real))));
using lane_int = std::conditional_t<sizeof(real) == 4, int32_t, int64_t>;
typedef lane_int ivec __attribute__((vector_size(kLanes * sizeof(real))));

#define R1_INLINE static inline __attribute__((always_inline))

R1_INLINE vec splat(real x) { return vec{} + x; }
R1_INLINE vec load(const real* p) {
  vec v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
R1_INLINE void store(real* p, vec v) { std::memcpy(p, &v, sizeof v); }
/// First n < 16 elements; the other lanes are `fill`.
R1_INLINE vec load_n(const real* p, int64_t n, real fill = 0) {
  vec v = splat(fill);
  std::memcpy(&v, p, static_cast<size_t>(n) * sizeof(real));
  return v;
}
R1_INLINE void store_n(real* p, vec v, int64_t n) { std::memcpy(p, &v, static_cast<size_t>(n) * sizeof(real)); }

#ifdef __FMA__
// The part of a vec that one instruction handles, and its fused multiply-add. A plain loop over lanes means the same;
// gcc 12 turns that loop into scalar code where it stands inside another loop.
#ifdef __AVX512F__
constexpr int kPart = 64 / sizeof(real);
#else
constexpr int kPart = 32 / sizeof(real);
#endif
typedef real part __attribute__((vector_size(kPart * sizeof(real))));
R1_INLINE part fma_part(part a, part b, part c) {
#if defined(__AVX512F__) && defined(R1_REAL_DOUBLE)
  return (part)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(__AVX512F__)
  return (part)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(R1_REAL_DOUBLE)
  return (part)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#else
  return (part)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#endif
}
union Parts {
  vec v;
  part p[kLanes / kPart];
};
/// a * b + c with one rounding, lane by lane.
R1_INLINE vec fma(vec a, vec b, vec c) {
  Parts x{a}, y{b}, z{c};
  for (int i = 0; i < kLanes / kPart; ++i) z.p[i] = fma_part(x.p[i], y.p[i], z.p[i]);
  return z.v;
}
#else
/// a * b + c with one rounding, lane by lane.
R1_INLINE vec fma(vec a, vec b, vec c) {
  vec r;
  for (int l = 0; l < kLanes; ++l) r[l] = sizeof(real) == 4 ? __builtin_fmaf(a[l], b[l], c[l]) : __builtin_fma(a[l], b[l], c[l]);
  return r;
}
#endif
R1_INLINE real fma1(real a, real b, real c) {
  if constexpr (sizeof(real) == 4) return __builtin_fmaf(a, b, c);
  return static_cast<real>(__builtin_fma(a, b, c));
}

/// Sum of the 16 lanes by the fixed tree (l, l+8), (l, l+4), (l, l+2), (l, l+1).
R1_INLINE real sum(vec v) {
  real a[8];
  for (int l = 0; l < 8; ++l) a[l] = v[l] + v[l + 8];
  for (int l = 0; l < 4; ++l) a[l] = a[l] + a[l + 4];
  return (a[0] + a[2]) + (a[1] + a[3]);
}
R1_INLINE vec max(vec a, vec b) { return a > b ? a : b; }
R1_INLINE vec min(vec a, vec b) { return a < b ? a : b; }
R1_INLINE real max_lane(vec v) {
  real m = v[0];
  for (int l = 1; l < kLanes; ++l) m = v[l] > m ? v[l] : m;
  return m;
}

/// e^x, relative error below 2 ulp, 0 below the smallest normal result; argument clamped at the largest finite one.
R1_INLINE vec exp(vec x) {
  constexpr bool f32 = sizeof(real) == 4;
  constexpr real hi = f32 ? real(88.3762626647949) : real(709.78);
  constexpr real lo = f32 ? real(-87.3365478515625) : real(-708.39);
  constexpr real log2e = real(1.4426950408889634);
  constexpr real ln2_hi = f32 ? real(0.693359375) : real(6.93147180369123816490e-01);
  constexpr real ln2_lo = f32 ? real(-2.12194440e-4) : real(1.90821492927058770002e-10);
  constexpr real magic = f32 ? real(12582912.0) : real(6755399441055744.0);  // 1.5 * 2^(mantissa bits)
  const ivec under = x < splat(lo);
  x = min(max(x, splat(lo)), splat(hi));
  const vec n = (x * log2e + magic) - magic;  // nearest integer: no contraction, two roundings by design
  const vec r = fma(n, splat(-ln2_lo), fma(n, splat(-ln2_hi), x));
  vec p;
  if constexpr (f32) {
    p = splat(real(1.9875691500e-4));
    p = fma(p, r, splat(real(1.3981999507e-3)));
    p = fma(p, r, splat(real(8.3334519073e-3)));
    p = fma(p, r, splat(real(4.1665795894e-2)));
    p = fma(p, r, splat(real(1.6666665459e-1)));
    p = fma(p, r, splat(real(5.0000001201e-1)));
    p = fma(p, r * r, r) + real(1);
  } else {
    p = splat(real(1.0 / 6227020800.0));  // Taylor to r^13: |r| <= ln2/2 leaves less than 1e-17
    const double inverse_factorial[] = {1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
                                        1.0 / 5040,      1.0 / 720,      1.0 / 120,     1.0 / 24,     1.0 / 6,
                                        0.5,             1.0,            1.0};
    for (double c : inverse_factorial) p = fma(p, r, splat(real(c)));
  }
  constexpr int mantissa = f32 ? 23 : 52, bias = f32 ? 127 : 1023;
  const ivec e = (__builtin_convertvector(n, ivec) + bias) << mantissa;
  vec scale;
  std::memcpy(&scale, &e, sizeof scale);
  return under ? vec{} : p * scale;
}

/// Natural logarithm of positive normal numbers, relative error below 2 ulp (absolute near 1).
R1_INLINE vec log(vec x) {
  constexpr bool f32 = sizeof(real) == 4;
  constexpr int mantissa = f32 ? 23 : 52;
  constexpr lane_int bias = f32 ? 127 : 1023;
  ivec bits;
  std::memcpy(&bits, &x, sizeof bits);
  ivec e = (bits >> mantissa) - bias;
  ivec m_bits = (bits & ((lane_int{1} << mantissa) - 1)) | (bias << mantissa);
  vec m;
  std::memcpy(&m, &m_bits, sizeof m);  // [1, 2)
  const ivec big = m > splat(real(1.4142135623730951));
  m = big ? m * real(0.5) : m;
  e = big ? e + 1 : e;
  const vec f = m - real(1), s = f / (m + real(1)), z = s * s;  // log m = 2 atanh(s)
  vec p = splat(real(1.0 / (f32 ? 11 : 25)));
  for (int k = f32 ? 9 : 23; k >= 3; k -= 2) p = fma(p, z, splat(real(1.0) / real(k)));
  const vec ef = __builtin_convertvector(e, vec);
  const vec two_s = s + s;
  const vec tail = fma(two_s * z, p, fma(ef, splat(f32 ? real(-2.12194440e-4) : real(1.90821492927058770002e-10)), vec{}));
  return fma(ef, splat(f32 ? real(0.693359375) : real(6.93147180369123816490e-01)), two_s + tail);
}
R1_INLINE real exp1(real x) { return exp(splat(x))[0]; }
R1_INLINE real log1(real x) { return log(splat(x))[0]; }

/// 1 / (1 + e^-x).
R1_INLINE vec sigmoid(vec x) { return real(1) / (real(1) + exp(-x)); }

/// Square root by the hardware instruction, correctly rounded everywhere.
R1_INLINE real sqrt1(real x) { return sizeof(real) == 4 ? static_cast<real>(__builtin_sqrtf(static_cast<float>(x))) : static_cast<real>(__builtin_sqrt(x)); }

/// fn(column, n) over [0, cols) in steps of 16; n = 16 but for the tail. `v.load(p)` and friends pick by n.
R1_INLINE vec load_tail(const real* p, int64_t n, real fill = 0) { return n >= kLanes ? load(p) : load_n(p, n, fill); }
R1_INLINE void store_tail(real* p, vec v, int64_t n) {
  if (n >= kLanes) store(p, v);
  else store_n(p, v, n);
}

}  // namespace r1::R1_ISA
