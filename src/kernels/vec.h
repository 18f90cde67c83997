// Sixteen virtual lanes of `real`, the same on every instruction set, so that AVX2 and AVX-512 give the same bits:
// lane-wise operations (kernels/part.h), reductions by a fixed tree.
// Trap: a vector type of 64 bytes would live in memory with AVX2 (gcc 12); hence a struct of registers.
// Paper: none.
#pragma once
#include "kernels/part.h"

namespace r1::R1_ISA {

constexpr int kLanes = 16;
constexpr int kParts = kLanes / kPart;

struct vec {
  part p[kParts];
  __attribute__((always_inline)) real operator[](int lane) const { return p[lane / kPart][lane % kPart]; }
};
struct ivec {
  ipart p[kParts];
};

// The body of a function that computes `expression` for register i of its operands.
#define R1_EACH_PART(type, expression)                  \
  type r;                                               \
  R1_UNROLL_TILE                                        \
  for (int i = 0; i < kParts; ++i) r.p[i] = expression; \
  return r

R1_INLINE vec splat(real x) { R1_EACH_PART(vec, splat_part(x)); }
R1_INLINE vec load(const real* p) { R1_EACH_PART(vec, load_part(p + i * kPart)); }
R1_INLINE void store(real* p, const vec& v) {
  R1_UNROLL_TILE
  for (int i = 0; i < kParts; ++i) store_part(p + i * kPart, v.p[i]);
}
R1_INLINE vec operator+(const vec& a, const vec& b) { R1_EACH_PART(vec, a.p[i] + b.p[i]); }
R1_INLINE vec operator-(const vec& a, const vec& b) { R1_EACH_PART(vec, a.p[i] - b.p[i]); }
R1_INLINE vec operator*(const vec& a, const vec& b) { R1_EACH_PART(vec, a.p[i] * b.p[i]); }
R1_INLINE vec operator/(const vec& a, const vec& b) { R1_EACH_PART(vec, a.p[i] / b.p[i]); }
R1_INLINE vec operator+(const vec& a, real b) { return a + splat(b); }
R1_INLINE vec operator-(const vec& a, real b) { return a - splat(b); }
R1_INLINE vec operator*(const vec& a, real b) { return a * splat(b); }
R1_INLINE vec operator/(const vec& a, real b) { return a / splat(b); }
R1_INLINE vec operator+(real a, const vec& b) { return splat(a) + b; }
R1_INLINE vec operator-(real a, const vec& b) { return splat(a) - b; }
R1_INLINE vec operator/(real a, const vec& b) { return splat(a) / b; }
R1_INLINE vec operator-(const vec& a) { R1_EACH_PART(vec, -a.p[i]); }
R1_INLINE ivec operator<(const vec& a, const vec& b) { R1_EACH_PART(ivec, a.p[i] < b.p[i]); }
R1_INLINE ivec operator>=(const vec& a, const vec& b) { R1_EACH_PART(ivec, a.p[i] >= b.p[i]); }
/// Lanes 0 .. last.
R1_INLINE ivec lanes_to(lane_int last) { R1_EACH_PART(ivec, lane_numbers(i * kPart) <= last); }
/// a * b + c with one rounding, lane by lane.
R1_INLINE vec fma(const vec& a, const vec& b, const vec& c) { R1_EACH_PART(vec, fma_part(a.p[i], b.p[i], c.p[i])); }
/// a > b ? a : b, lane by lane: b where either is NaN.
R1_INLINE vec max(const vec& a, const vec& b) { R1_EACH_PART(vec, max_part(a.p[i], b.p[i])); }
R1_INLINE vec min(const vec& a, const vec& b) { R1_EACH_PART(vec, min_part(a.p[i], b.p[i])); }
/// mask ? a : b, lane by lane.
R1_INLINE vec select(const ivec& mask, const vec& a, const vec& b) {
  R1_EACH_PART(vec, select_part(mask.p[i], a.p[i], b.p[i]));
}
R1_INLINE vec sqrt(const vec& x) { R1_EACH_PART(vec, sqrt_part(x.p[i])); }
R1_INLINE vec exp(const vec& x) { R1_EACH_PART(vec, exp_part(x.p[i])); }
R1_INLINE vec log(const vec& x) { R1_EACH_PART(vec, log_part(x.p[i])); }
/// 1 / (1 + e^-x).
R1_INLINE vec sigmoid(const vec& x) { return real(1) / (real(1) + exp(-x)); }

/// Sum of the 16 lanes by the fixed tree (l, l+8), (l, l+4), (l, l+2), (l, l+1).
R1_INLINE real sum(vec v) {
  R1_UNROLL_TILE
  for (int n = kParts / 2; n >= 1; n /= 2)
    for (int i = 0; i < n; ++i) v.p[i] = v.p[i] + v.p[i + n];
  return sum_part(v.p[0]);
}
R1_INLINE real max_lane(vec v) {
  R1_UNROLL_TILE
  for (int i = 1; i < kParts; ++i) v.p[0] = max_part(v.p[0], v.p[i]);
  return max_lane_part(v.p[0]);
}

// --- the end of a row: the first n lanes, any n >= 1; lanes beyond them read as `fill` and are not stored -----------

R1_INLINE vec load_n(const real* p, int64_t n, real fill = 0) {
  vec v = splat(fill);
  R1_UNROLL_TILE
  for (int i = 0; i < kParts; ++i) {
    const int64_t left = n - i * kPart;
    if (left >= kPart)
      v.p[i] = load_part(p + i * kPart);
    else if (left > 0)
      v.p[i] = select_part(lane_numbers(0) < static_cast<lane_int>(left), load_part(p + i * kPart, left), v.p[i]);
  }
  return v;
}
R1_INLINE void store_n(real* p, const vec& v, int64_t n) {
  R1_UNROLL_TILE
  for (int i = 0; i < kParts; ++i) {
    const int64_t left = n - i * kPart;
    if (left >= kPart)
      store_part(p + i * kPart, v.p[i]);
    else if (left > 0)
      store_part(p + i * kPart, v.p[i], left);
  }
}
R1_INLINE vec load_tail(const real* p, int64_t n, real fill = 0) {
  return __builtin_expect(n >= kLanes, 1) ? load(p) : load_n(p, n, fill);
}
R1_INLINE void store_tail(real* p, const vec& v, int64_t n) {
  if (__builtin_expect(n >= kLanes, 1))
    store(p, v);
  else
    store_n(p, v, n);
}

}  // namespace r1::R1_ISA
