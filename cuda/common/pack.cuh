// Sixteen bytes of a row at a time: what one thread loads, holds and stores. An aligned row moves in 16-byte accesses,
// another element by element; who holds which element is the same in both, so alignment never changes a row's bits.
// Paper: none.
#pragma once
#include "base/bf16.h"
#include "gpu.hpp"

namespace r1::cuda {

/// The device's name of an element type; pointers of contracts pass through dev().
template <class T>
struct DeviceType {
  using type = T;
};
template <>
struct DeviceType<bf16> {
  using type = gpu::bf16;
};
inline float* dev(float* p) { return p; }
inline const float* dev(const float* p) { return p; }
inline gpu::bf16* dev(bf16* p) { return reinterpret_cast<gpu::bf16*>(p); }
inline const gpu::bf16* dev(const bf16* p) { return reinterpret_cast<const gpu::bf16*>(p); }

/// Elements of a pack.
template <class T>
constexpr int kPack = 16 / int(sizeof(T));
/// bf16 kernels use the hardware's exp and reciprocal; float kernels are exact.
template <class T>
constexpr bool kFast = sizeof(T) == 2;

template <class T>
using Pack = gpu::Vec<T, kPack<T>>;

GPU_DEVICE void narrow(float& y, float x) { y = x; }
GPU_DEVICE void narrow(gpu::bf16& y, float x) { y.bits = uint16_t(gpu::pack_bf16(x, 0.0f)); }

/// A pack from floats, two a conversion.
GPU_DEVICE Pack<float> to_pack(const float (&x)[4], const float*) {
  Pack<float> p;
  GPU_UNROLL
  for (int i = 0; i < 4; ++i) p[i] = x[i];
  return p;
}
GPU_DEVICE Pack<gpu::bf16> to_pack(const float (&x)[8], const gpu::bf16*) {
  Pack<gpu::bf16> p;
  GPU_UNROLL
  for (int i = 0; i < 4; ++i) {
    const uint32_t u = gpu::pack_bf16(x[2 * i], x[2 * i + 1]);
    p[2 * i].bits = uint16_t(u), p[2 * i + 1].bits = uint16_t(u >> 16);
  }
  return p;
}
template <class T>
GPU_DEVICE void to_floats(float (&x)[kPack<T>], const Pack<T>& p) {
  GPU_UNROLL
  for (int i = 0; i < kPack<T>; ++i) x[i] = gpu::to_float(p[i]);
}

/// Elements at .. at + kPack of a row of n; beyond n they are `fill`.
template <bool Aligned, class T>
GPU_DEVICE Pack<T> load_pack(const T* row, int at, int n, T fill) {
  if constexpr (Aligned) {
    if (at < n) return gpu::load_vec<kPack<T>>(row + at);
    Pack<T> p;
    GPU_UNROLL
    for (int i = 0; i < kPack<T>; ++i) p[i] = fill;
    return p;
  } else {
    Pack<T> p;
    GPU_UNROLL
    for (int i = 0; i < kPack<T>; ++i) p[i] = at + i < n ? row[at + i] : fill;
    return p;
  }
}
template <bool Aligned, class T>
GPU_DEVICE Pack<T> load_pack(const T* row, int at, int n) {
  return load_pack<Aligned>(row, at, n, T{});
}
template <bool Aligned, class T>
GPU_DEVICE void store_pack(T* row, int at, int n, const Pack<T>& p) {
  if constexpr (Aligned) {
    if (at < n) gpu::store_vec(row + at, p);
  } else {
    GPU_UNROLL
    for (int i = 0; i < kPack<T>; ++i)
      if (at + i < n) row[at + i] = p[i];
  }
}

/// True if p and every row after it, `ld` elements apart, starts on 16 bytes. `n` is the row's length.
template <class T>
inline bool packs_fit(const T* p, int64_t ld, int64_t n) {
  return reinterpret_cast<uintptr_t>(p) % 16 == 0 && ld % kPack<T> == 0 && n % kPack<T> == 0;
}
inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace r1::cuda
