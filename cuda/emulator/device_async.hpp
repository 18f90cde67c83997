// Emulator back end: cp.async, mbarriers, TMA, clusters, wgmma (see gpu/nvcc_mma.hpp, nvcc_tma.hpp, nvcc_wgmma.hpp).
// Paper: none.
#pragma once
#include "emulator/device_core.hpp"

namespace gpu {

template <int Bytes>
inline void cp_async(void* smem, const void* global, int from = Bytes, GPU_AT) {
  static_assert(Bytes == 4 || Bytes == 8 || Bytes == 16);
  emu::cp_async(smem, global, Bytes, from, at);
}
inline void cp_async_commit(GPU_AT) { emu::cp_async_commit(at); }
template <int N>
inline void cp_async_wait(GPU_AT) {
  emu::cp_async_wait(N, at);
}

inline void mbar_init(Mbar* b, int count, GPU_AT) { emu::mbar_init(b, count, at); }
inline void fence_mbar_init(GPU_AT) { emu::fence_mbar_init(at); }
inline void mbar_arrive(Mbar* b, GPU_AT) { emu::mbar_arrive(b, 0, false, -1, at); }
inline void mbar_arrive_expect_tx(Mbar* b, uint32_t bytes, GPU_AT) { emu::mbar_arrive(b, bytes, true, -1, at); }
inline void mbar_arrive_cluster(Mbar* b, uint32_t rank, GPU_AT) { emu::mbar_arrive(b, 0, false, int(rank), at); }
inline bool mbar_try_wait(Mbar* b, int parity, GPU_AT) { return emu::mbar_wait(b, parity, true, at); }
inline void mbar_wait(Mbar* b, int parity, GPU_AT) { emu::mbar_wait(b, parity, false, at); }
inline void fence_proxy_async(GPU_AT) { emu::fence_proxy_async(at); }

inline void tma_prefetch_map(const TensorMap&) {}
inline void tma_load(void* smem, const TensorMap& m, Mbar* b, int x, GPU_AT) {
  emu::tma_load(smem, m, b, 0, &x, 1, at);
}
inline void tma_load(void* smem, const TensorMap& m, Mbar* b, int x, int y, GPU_AT) {
  const int c[] = {x, y};
  emu::tma_load(smem, m, b, 0, c, 2, at);
}
inline void tma_load(void* smem, const TensorMap& m, Mbar* b, int x, int y, int z, GPU_AT) {
  const int c[] = {x, y, z};
  emu::tma_load(smem, m, b, 0, c, 3, at);
}
inline void tma_load_multicast(void* smem, const TensorMap& m, Mbar* b, uint16_t blocks, int x, int y, GPU_AT) {
  const int c[] = {x, y};
  emu::tma_load(smem, m, b, 0x10000u | blocks, c, 2, at);
}
inline void tma_load_bytes(void* smem, const void* global, uint32_t bytes, Mbar* b, GPU_AT) {
  emu::tma_load_bytes(smem, global, bytes, b, at);
}
inline void tma_store(const TensorMap& m, const void* smem, int x, int y, GPU_AT) {
  emu::tma_store(m, smem, x, y, false, at);
}
inline void tma_reduce_add(const TensorMap& m, const void* smem, int x, int y, GPU_AT) {
  emu::tma_store(m, smem, x, y, true, at);
}
inline void tma_store_commit(GPU_AT) { emu::tma_store_commit(at); }
template <int N>
inline void tma_store_wait_read(GPU_AT) {
  emu::tma_store_wait(N, true, at);
}
template <int N>
inline void tma_store_wait(GPU_AT) {
  emu::tma_store_wait(N, false, at);
}

inline uint32_t cluster_rank() { return emu::cluster_rank(); }
inline void cluster_sync(GPU_AT) { emu::cluster_sync(at); }

template <int N>
inline void take_registers(GPU_AT) {
  static_assert(N >= 24 && N <= 256 && N % 8 == 0);
  emu::set_registers(N, at);
}
template <int N>
inline void give_registers(GPU_AT) {
  static_assert(N >= 24 && N <= 256 && N % 8 == 0);
  emu::set_registers(-N, at);
}

inline uint64_t wgmma_descriptor(const void* tile, Swizzle s, uint32_t leading_bytes, uint32_t stride_bytes) {
  return emu::wgmma_descriptor(tile, s, leading_bytes, stride_bytes);
}
inline void wgmma_commit(GPU_AT) { emu::wgmma_commit(at); }
// No site in these two: a pack of arrays leaves no room for a default argument.
template <int... M>
inline void wgmma_fence(float (&... d)[M]) {
  ((void)d, ...);
  emu::wgmma_fence({"wgmma_fence", 0});
}
template <int Pending, int... M>
inline void wgmma_wait(float (&... d)[M]) {
  const emu::Site at{"wgmma_wait", 0};
  emu::wgmma_wait(Pending, at);
  (emu::wgmma_ready(d, at), ...);
}
template <class T, bool TransA = false, bool TransB = false, int H>
inline void wgmma(float (&d)[H], uint64_t a, uint64_t b, bool accumulate = true, GPU_AT) {
  static_assert(std::is_same_v<T, bf16> || std::is_same_v<T, half>);
  static_assert(H == 4 || H == 8 || H == 16 || H == 32 || H == 48 || H == 64 || H == 96 || H == 128);
  emu::wgmma({d, 2 * H, nullptr, a, b, accumulate, std::is_same_v<T, bf16>, TransA, TransB}, at);
}
template <class T, bool TransB = false, int H>
inline void wgmma_registers(float (&d)[H], const uint32_t (&a)[4], uint64_t b, bool accumulate = true, GPU_AT) {
  static_assert(std::is_same_v<T, bf16> || std::is_same_v<T, half>);
  emu::wgmma({d, 2 * H, a, 0, b, accumulate, std::is_same_v<T, bf16>, false, TransB}, at);
}

}  // namespace gpu
