// exp and log of one float, operation for operation those of src/kernels/part.h: the same bits as the CPU kernels.
// The bf16 kernels use the hardware's approximations instead (Fast). Paper: none.
#pragma once
#include "gpu.hpp"

namespace r1::cuda {

GPU_DEVICE float exp_exact(float x) {
  const float hi = 88.3762626647949f, lo = -87.3365478515625f;
  const bool under = x < lo;
  x = lo > x ? lo : x;
  x = hi < x ? hi : x;
  const float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  const float n = gpu::sub(gpu::add(gpu::mul(x, 1.4426950408889634f), magic), magic);
  const float r = gpu::fma(n, 2.12194440e-4f, gpu::fma(n, -0.693359375f, x));
  float p = 1.9875691500e-4f;
  p = gpu::fma(p, r, 1.3981999507e-3f);
  p = gpu::fma(p, r, 8.3334519073e-3f);
  p = gpu::fma(p, r, 4.1665795894e-2f);
  p = gpu::fma(p, r, 1.6666665459e-1f);
  p = gpu::fma(p, r, 5.0000001201e-1f);
  p = gpu::add(gpu::fma(p, gpu::mul(r, r), r), 1.0f);
  if (!(n == n)) return n;  // NaN stays NaN; its conversion to int would not be defined
  const float scale = gpu::float_of(uint32_t(int(n) + 127) << 23);
  return under ? 0.0f : gpu::mul(p, scale);
}

GPU_DEVICE float log_exact(float x) {
  const uint32_t bits = gpu::bits_of(x);
  int e = int(int32_t(bits) >> 23) - 127;
  float m = gpu::float_of((bits & 0x7fffffu) | 0x3f800000u);
  if (m > 1.4142135623730951f) m = gpu::mul(m, 0.5f), e += 1;
  const float f = gpu::sub(m, 1.0f), s = gpu::div(f, gpu::add(m, 1.0f)), z = gpu::mul(s, s);
  float p = 1.0f / 11;
  p = gpu::fma(p, z, 1.0f / 9);
  p = gpu::fma(p, z, 1.0f / 7);
  p = gpu::fma(p, z, 1.0f / 5);
  p = gpu::fma(p, z, 1.0f / 3);
  const float ef = float(e), two_s = gpu::add(s, s);
  const float tail = gpu::fma(gpu::mul(two_s, z), p, gpu::fma(ef, -2.12194440e-4f, 0.0f));
  return gpu::fma(ef, 0.693359375f, gpu::add(two_s, tail));
}

template <bool Fast>
GPU_DEVICE float exp_of(float x) {
  if constexpr (Fast) return gpu::fast_exp(x);
  return exp_exact(x);
}
template <bool Fast>
GPU_DEVICE float log_of(float x) {
  if constexpr (Fast) return gpu::fast_log(x);
  return log_exact(x);
}
/// 1 / (1 + e^-x).
template <bool Fast>
GPU_DEVICE float sigmoid_of(float x) {
  if constexpr (Fast) return gpu::fast_rcp(1.0f + gpu::fast_exp(-x));
  return gpu::div(1.0f, gpu::add(1.0f, exp_exact(-x)));
}

}  // namespace r1::cuda
