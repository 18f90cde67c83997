// Emulator back end: arithmetic (see gpu/nvcc_core.hpp). The first group is IEEE and equal to the GPU bit for bit; the
// fast_ group carries a deliberate error of the size that the hardware may make (2 ulp; log2 2^-22, tanh 2^-11 of the
// value), so that no test can lean on its last bits. Paper: none.
#pragma once
#include <cmath>

#include "emulator/api.hpp"

namespace gpu {

inline float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
inline float add(float a, float b) { return a + b; }
inline float sub(float a, float b) { return a - b; }
inline float mul(float a, float b) { return a * b; }
inline float div(float a, float b) { return a / b; }
inline float sqrt(float a) { return std::sqrt(a); }
inline float round_even(float a) { return std::nearbyint(a); }
inline float max(float a, float b) { return std::fmax(a, b); }
inline float min(float a, float b) { return std::fmin(a, b); }
inline float abs(float a) { return std::fabs(a); }

/// 1 of 0 (and of what flushes to it) is promised: a factor exp2(0) changes nothing.
inline float fast_exp2(float a) {
  return std::fabs(a) < 0x1p-126f ? 1.0f : emu::approximate(std::exp2(double(a)), a);
}
inline float fast_exp(float a) { return fast_exp2(a * 1.4426950408889634f); }
inline float fast_log2(float a) { return emu::approximate(std::log2(double(a)), a, 0x1p-23); }
inline float fast_log(float a) { return fast_log2(a) * 0.6931471805599453f; }
inline float fast_rsqrt(float a) { return emu::approximate(1 / std::sqrt(double(a)), a); }
inline float fast_rcp(float a) { return emu::approximate(1 / double(a), a); }
inline float fast_tanh(float a) {
  const double exact = std::tanh(double(a));
  return emu::approximate(exact, a, std::fabs(exact) * 0x1p-12);
}

inline uint32_t pack_bf16(float lo, float hi) { return uint32_t(to_bf16(lo).bits) | uint32_t(to_bf16(hi).bits) << 16; }
inline uint32_t max_bf16(uint32_t a, uint32_t b) {
  const float lo = max(float_of(a << 16), float_of(b << 16));
  const float hi = max(float_of(a & 0xffff0000u), float_of(b & 0xffff0000u));
  return pack_bf16(lo, hi);
}
inline uint32_t to_tf32(float a) {
  const uint32_t u = bits_of(a);
  if ((u & 0x7f800000u) == 0x7f800000u) return u;
  return (u + 0x1000u) & 0xffffe000u;  // nearest, ties away from zero
}
inline long long clock() { return 0; }  // no time passes in the emulator

}  // namespace gpu
