// nvcc back end: kernel and shared memory macros, indices, barriers, memory, atomics and the arithmetic of exact mode.
// Trap: add() and mul() are never contracted into an fma, whatever the compiler flags. Paper: none.
#pragma once
#include <cooperative_groups.h>
#include <cuda_runtime.h>

#include "gpu/types.hpp"

/// Bodies that use TMA, clusters (sm_90) or wgmma (sm_90a) stand between #if GPU_SM90A and #endif: then the kernel can
/// be named for every target, and does nothing where the instructions are missing (host code chooses by device_info()).
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define GPU_SM90A 1
#else
#define GPU_SM90A 0
#endif
#define GPU_KERNEL(...) static __global__ __launch_bounds__(__VA_ARGS__)
#define GPU_DEVICE __device__ __forceinline__
#define GPU_GRID_CONSTANT __grid_constant__
#define GPU_UNROLL _Pragma("unroll")
#define GPU_NO_UNROLL _Pragma("unroll 1")
/// Static shared memory: an array of N elements. SMEM_ALIGNED for TMA (128) and swizzled tiles (1024).
#define SMEM(T, name, N) __shared__ __align__(16) T name[N]
#define SMEM_ALIGNED(T, name, N, align) \
  __shared__ __align__(align)           \
  T name[N]
/// Dynamic shared memory (Launch::smem bytes) from its start, aligned to 1024 bytes.
#define DSMEM(T, name)                                                \
  extern __shared__ __align__(1024) unsigned char gpu_dynamic_smem[]; \
  T* name = reinterpret_cast<T*>(gpu_dynamic_smem)

namespace gpu {

GPU_DEVICE uint3 thread_idx() { return threadIdx; }
GPU_DEVICE uint3 block_idx() { return blockIdx; }
GPU_DEVICE uint3 block_dim() { return {blockDim.x, blockDim.y, blockDim.z}; }
GPU_DEVICE uint3 grid_dim() { return {gridDim.x, gridDim.y, gridDim.z}; }
/// Linear index in the block, threads of the block, lane and warp of the linear index.
GPU_DEVICE int tid() { return int(threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)); }
GPU_DEVICE int block_size() { return int(blockDim.x * blockDim.y * blockDim.z); }
GPU_DEVICE int lane() { return tid() & 31; }
GPU_DEVICE int warp() { return tid() >> 5; }

GPU_DEVICE void sync() { __syncthreads(); }
GPU_DEVICE bool sync_or(bool p) { return __syncthreads_or(p); }
GPU_DEVICE int sync_count(bool p) { return __syncthreads_count(p); }
/// Named barrier 1..15 among `threads` (a multiple of 32) threads; bar_arrive does not wait.
GPU_DEVICE void bar_sync(int id, int threads) { asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory"); }
GPU_DEVICE void bar_arrive(int id, int threads) {
  asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory");
}
/// All blocks of a cooperative launch.
GPU_DEVICE void grid_sync() { cooperative_groups::this_grid().sync(); }
/// Of this kernel: the next one in the stream, if Launch::early, may take the multiprocessors that become free.
GPU_DEVICE void griddep_launch() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}
/// Until the kernel before has ended and what it wrote is seen (Launch::early).
GPU_DEVICE void griddep_wait() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}
GPU_DEVICE void fence_block() { __threadfence_block(); }
GPU_DEVICE void fence() { __threadfence(); }
GPU_DEVICE void fence_system() { __threadfence_system(); }
[[noreturn]] GPU_DEVICE void trap() {
  __trap();
  __builtin_unreachable();
}
/// A condition that a kernel cannot continue without; the message is seen in the emulator.
GPU_DEVICE void require(bool ok, const char*) {
  if (!ok) __trap();
}

/// One load or store of N elements; p aligned to the whole.
template <int N, class T>
GPU_DEVICE Vec<T, N> load_vec(const T* p) {
  return *reinterpret_cast<const Vec<T, N>*>(p);
}
template <int N, class T>
GPU_DEVICE void store_vec(T* p, const Vec<T, N>& v) {
  *reinterpret_cast<Vec<T, N>*>(p) = v;
}

namespace detail {
template <int Bytes>
struct Word;
template <>
struct Word<2> {
  using type = unsigned short;
};
template <>
struct Word<4> {
  using type = unsigned;
};
template <>
struct Word<8> {
  using type = uint2;
};
template <>
struct Word<16> {
  using type = uint4;
};
template <class To, class From>
GPU_DEVICE To bit_copy(const From& f) {
  static_assert(sizeof(To) == sizeof(From));
  To t;
  memcpy(&t, &f, sizeof(To));
  return t;
}
GPU_DEVICE uint32_t smem_address(const void* p) { return uint32_t(__cvta_generic_to_shared(p)); }
}  // namespace detail

