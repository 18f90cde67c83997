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

/// A pack as the registers that hold it. Trap: a pack built or read by halves makes nvcc keep each half in a register
/// of its own, two or three moves an element.
struct Words {
  uint32_t w[4];
};
template <class T>
GPU_DEVICE Words words_of(const Pack<T>& p) {
  Words w;
  memcpy(&w, &p, 16);
  return w;
}
template <class T>
GPU_DEVICE Pack<T> pack_of(const Words& w) {
  Pack<T> p;
  memcpy(&p, &w, 16);
  return p;
}
GPU_DEVICE uint32_t word_of(float x) { return gpu::bits_of(x); }
GPU_DEVICE uint32_t word_of(gpu::bf16 x) { return uint32_t(x.bits) * 0x10001u; }

/// A pack from floats, two a conversion.
GPU_DEVICE Pack<float> to_pack(const float (&x)[4], const float*) {
  Pack<float> p;
  GPU_UNROLL
  for (int i = 0; i < 4; ++i) p[i] = x[i];
  return p;
}
GPU_DEVICE Pack<gpu::bf16> to_pack(const float (&x)[8], const gpu::bf16*) {
  Words w;
  GPU_UNROLL
  for (int i = 0; i < 4; ++i) w.w[i] = gpu::pack_bf16(x[2 * i], x[2 * i + 1]);
  return pack_of<gpu::bf16>(w);
}
template <class T>
GPU_DEVICE void to_floats(float (&x)[kPack<T>], const Pack<T>& p) {
  const Words w = words_of<T>(p);
  GPU_UNROLL
  for (int i = 0; i < 4; ++i) {
    if constexpr (sizeof(T) == 4) {
      x[i] = gpu::float_of(w.w[i]);
    } else {
      x[2 * i] = gpu::float_of(w.w[i] << 16), x[2 * i + 1] = gpu::float_of(w.w[i] & 0xffff0000u);
    }
  }
}

/// Elements at .. at + kPack of a row of n; beyond n they are `fill`.
template <bool Aligned, class T>
GPU_DEVICE Pack<T> load_pack(const T* row, int at, int n, T fill) {
  if constexpr (Aligned) {
    const uint32_t f = word_of(fill);
    Words w{{f, f, f, f}};
    if (at < n) w = words_of<T>(gpu::load_vec<kPack<T>>(row + at));
    return pack_of<T>(w);
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
