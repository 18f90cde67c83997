// bfloat16 as a storage type: 16 bits, rounded to nearest even; arithmetic is done in float. Host code only converts;
// device code has instructions for it (cuda/common). Paper: none.
#pragma once
#include <cstdint>
#include <cstring>

namespace r1 {

struct bf16 {
  uint16_t bits;
};

/// Exact.
inline float to_float(bf16 x) {
  const uint32_t u = static_cast<uint32_t>(x.bits) << 16;
  float f;
  std::memcpy(&f, &u, sizeof f);
  return f;
}
inline float to_float(float x) { return x; }

/// Nearest, ties to even; NaN stays NaN.
inline bf16 to_bf16(float x) {
  uint32_t u;
  std::memcpy(&u, &x, sizeof u);
  if ((u & 0x7fffffffu) > 0x7f800000u) return {static_cast<uint16_t>((u >> 16) | 0x40u)};
  return {static_cast<uint16_t>((u + 0x7fffu + ((u >> 16) & 1u)) >> 16)};
}

}  // namespace r1