/// Global memory that no thread writes during the kernel (read-only cache); that is read once (evict first).
template <int N, class T>
GPU_DEVICE Vec<T, N> load_vec_const(const T* p) {
  using W = typename detail::Word<int(sizeof(T)) * N>::type;
  return detail::bit_copy<Vec<T, N>>(__ldg(reinterpret_cast<const W*>(p)));
}
template <int N, class T>
GPU_DEVICE Vec<T, N> load_vec_once(const T* p) {
  using W = typename detail::Word<int(sizeof(T)) * N>::type;
  return detail::bit_copy<Vec<T, N>>(__ldcs(reinterpret_cast<const W*>(p)));
}
template <int N, class T>
GPU_DEVICE void store_vec_once(T* p, const Vec<T, N>& v) {
  using W = typename detail::Word<int(sizeof(T)) * N>::type;
  __stcs(reinterpret_cast<W*>(p), detail::bit_copy<W>(v));
}
/// A load that other blocks' writes (with fences) reach: never from a register or L1.
template <class T>
GPU_DEVICE T load_volatile(const T* p) {
  return *const_cast<const volatile T*>(p);
}

/// T: int, unsigned, unsigned long long; float for add (order, so the sum, is not fixed: exact mode has none).
template <class T>
GPU_DEVICE T atomic_add(T* p, T v) {
  return atomicAdd(p, v);
}
template <class T>
GPU_DEVICE T atomic_max(T* p, T v) {
  return atomicMax(p, v);
}
template <class T>
GPU_DEVICE T atomic_min(T* p, T v) {
  return atomicMin(p, v);
}
template <class T>
GPU_DEVICE T atomic_or(T* p, T v) {
  return atomicOr(p, v);
}
template <class T>
GPU_DEVICE T atomic_exchange(T* p, T v) {
  return atomicExch(p, v);
}
/// Returns what was there; stored `v` if that was `expected`.
template <class T>
GPU_DEVICE T atomic_cas(T* p, T expected, T v) {
  return atomicCAS(p, expected, v);
}

// One IEEE rounding each: the same bits as the CPU kernels and the emulator.
GPU_DEVICE float fma(float a, float b, float c) { return __fmaf_rn(a, b, c); }
GPU_DEVICE float add(float a, float b) { return __fadd_rn(a, b); }
GPU_DEVICE float sub(float a, float b) { return __fsub_rn(a, b); }
GPU_DEVICE float mul(float a, float b) { return __fmul_rn(a, b); }
GPU_DEVICE float div(float a, float b) { return __fdiv_rn(a, b); }
GPU_DEVICE float sqrt(float a) { return __fsqrt_rn(a); }
GPU_DEVICE float round_even(float a) { return rintf(a); }
GPU_DEVICE float max(float a, float b) { return fmaxf(a, b); }
GPU_DEVICE float min(float a, float b) { return fminf(a, b); }
GPU_DEVICE float abs(float a) { return fabsf(a); }

// Approximations, fast mode only: the hardware is within 2 ulp (log2 near 1: 2^-22; tanh: 2^-11 of the
// value; exp of a product more), and the emulator adds noise of that size.
GPU_DEVICE float fast_exp2(float a) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(a));
  return y;
}
GPU_DEVICE float fast_exp(float a) { return fast_exp2(a * 1.4426950408889634f); }
GPU_DEVICE float fast_log2(float a) {
  float y;
  asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(a));
  return y;
}
GPU_DEVICE float fast_log(float a) { return fast_log2(a) * 0.6931471805599453f; }
GPU_DEVICE float fast_rsqrt(float a) {
  float y;
  asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(a));
  return y;
}
GPU_DEVICE float fast_rcp(float a) {
  float y;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(a));
  return y;
}
GPU_DEVICE float fast_tanh(float a) {
  float y;
  asm("tanh.approx.f32 %0, %1;" : "=f"(y) : "f"(a));
  return y;
}
/// Two bf16 in one register, `lo` in the low half; one cvt on the GPU.
GPU_DEVICE uint32_t pack_bf16(float lo, float hi) {
  uint32_t r;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(hi), "f"(lo));
  return r;
}
/// The larger of two bf16 in each half; of a number and NaN the number.
GPU_DEVICE uint32_t max_bf16(uint32_t a, uint32_t b) {
  uint32_t r;
  asm("max.bf16x2 %0, %1, %2;" : "=r"(r) : "r"(a), "r"(b));
  return r;
}
/// The value a tensor core sees: round to nearest, ties away, at 10 mantissa bits.
GPU_DEVICE uint32_t to_tf32(float a) {
  uint32_t r;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(r) : "f"(a));
  return r;
}
GPU_DEVICE long long clock() { return clock64(); }

}  // namespace gpu
