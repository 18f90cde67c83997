// One register of `real`: 16 floats with AVX-512, 8 with AVX2, half as many doubles. Arithmetic is lane-wise with one
// rounding an operation, fma() is explicit, exp and log are our own, so that a lane's bits do not depend on its width.
// Included by src/kernels only; everything is static inside namespace R1_ISA. Paper: none.
#pragma once
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "base/types.h"

#ifdef __FMA__
#include <immintrin.h>
#endif

#define R1_INLINE static inline __attribute__((always_inline))
/// Loops over the registers of a tile: only unrolled completely do these stay registers.
#define R1_UNROLL_TILE _Pragma("GCC unroll 16")

namespace r1::R1_ISA {

#ifdef __AVX512F__
constexpr int kPart = 64 / sizeof(real);
#elif defined(__FMA__)
constexpr int kPart = 32 / sizeof(real);
#else
constexpr int kPart = 16;
#endif
using lane_int = std::conditional_t<sizeof(real) == 4, int32_t, int64_t>;
typedef real part __attribute__((vector_size(kPart * sizeof(real))));
typedef lane_int ipart __attribute__((vector_size(kPart * sizeof(real))));

/// x - 0 is x for every x, -0 included, so compilers drop it; 0 + x is not.
R1_INLINE part splat_part(real x) { return x - part{}; }
R1_INLINE part load_part(const real* p) {
  part v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
R1_INLINE void store_part(real* p, part v) { std::memcpy(p, &v, sizeof v); }
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
/// a > b ? a : b, lane by lane: b where either is NaN.
R1_INLINE part max_part(part a, part b) { return a > b ? a : b; }
R1_INLINE part min_part(part a, part b) { return a < b ? a : b; }
/// mask ? a : b, lane by lane (mask lanes all ones or zero, as comparisons give).
R1_INLINE part select_part(ipart mask, part a, part b) { return mask ? a : b; }

// --- the first n lanes, 1 <= n < kPart: the rest of the memory is neither read nor written -------------------------

#if defined(__AVX512F__) && defined(R1_REAL_DOUBLE)
R1_INLINE __mmask8 first_lanes(int64_t n) { return static_cast<__mmask8>((1u << n) - 1); }
R1_INLINE part load_part(const real* p, int64_t n) { return (part)_mm512_maskz_loadu_pd(first_lanes(n), p); }
R1_INLINE void store_part(real* p, part v, int64_t n) { _mm512_mask_storeu_pd(p, first_lanes(n), (__m512d)v); }
#elif defined(__AVX512F__)
R1_INLINE __mmask16 first_lanes(int64_t n) { return static_cast<__mmask16>((1u << n) - 1); }
R1_INLINE part load_part(const real* p, int64_t n) { return (part)_mm512_maskz_loadu_ps(first_lanes(n), p); }
R1_INLINE void store_part(real* p, part v, int64_t n) { _mm512_mask_storeu_ps(p, first_lanes(n), (__m512)v); }
#else
#ifdef __FMA__
R1_INLINE part load_part(const real* p, int64_t n) {
  alignas(64) static const int32_t ones[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
  const int32_t* from = ones + 8 - n * static_cast<int64_t>(sizeof(real) / 4);
  const __m256i mask = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
#ifdef R1_REAL_DOUBLE
  return (part)_mm256_maskload_pd(p, mask);
#else
  return (part)_mm256_maskload_ps(p, mask);
#endif
}
#else
R1_INLINE part load_part(const real* p, int64_t n) {
  part v{};
  std::memcpy(&v, p, static_cast<size_t>(n) * sizeof(real));
  return v;
}
#endif
/// In halves, quarters, ...: AVX2's masked store takes some twenty cycles on AMD. Not inlined: inside the register tile
/// of the matrix product it would cost registers.
static __attribute__((noinline, unused)) void store_part(real* p, part v, int64_t n) {
  real lanes[kPart];
  std::memcpy(lanes, &v, sizeof v);
  int64_t at = 0;
  R1_UNROLL_TILE
  for (int64_t width = kPart / 2; width >= 1; width /= 2) {
    if (!(n & width)) continue;
    std::memcpy(p + at, lanes + at, static_cast<size_t>(width) * sizeof(real));
    at += width;
  }
}
#endif

// --- between lanes -------------------------------------------------------------------------------------------------

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
R1_INLINE ipart lane_numbers(int first) {
  ipart v;
  for (int l = 0; l < kPart; ++l) v[l] = first + l;
  return v;
}

// --- functions -----------------------------------------------------------------------------------------------------

/// Square root by the hardware instruction, correctly rounded everywhere.
R1_INLINE real sqrt1(real x) {
  return sizeof(real) == 4 ? static_cast<real>(__builtin_sqrtf(static_cast<float>(x)))
                           : static_cast<real>(__builtin_sqrt(x));
}
R1_INLINE part sqrt_part(part x) {
#if !defined(__FMA__) || defined(__AVX512F__)  // gcc 12 finds the AVX-512 instruction; its intrinsic warns falsely
  part r;
  for (int l = 0; l < kPart; ++l) r[l] = sqrt1(x[l]);
  return r;
#elif defined(R1_REAL_DOUBLE)
  return (part)_mm256_sqrt_pd((__m256d)x);
#else
  return (part)_mm256_sqrt_ps((__m256)x);
#endif
}

/// e^x, relative error below 2 ulp, 0 below the smallest normal result; argument clamped at the largest finite one.
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
/// Natural logarithm of positive normal numbers, relative error below 2 ulp (absolute near 1).
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
R1_INLINE real exp1(real x) { return exp_part(splat_part(x))[0]; }
R1_INLINE real log1(real x) { return log_part(splat_part(x))[0]; }

}  // namespace r1::R1_ISA
