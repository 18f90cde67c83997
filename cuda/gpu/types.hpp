// Types that host code, nvcc and the emulator share: 16-bit and 8-bit floats as plain bits, vectors of one load, the
// description of a launch and of a TMA tile. Conversions round to nearest even and are the same code in both back ends,
// so that emulator and GPU agree bit for bit. Paper: none.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__CUDACC__) && !defined(R1_GPU_EMULATED)
#define GPU_FN __host__ __device__ __forceinline__  // usable on both sides
#else
#define GPU_FN inline
#endif

namespace gpu {

GPU_FN uint32_t bits_of(float x) {
#if defined(__CUDA_ARCH__)
  return __float_as_uint(x);
#else
  uint32_t u;
  std::memcpy(&u, &x, 4);
  return u;
#endif
}
GPU_FN float float_of(uint32_t u) {
#if defined(__CUDA_ARCH__)
  return __uint_as_float(u);
#else
  float x;
  std::memcpy(&x, &u, 4);
  return x;
#endif
}

/// bfloat16 as bits: sign, 8 exponent, 7 mantissa.
struct bf16 {
  uint16_t bits;
};
/// IEEE binary16 as bits.
struct half {
  uint16_t bits;
};
/// 8-bit floats: e4m3 has no infinity (0x7f, 0xff are NaN; largest 448), e5m2 is IEEE-like (largest 57344).
struct e4m3 {
  uint8_t bits;
};
struct e5m2 {
  uint8_t bits;
};
/// float whose low 13 mantissa bits a tensor core ignores; a tag for templates.
struct tf32 {
  uint32_t bits;
};

GPU_FN float to_float(bf16 x) { return float_of(uint32_t(x.bits) << 16); }
GPU_FN bf16 to_bf16(float x) {
  const uint32_t u = bits_of(x);
  if ((u & 0x7fffffffu) > 0x7f800000u) return bf16{uint16_t(0x7fff)};  // the NaN that cvt.rn.bf16 gives
  return bf16{uint16_t((u + 0x7fffu + ((u >> 16) & 1u)) >> 16)};
}
GPU_FN float to_float(float x) { return x; }

GPU_FN float to_float(half h) {
  const uint32_t sign = uint32_t(h.bits & 0x8000u) << 16, e = (h.bits >> 10) & 31u, m = h.bits & 0x3ffu;
  if (e == 31) return float_of(sign | 0x7f800000u | (m << 13));
  if (e != 0) return float_of(sign | ((e + 112u) << 23) | (m << 13));
  const float tiny = float(m) * 5.9604644775390625e-8f;  // m * 2^-24, exact
  return float_of(sign | bits_of(tiny));
}
GPU_FN half to_half(float x) {
  const uint32_t u = bits_of(x), sign = (u >> 16) & 0x8000u, a = u & 0x7fffffffu;
  if (a > 0x7f800000u) return half{uint16_t(0x7fff)};
  if (a >= 0x477ff000u) return half{uint16_t(sign | 0x7c00u)};  // rounds past 65504
  if (a < 0x38800000u) {                                        // subnormal: let the float adder round at 2^-24
    const float t = float_of(a) + 0.5f;
    return half{uint16_t(sign | (bits_of(t) - 0x3f000000u))};
  }
  return half{uint16_t(sign | ((a - 0x38000000u + 0xfffu + ((a >> 13) & 1u)) >> 13))};
}

GPU_FN float to_float(e4m3 x) {
  const uint32_t sign = uint32_t(x.bits & 0x80u) << 24, e = (x.bits >> 3) & 15u, m = x.bits & 7u;
  if (e == 15 && m == 7) return float_of(sign | 0x7fc00000u);
  if (e != 0) return float_of(sign | ((e + 120u) << 23) | (m << 20));
  return float_of(sign | bits_of(float(m) * 0.001953125f));  // m * 2^-9
}
GPU_FN float to_float(e5m2 x) { return to_float(half{uint16_t(uint16_t(x.bits) << 8)}); }

/// N elements moved by one load or store; N * sizeof(T) is 2, 4, 8 or 16.
template <class T, int N>
struct alignas(sizeof(T) * N) Vec {
  T v[N];
  GPU_FN T& operator[](int i) { return v[i]; }
  GPU_FN const T& operator[](int i) const { return v[i]; }
};

struct Dim {
  uint32_t x = 1, y = 1, z = 1;
  constexpr Dim() = default;
  template <class I>
  constexpr Dim(I x_, uint32_t y_ = 1, uint32_t z_ = 1) : x(uint32_t(x_)), y(y_), z(z_) {}
};

using Stream = void*;  ///< null: the default stream
using Event = void*;

/// What a launch needs beside the kernel and its arguments. `name` appears in every message about it.
struct Launch {
  const char* name = "kernel";
  Dim grid{}, block{};
  size_t smem = 0;  ///< dynamic shared memory in bytes (DSMEM); more than 48 KiB is asked for by itself
  Stream stream = nullptr;
  bool cooperative = false;  ///< all blocks resident: grid_sync() is allowed
  uint32_t cluster = 1;      ///< blocks a cluster along x (sm_90)
  /// Programmatic dependent launch (sm_90; before, an ordinary one): blocks may start before the kernel queued last has
  /// ended, once all of that one's blocks have ended or called griddep_launch(). Every thread calls griddep_wait()
  /// before it touches device memory and before it returns.
  bool early = false;
};

#ifdef R1_READER_FILE  // a reader's own file (harness/reader.cpp): the program asks whether a case came by here
extern "C" unsigned long long r1_reader_launches;
static inline void count_launch() { ++r1_reader_launches; }
#else
static inline void count_launch() {}
#endif

enum class Swizzle : uint8_t { kNone = 0, k32 = 1, k64 = 2, k128 = 3 };
enum class TileType : uint8_t { kBf16, kHalf, kFloat, kU8 };

constexpr size_t size_of(TileType t) { return t == TileType::kFloat ? 4 : t == TileType::kU8 ? 1 : 2; }

/// Description of a tiled tensor for TMA. Dimension 0 is contiguous; strides in bytes belong to dimensions 1.. .
struct TensorMapArgs {
  TileType type = TileType::kBf16;
  int rank = 2;  ///< 1..5
  void* base = nullptr;
  uint64_t size[5] = {1, 1, 1, 1, 1};
  uint64_t stride_bytes[4] = {0, 0, 0, 0};  ///< multiples of 16
  uint32_t box[5] = {1, 1, 1, 1, 1};  ///< at most 256 each; box[0] bytes a multiple of 16, at most the swizzle's span
  Swizzle swizzle = Swizzle::kNone;
};
/// Opaque; a kernel takes it as `const GPU_GRID_CONSTANT gpu::TensorMap map`.
struct alignas(128) TensorMap {
  uint64_t opaque[16];
};

/// An mbarrier in shared memory: SMEM(gpu::Mbar, full, kStages).
struct alignas(8) Mbar {
  uint64_t opaque;
};

}  // namespace gpu
