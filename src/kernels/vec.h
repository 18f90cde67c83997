// Sixteen virtual lanes of `real`, the same on every instruction set, so that AVX2 and AVX-512 give the same bits:
// one lane-wise rounding per operation, explicit fma(), own exp and log, reductions by a fixed tree.
// Included by src/kernels/*.cpp only; everything is static inside namespace R1_ISA. Paper: none.
#pragma once
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

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

/// x - 0 is x for every x, -0 included, so compilers drop it; 0 + x is not.
R1_INLINE vec splat(real x) { return x - vec{}; }
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

// The part of a vec that one instruction handles. Comparisons, selections and fma() go part by part: gcc 12 turns them
// into scalar code on vectors wider than a register, and a plain loop over lanes as well inside another loop.
#ifdef __AVX512F__
constexpr int kPart = 64 / sizeof(real);
#elif defined(__FMA__)
constexpr int kPart = 32 / sizeof(real);
#else
constexpr int kPart = kLanes;
#endif
constexpr int kParts = kLanes / kPart;
typedef real part __attribute__((vector_size(kPart * sizeof(real))));
typedef lane_int ipart __attribute__((vector_size(kPart * sizeof(real))));
union Parts {
  vec v;
  part p[kParts];
};
union IParts {
  ivec v;
  ipart p[kParts];
};
R1_INLINE part splat_part(real x) { return x - part{}; }
R1_INLINE part fma_part(part a, part b, part c) {
#if !defined(__FMA__)
  part r;
  for (int l = 0; l < kPart; ++l)
    r[l] = sizeof(real) == 4 ? __builtin_fmaf(a[l], b[l], c[l]) : __builtin_fma(a[l], b[l], c[l]);
  return r;
#elif defined(__AVX512F__) && defined(R1_REAL_DOUBLE)
  return (part)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(__AVX512F__)
  return (part)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(R1_REAL_DOUBLE)
  return (part)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#else
  return (part)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#endif
}
R1_INLINE part max_part(part a, part b) { return a > b ? a : b; }
R1_INLINE part min_part(part a, part b) { return a < b ? a : b; }
/// a * b + c with one rounding, lane by lane.
R1_INLINE vec fma(vec a, vec b, vec c) {
  Parts x{a}, y{b}, z{c};
  for (int i = 0; i < kParts; ++i) z.p[i] = fma_part(x.p[i], y.p[i], z.p[i]);
  return z.v;
}
R1_INLINE real fma1(real a, real b, real c) {
  if constexpr (sizeof(real) == 4) return __builtin_fmaf(a, b, c);
  return static_cast<real>(__builtin_fma(a, b, c));
}

template <int H, int... L>
R1_INLINE part rotate_lanes(part v, std::integer_sequence<int, L...>) {
  return __builtin_shufflevector(v, v, ((L + H) % kPart)...);
}
/// Lane l of the result = lane l + H.
template <int H>
R1_INLINE part rotate(part v) {
  return rotate_lanes<H>(v, std::make_integer_sequence<int, kPart>{});
}
template <int H = kPart / 2>
R1_INLINE real sum_part(part v) {
  v = v + rotate<H>(v);
  if constexpr (H > 1) return sum_part<H / 2>(v);
  return v[0];
}
template <int H = kPart / 2>
R1_INLINE real max_lane_part(part v) {
  v = max_part(v, rotate<H>(v));
  if constexpr (H > 1) return max_lane_part<H / 2>(v);
  return v[0];
}
/// Sum of the 16 lanes by the fixed tree (l, l+8), (l, l+4), (l, l+2), (l, l+1).
R1_INLINE real sum(vec v) {
  Parts x{v};
  for (int n = kParts / 2; n >= 1; n /= 2)
    for (int i = 0; i < n; ++i) x.p[i] = x.p[i] + x.p[i + n];
  return sum_part(x.p[0]);
}
/// a > b ? a : b, lane by lane: b where either is NaN.
R1_INLINE vec max(vec a, vec b) {
  Parts x{a}, y{b};
  for (int i = 0; i < kParts; ++i) x.p[i] = max_part(x.p[i], y.p[i]);
  return x.v;
}
R1_INLINE vec min(vec a, vec b) {
  Parts x{a}, y{b};
  for (int i = 0; i < kParts; ++i) x.p[i] = min_part(x.p[i], y.p[i]);
  return x.v;
}
/// mask ? a : b, lane by lane (mask lanes all ones or zero, as comparisons give).
R1_INLINE vec select(ivec mask, vec a, vec b) {
  IParts m{mask};
  Parts x{a}, y{b};
  for (int i = 0; i < kParts; ++i) x.p[i] = m.p[i] ? x.p[i] : y.p[i];
  return x.v;
}
R1_INLINE real max_lane(vec v) {
  Parts x{v};
  for (int i = 1; i < kParts; ++i) x.p[0] = max_part(x.p[0], x.p[i]);
  return max_lane_part(x.p[0]);
}

