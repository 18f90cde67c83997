// Epilogues of the Hopper GEMM that turn a tile of logits, still in registers, into what log-probabilities need: per
// row and tile the maximum and two sums (forward), or the logits' gradient in bf16 (backward). Paper: [R1 Eq. 1].
#pragma once
#include "kernels/gemm_sm90_store.cuh"
#include "kernels/token_logp.h"

namespace r1::cuda::sm90 {

/// Of a row's logits in one tile, in units of log2: maximum, sum of 2^d, sum of 2^d d with d measured from the maximum.
struct TileStats {
  float top, sum, weighted, unused;
};

struct Stats {
  TileStats* stats;  ///< [rows, tiles]
  float* chosen;     ///< [rows] the target's logit
  const int32_t* targets;
  int tiles;
  float c;  ///< log2(e) / T
  GPU_DEVICE void operator()(float (&d)[128], int row, int col, const Sizes& p) const;
};
struct Gradient {
  Store<gpu::bf16> store;
  const int32_t* targets;
  const float *lse, *dlogp;
  float inv_temperature;
  GPU_DEVICE void operator()(float (&d)[128], int row, int col, const Sizes& p) const;
};

#if defined(__CUDA_ARCH_FEAT_SM90_ALL) || defined(R1_GPU_EMULATED)
GPU_DEVICE void Stats::operator()(float (&d)[128], int row, int col, const Sizes& p) const {
  const int t = gpu::lane() & 3;
  GPU_UNROLL
  for (int half = 0; half < 2; ++half) {
    const int at = row + gpu::lane() / 4 + 8 * half;
    const int target = at < p.m ? targets[at] : -1;
    float top = -1e30f, sum = 0, weighted = 0;
    gpu::syncwarp();  // one half after the other: both at once would need more registers than there are
    GPU_UNROLL
    for (int j = 0; j < 32; ++j) {
      GPU_UNROLL
      for (int e = 0; e < 2; ++e) {
        float& z = d[4 * j + 2 * half + e];
        const int n = col + 8 * j + 2 * t + e;
        if (n == target) chosen[at] = z;
        if (n >= p.n) z = -1e30f;
        top = gpu::max(top, z);
      }
    }
    top = gpu::max(top, gpu::shfl_xor(top, 1));
    top = gpu::max(top, gpu::shfl_xor(top, 2));
    const float offset = -gpu::mul(top, c);
    GPU_UNROLL
    for (int j = 0; j < 32; ++j) {
      GPU_UNROLL
      for (int e = 0; e < 2; ++e) {
        const float x = gpu::max(gpu::fma(d[4 * j + 2 * half + e], c, offset), -1e4f), y = gpu::fast_exp2(x);
        sum = gpu::add(sum, y);
        weighted = gpu::fma(y, x, weighted);
      }
    }
    sum = gpu::add(sum, gpu::shfl_xor(sum, 1)), weighted = gpu::add(weighted, gpu::shfl_xor(weighted, 1));
    sum = gpu::add(sum, gpu::shfl_xor(sum, 2)), weighted = gpu::add(weighted, gpu::shfl_xor(weighted, 2));
    if (t == 0 && at < p.m) stats[int64_t(at) * tiles + col / kBn] = {-offset, sum, weighted, 0.0f};
  }
}

GPU_DEVICE void Gradient::operator()(float (&d)[128], int row, int col, const Sizes& p) const {
  const float c = gpu::mul(inv_temperature, 1.4426950408889634f);
  GPU_UNROLL
  for (int half = 0; half < 2; ++half) {
    const int at = row + gpu::lane() / 4 + 8 * half;
    const bool inside = at < p.m;
    const int target = inside ? targets[at] : -1;
    const float g = inside ? gpu::mul(dlogp[at], inv_temperature) : 0.0f;
    const float offset = inside ? gpu::mul(lse[at], -1.4426950408889634f) : 0.0f;
    GPU_UNROLL
    for (int j = 0; j < 32; ++j) {
      GPU_UNROLL
      for (int e = 0; e < 2; ++e) {
        float& z = d[4 * j + 2 * half + e];
        z = gpu::mul(gpu::fast_exp2(gpu::fma(z, c, offset)), -g);
        if (col + 8 * j + 2 * (gpu::lane() & 3) + e == target) z = gpu::add(z, g);
      }
    }
  }
  store(d, row, col, p);
}
#endif

}  // namespace r1::cuda::sm90
