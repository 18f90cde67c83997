// Sums and maxima over a warp and over a group of warps, by fixed trees: the same bits run to run. Paper: none.
#pragma once
#include "gpu.hpp"

namespace r1::cuda {

GPU_DEVICE float warp_sum(float v) {
  GPU_UNROLL
  for (int d = 16; d > 0; d /= 2) v = gpu::add(v, gpu::shfl_xor(v, d));
  return v;
}
GPU_DEVICE float warp_max(float v) {
  GPU_UNROLL
  for (int d = 16; d > 0; d /= 2) v = gpu::max(v, gpu::shfl_xor(v, d));
  return v;
}

/// Who reduces together: one warp alone, or all warps of the block through `part`, 32 floats of shared memory.
/// Trap: `part` may be written again only after another barrier of the block.
struct Group {
  int warp = 0, warps = 1;
};
GPU_DEVICE float group_sum(float v, float* part, const Group& g) {
  v = warp_sum(v);
  if (g.warps == 1) return v;
  if (gpu::lane() == 0) part[g.warp] = v;
  gpu::sync();
  return warp_sum(gpu::lane() < g.warps ? part[gpu::lane()] : 0.0f);
}
GPU_DEVICE float group_max(float v, float* part, const Group& g) {
  v = warp_max(v);
  if (g.warps == 1) return v;
  if (gpu::lane() == 0) part[g.warp] = v;
  gpu::sync();
  return warp_max(part[gpu::lane() < g.warps ? gpu::lane() : 0]);
}

}  // namespace r1::cuda
