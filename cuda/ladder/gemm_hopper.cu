// GEMM ladder, steps 6 to 9: Hopper. wgmma reads both operands from shared memory and TMA puts them there. Paper: none.
#include "kernels/gemm_sm90_store.cuh"
#include "ladder/ladder.h"

namespace r1::cuda::ladder {

namespace {

constexpr int kBm = 128, kBn = 128, kBk = 64;
constexpr int kBytes = (kBm + kBn) * kBk * 2;
constexpr int kRing = 4;

#if defined(__CUDA_ARCH_FEAT_SM90_ALL) || defined(R1_GPU_EMULATED)
/// One stage's products: 64 rows of this warpgroup by 128 columns by 64 k.
GPU_DEVICE void multiply(float (&d)[64], const unsigned char* stage, int group, bool first) {
  const uint64_t a = gpu::wgmma_descriptor(stage + group * 64 * 128, gpu::Swizzle::k128, 16, 1024);
  const uint64_t b = gpu::wgmma_descriptor(stage + kBm * 128, gpu::Swizzle::k128, 16, 1024);
  gpu::wgmma_fence();
  GPU_UNROLL
  for (int i = 0; i < kBk / 16; ++i) gpu::wgmma<gpu::bf16>(d, a + 2 * i, b + 2 * i, !first || i > 0);
  gpu::wgmma_commit();
}
GPU_DEVICE void store(gpu::bf16* c, int64_t ldc, int m, int n, const float (&d)[64], int row, int col) {
  GPU_UNROLL
  for (int j = 0; j < 16; ++j) {
    GPU_UNROLL
    for (int e = 0; e < 4; ++e) {
      const int r = row + gpu::lane() / 4 + (e >> 1) * 8, x = col + 8 * j + 2 * (gpu::lane() & 3) + (e & 1);
      if (r < m && x < n) narrow(c[r * ldc + x], d[4 * j + e]);
    }
  }
}
GPU_DEVICE void load(unsigned char* stage, const gpu::TensorMap& map_a, const gpu::TensorMap& map_b, gpu::Mbar* full,
                     int k, int row, int col) {
  gpu::mbar_arrive_expect_tx(full, kBytes);
  gpu::tma_load(stage, map_a, full, k, row);
  gpu::tma_load(stage + kBm * 128, map_b, full, k, col);
}
#endif

/// 6: TMA loads a tile, two warpgroups wait for it and multiply; then the next tile.
GPU_KERNEL(256, 1)
void wgmma_kernel(const GPU_GRID_CONSTANT gpu::TensorMap map_a, const GPU_GRID_CONSTANT gpu::TensorMap map_b,
                  gpu::bf16* c, int64_t ldc, int m, int n, int k) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL) || defined(R1_GPU_EMULATED)
  DSMEM(unsigned char, stage);
  SMEM(gpu::Mbar, full, 1);
  const int row = int(gpu::block_idx().y) * kBm, col = int(gpu::block_idx().x) * kBn, group = gpu::warp() / 4;
  if (gpu::tid() == 0) {
    gpu::mbar_init(full, 1);
    gpu::fence_mbar_init();
  }
  gpu::sync();
  float d[64];
  for (int s = 0; s * kBk < k; ++s) {
    if (gpu::tid() == 0) load(stage, map_a, map_b, full, s * kBk, row, col);
    gpu::mbar_wait(full, s & 1);
    multiply(d, stage, group, s == 0);
    gpu::wgmma_wait<0>(d);
    gpu::sync();  // all have read the tile
  }
  store(c, ldc, m, n, d, row + group * 64 + (gpu::warp() & 3) * 16, col);
#endif
}

/// 7: a third warpgroup only loads, into a ring of four stages that full and empty barriers guard.
GPU_KERNEL(384, 1)
void ring_kernel(const GPU_GRID_CONSTANT gpu::TensorMap map_a, const GPU_GRID_CONSTANT gpu::TensorMap map_b,
                 gpu::bf16* c, int64_t ldc, int m, int n, int k) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL) || defined(R1_GPU_EMULATED)
  DSMEM(unsigned char, ring);
  SMEM(gpu::Mbar, full, kRing);
  SMEM(gpu::Mbar, empty, kRing);
  const int row = int(gpu::block_idx().y) * kBm, col = int(gpu::block_idx().x) * kBn, group = gpu::warp() / 4;
  const int steps = (k + kBk - 1) / kBk;
  if (gpu::tid() == 0) {
    for (int i = 0; i < kRing; ++i) gpu::mbar_init(&full[i], 1), gpu::mbar_init(&empty[i], 8);
    gpu::fence_mbar_init();
  }
  gpu::sync();
  if (group == 2) {
    if (gpu::tid() == 256)
      for (int s = 0; s < steps; ++s) {
        gpu::mbar_wait(&empty[s % kRing], (s / kRing & 1) ^ 1);
        load(ring + s % kRing * kBytes, map_a, map_b, &full[s % kRing], s * kBk, row, col);
      }
    return;
  }
  float d[64];
  for (int s = 0; s < steps; ++s) {
    gpu::mbar_wait(&full[s % kRing], s / kRing & 1);
    multiply(d, ring + s % kRing * kBytes, group, s == 0);
    gpu::wgmma_wait<1>();
    if (s > 0 && gpu::lane() == 0) gpu::mbar_arrive(&empty[(s - 1) % kRing]);
  }
  gpu::wgmma_wait<0>(d);
  store(c, ldc, m, n, d, row + group * 64 + (gpu::warp() & 3) * 16, col);
#endif
}

template <class K>
void run(const Exec& ex, const Product& g, const char* name, K kernel, int threads, size_t smem) {
  const auto map_a = sm90::operand_map(dev(g.a), g.lda, g.m, g.k, true, kBm, name);
  const auto map_b = sm90::operand_map(dev(g.b), g.ldb, g.n, g.k, true, kBn, name);
  gpu::launch({.name = name,
               .grid = {ceil_div(g.n, kBn), uint32_t(ceil_div(g.m, kBm))},
               .block = threads,
               .smem = smem,
               .stream = ex.stream},
              kernel, map_a, map_b, dev(g.c), g.ldc, int(g.m), int(g.n), int(g.k));
}

}  // namespace

void gemm_6_wgmma(const Exec& ex, const Product& g) { run(ex, g, "gemm_6_wgmma", wgmma_kernel, 256, kBytes); }
void gemm_7_ring(const Exec& ex, const Product& g) {
  run(ex, g, "gemm_7_ring", ring_kernel, 384, size_t{kRing} * kBytes);
}
/// 8: 128 x 256 tiles, registers moved from the producer to the consumers, blocks that stay and walk the tiles in an
/// order that keeps operands in L2: the kernel of cuda/kernels.
void gemm_8_persistent(const Exec& ex, const Product& g) { sm90::launch_gemm<1>(g, ex.stream); }
/// 9: two blocks share the B tile by multicast: a third less traffic from L2.
void gemm_9_cluster(const Exec& ex, const Product& g) { sm90::launch_gemm<2>(g, ex.stream); }

}  // namespace r1::cuda::ladder
