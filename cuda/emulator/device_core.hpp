// Emulator back end: kernel and shared memory macros, indices, barriers, memory and atomics (see gpu/nvcc_core.hpp).
// Paper: none.
#pragma once
#include <type_traits>

#include "emulator/api.hpp"

#define GPU_SM90A 1
#define GPU_KERNEL(...) [[maybe_unused]] static
#define GPU_DEVICE inline
#define GPU_GRID_CONSTANT
#if defined(__clang__)
#define GPU_UNROLL _Pragma("clang loop unroll(enable)")
#define GPU_NO_UNROLL _Pragma("clang loop unroll(disable)")
#else
#define GPU_UNROLL
#define GPU_NO_UNROLL
#endif
// An array reference, as in CUDA; the lambda's static gives each declaration (and template instance) an identity.
#define SMEM_ALIGNED(T, name, N, align)                                                \
  static_assert(std::is_trivially_copyable_v<T>, "shared memory has no constructors"); \
  T(&name)                                                                             \
  [N] = *static_cast<T(*)[N]>(::gpu::emu::shared_array(                                \
      [] {                                                                             \
        static char key;                                                               \
        return static_cast<const void*>(&key);                                         \
      }(),                                                                             \
      sizeof(T) * (N), align, #name, ::gpu::emu::Site::here()))
#define SMEM(T, name, N) SMEM_ALIGNED(T, name, N, 16)
#define DSMEM(T, name) T* name = static_cast<T*>(::gpu::emu::dynamic_shared())

#define GPU_AT ::gpu::emu::Site at = ::gpu::emu::Site::here()

namespace gpu {

inline emu::Index thread_idx() { return emu::self().thread_idx; }
inline emu::Index block_idx() { return emu::self().block_idx; }
inline emu::Index block_dim() { return emu::self().block_dim; }
inline emu::Index grid_dim() { return emu::self().grid_dim; }
inline int tid() { return emu::self().tid; }
inline int block_size() { return emu::self().block_size; }
inline int lane() { return emu::self().tid & 31; }
inline int warp() { return emu::self().tid >> 5; }

inline void sync(GPU_AT) { emu::block_sync(at); }
inline bool sync_or(bool p, GPU_AT) { return emu::block_sync_count(p, at) > 0; }
inline int sync_count(bool p, GPU_AT) { return emu::block_sync_count(p, at); }
inline void bar_sync(int id, int threads, GPU_AT) { emu::named_sync(id, threads, true, at); }
inline void bar_arrive(int id, int threads, GPU_AT) { emu::named_sync(id, threads, false, at); }
inline void grid_sync(GPU_AT) { emu::grid_sync(at); }
inline void griddep_launch(GPU_AT) { emu::griddep_launch(at); }
inline void griddep_wait(GPU_AT) { emu::griddep_wait(at); }
inline void fence_block(GPU_AT) { emu::fence(at); }
inline void fence(GPU_AT) { emu::fence(at); }
inline void fence_system(GPU_AT) { emu::fence(at); }
[[noreturn]] inline void trap(GPU_AT) { emu::kernel_fail("trap", at); }
inline void require(bool ok, const char* message, GPU_AT) {
  if (!ok) emu::kernel_fail(message, at);
}

template <int N, class T>
inline Vec<T, N> load_vec(const T* p, GPU_AT) {
  Vec<T, N> v;
  emu::read(&v, p, sizeof v, at);
  return v;
}
template <int N, class T>
inline void store_vec(T* p, const Vec<T, N>& v, GPU_AT) {
  emu::write(p, &v, sizeof v, at);
}
template <int N, class T>
inline Vec<T, N> load_vec_const(const T* p, GPU_AT) {
  return load_vec<N>(p, at);
}
template <int N, class T>
inline Vec<T, N> load_vec_once(const T* p, GPU_AT) {
  return load_vec<N>(p, at);
}
template <int N, class T>
inline void store_vec_once(T* p, const Vec<T, N>& v, GPU_AT) {
  store_vec<N>(p, v, at);
}
template <class T>
inline T load_volatile(const T* p, GPU_AT) {
  T v;
  emu::read_volatile(&v, p, sizeof v, at);
  return v;
}

template <class T>
inline T atomic_add(T* p, T v, GPU_AT) {
  return emu::atomic(emu::AtomicOp::kAdd, p, v, at);
}
template <class T>
inline T atomic_max(T* p, T v, GPU_AT) {
  static_assert(std::is_integral_v<T>);
  return emu::atomic(emu::AtomicOp::kMax, p, v, at);
}
template <class T>
inline T atomic_min(T* p, T v, GPU_AT) {
  static_assert(std::is_integral_v<T>);
  return emu::atomic(emu::AtomicOp::kMin, p, v, at);
}
template <class T>
inline T atomic_or(T* p, T v, GPU_AT) {
  static_assert(std::is_integral_v<T>);
  return emu::atomic(emu::AtomicOp::kOr, p, v, at);
}
template <class T>
inline T atomic_exchange(T* p, T v, GPU_AT) {
  return emu::atomic(emu::AtomicOp::kExchange, p, v, at);
}
template <class T>
inline T atomic_cas(T* p, T expected, T v, GPU_AT) {
  static_assert(std::is_integral_v<T> && (sizeof(T) == 4 || sizeof(T) == 8));
  using U = std::make_unsigned_t<T>;
  return T(emu::atomic_cas(p, U(expected), U(v), sizeof(T), at));
}

}  // namespace gpu
