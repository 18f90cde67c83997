// nvcc back end: warp collectives. `mask` names the lanes that take part: every one of them must make the same call.
// Paper: none.
#pragma once
#include "gpu/nvcc_core.hpp"

namespace gpu {

constexpr uint32_t kFullMask = 0xffffffffu;

GPU_DEVICE void syncwarp(uint32_t mask = kFullMask) { __syncwarp(mask); }

template <class T>
GPU_DEVICE T shfl(T v, int lane, uint32_t mask = kFullMask) {
  return __shfl_sync(mask, v, lane);
}
template <class T>
GPU_DEVICE T shfl_xor(T v, int d, uint32_t mask = kFullMask) {
  return __shfl_xor_sync(mask, v, d);
}
/// From lane + d; a lane past the end gets its own value.
template <class T>
GPU_DEVICE T shfl_down(T v, int d, uint32_t mask = kFullMask) {
  return __shfl_down_sync(mask, v, unsigned(d));
}
template <class T>
GPU_DEVICE T shfl_up(T v, int d, uint32_t mask = kFullMask) {
  return __shfl_up_sync(mask, v, unsigned(d));
}
GPU_DEVICE int popcount(uint32_t x) { return __popc(x); }
GPU_DEVICE int lowest_bit(uint32_t x) { return __ffs(int(x)) - 1; }  ///< -1 for 0
GPU_DEVICE uint32_t ballot(bool p, uint32_t mask = kFullMask) { return __ballot_sync(mask, p); }
GPU_DEVICE bool any(bool p, uint32_t mask = kFullMask) { return __any_sync(mask, p); }
GPU_DEVICE bool all(bool p, uint32_t mask = kFullMask) { return __all_sync(mask, p); }
/// Lanes of `mask` whose v equals the caller's.
template <class T>
GPU_DEVICE uint32_t match_any(T v, uint32_t mask = kFullMask) {
  return __match_any_sync(mask, v);
}
/// Integer sum, minimum, maximum over the mask, in every lane.
GPU_DEVICE int warp_add(int v, uint32_t mask = kFullMask) { return __reduce_add_sync(mask, v); }
GPU_DEVICE int warp_max(int v, uint32_t mask = kFullMask) { return __reduce_max_sync(mask, v); }
GPU_DEVICE int warp_min(int v, uint32_t mask = kFullMask) { return __reduce_min_sync(mask, v); }
/// True in exactly one lane of a full warp (sm_90: the hardware's choice; before: lane 0).
GPU_DEVICE bool elect() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  uint32_t p;
  asm volatile("{\n.reg .pred p;\nelect.sync _|p, 0xffffffff;\nselp.b32 %0, 1, 0, p;\n}" : "=r"(p));
  return p != 0;
#else
  __syncwarp();
  return lane() == 0;
#endif
}

}  // namespace gpu