R1_INLINE part exp_part(part x) {
  constexpr bool f32 = sizeof(real) == 4;
  constexpr real hi = f32 ? real(88.3762626647949) : real(709.78);
  constexpr real lo = f32 ? real(-87.3365478515625) : real(-708.39);
  constexpr real log2e = real(1.4426950408889634);
  constexpr real ln2_hi = f32 ? real(0.693359375) : real(6.93147180369123816490e-01);
  constexpr real ln2_lo = f32 ? real(-2.12194440e-4) : real(1.90821492927058770002e-10);
  constexpr real magic = f32 ? real(12582912.0) : real(6755399441055744.0);  // 1.5 * 2^(mantissa bits)
  const ipart under = x < splat_part(lo);
  x = min_part(splat_part(hi), max_part(splat_part(lo), x));  // in this order NaN stays NaN
  const part n = (x * log2e + magic) - magic;  // nearest integer: no contraction, two roundings by design
  const part r = fma_part(n, splat_part(-ln2_lo), fma_part(n, splat_part(-ln2_hi), x));
  part p;
  if constexpr (f32) {
    p = splat_part(real(1.9875691500e-4));
    p = fma_part(p, r, splat_part(real(1.3981999507e-3)));
    p = fma_part(p, r, splat_part(real(8.3334519073e-3)));
    p = fma_part(p, r, splat_part(real(4.1665795894e-2)));
    p = fma_part(p, r, splat_part(real(1.6666665459e-1)));
    p = fma_part(p, r, splat_part(real(5.0000001201e-1)));
    p = fma_part(p, r * r, r) + real(1);
  } else {
    p = splat_part(real(1.0 / 6227020800.0));  // Taylor to r^13: |r| <= ln2/2 leaves less than 1e-17
    const double inverse_factorial[] = {
        1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
        1.0 / 120,       1.0 / 24,       1.0 / 6,       0.5,          1.0,         1.0};
    for (double c : inverse_factorial) p = fma_part(p, r, splat_part(real(c)));
  }
  constexpr int mantissa = f32 ? 23 : 52, bias = f32 ? 127 : 1023;
  const ipart e = (__builtin_convertvector(n, ipart) + bias) << mantissa;
  part scale;
  std::memcpy(&scale, &e, sizeof scale);
  return under ? part{} : p * scale;
}
/// e^x, relative error below 2 ulp, 0 below the smallest normal result; argument clamped at the largest finite one.
R1_INLINE vec exp(vec x) {
  Parts v{x};
  for (int i = 0; i < kParts; ++i) v.p[i] = exp_part(v.p[i]);
  return v.v;
}

R1_INLINE part log_part(part x) {
  constexpr bool f32 = sizeof(real) == 4;
  constexpr int mantissa = f32 ? 23 : 52;
  constexpr lane_int bias = f32 ? 127 : 1023;
  ipart bits;
  std::memcpy(&bits, &x, sizeof bits);
  ipart e = (bits >> mantissa) - bias;
  ipart m_bits = (bits & ((lane_int{1} << mantissa) - 1)) | (bias << mantissa);
  part m;
  std::memcpy(&m, &m_bits, sizeof m);  // [1, 2)
  const ipart big = m > splat_part(real(1.4142135623730951));
  m = big ? m * real(0.5) : m;
  e = big ? e + 1 : e;
  const part f = m - real(1), s = f / (m + real(1)), z = s * s;  // log m = 2 atanh(s)
  part p = splat_part(real(1.0 / (f32 ? 11 : 25)));
  for (int k = f32 ? 9 : 23; k >= 3; k -= 2) p = fma_part(p, z, splat_part(real(1.0) / real(k)));
  const part ef = __builtin_convertvector(e, part);
  const part two_s = s + s;
  const part tail = fma_part(
      two_s * z, p, fma_part(ef, splat_part(f32 ? real(-2.12194440e-4) : real(1.90821492927058770002e-10)), part{}));
  return fma_part(ef, splat_part(f32 ? real(0.693359375) : real(6.93147180369123816490e-01)), two_s + tail);
}
/// Natural logarithm of positive normal numbers, relative error below 2 ulp (absolute near 1).
R1_INLINE vec log(vec x) {
  Parts v{x};
  for (int i = 0; i < kParts; ++i) v.p[i] = log_part(v.p[i]);
  return v.v;
}
R1_INLINE real exp1(real x) { return exp_part(splat_part(x))[0]; }
R1_INLINE real log1(real x) { return log_part(splat_part(x))[0]; }

/// 1 / (1 + e^-x).
R1_INLINE vec sigmoid(vec x) { return real(1) / (real(1) + exp(-x)); }

/// Square root by the hardware instruction, correctly rounded everywhere.
R1_INLINE real sqrt1(real x) {
  return sizeof(real) == 4 ? static_cast<real>(__builtin_sqrtf(static_cast<float>(x)))
                           : static_cast<real>(__builtin_sqrt(x));
}

/// fn(column, n) over [0, cols) in steps of 16; n = 16 but for the tail. `v.load(p)` and friends pick by n.
R1_INLINE vec load_tail(const real* p, int64_t n, real fill = 0) { return n >= kLanes ? load(p) : load_n(p, n, fill); }
R1_INLINE void store_tail(real* p, vec v, int64_t n) {
  if (n >= kLanes)
    store(p, v);
  else
    store_n(p, v, n);
}

}  // namespace r1::R1_ISA
