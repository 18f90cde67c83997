// GEMM ladder, steps 4 and 5: tensor cores by mma, as on every chip since Ampere. Paper: none.
#include "kernels/gemm_mma.cuh"
#include "ladder/ladder.h"

namespace r1::cuda::ladder {

namespace {

/// 4: mma.m16n8k16 on tiles that ldmatrix reads from shared memory; a block waits for its loads, then multiplies.
GPU_KERNEL(256, 2) void mma_kernel(gpu::bf16* c, int64_t ldc, mma::Operand a, mma::Operand b, int k) {
  SMEM(gpu::bf16, ta, mma::kTile);
  SMEM(gpu::bf16, tb, mma::kTile);
  const int row = int(gpu::block_idx().y) * 128, col = int(gpu::block_idx().x) * 128;
  const int wm = (gpu::warp() & 1) * 64, wn = (gpu::warp() >> 1) * 32;
  float d[4][4][4] = {};
  for (int k0 = 0; k0 < k; k0 += mma::kBk) {
    mma::bring<true, true>(ta, a, row, k0, k);
    mma::bring<true, true>(tb, b, col, k0, k);
    gpu::cp_async_commit();
    gpu::cp_async_wait<0>();  // nothing overlaps: the next step of the ladder does that
    gpu::sync();
    GPU_UNROLL
    for (int kk = 0; kk < mma::kBk; kk += 16) {
      uint32_t fa[4][4], fb[2][4];
      GPU_UNROLL
      for (int i = 0; i < 4; ++i) mma::fragment_a<true>(fa[i], ta, wm + 16 * i, kk);
      GPU_UNROLL
      for (int j = 0; j < 2; ++j) mma::fragment_b<true>(fb[j], tb, wn + 16 * j, kk);
      GPU_UNROLL
      for (int i = 0; i < 4; ++i) {
        GPU_UNROLL
        for (int j = 0; j < 4; ++j) {
          const uint32_t two[2] = {fb[j / 2][2 * (j & 1)], fb[j / 2][2 * (j & 1) + 1]};
          gpu::mma_m16n8k16<gpu::bf16>(d[i][j], fa[i], two);
        }
      }
    }
    gpu::sync();
  }
  const int g = gpu::lane() / 4, t = gpu::lane() % 4;
  GPU_UNROLL
  for (int i = 0; i < 4; ++i) {
    GPU_UNROLL
    for (int j = 0; j < 4; ++j) {
      const int r = row + wm + 16 * i + g, n = col + wn + 8 * j + 2 * t;
      mma::store_two(c, ldc, r, n, a.rows, b.rows, d[i][j][0], d[i][j][1], false);
      mma::store_two(c, ldc, r + 8, n, a.rows, b.rows, d[i][j][2], d[i][j][3], false);
    }
  }
}

}  // namespace

void gemm_4_mma(const Exec& ex, const Product& g) {
  gpu::launch({.name = "gemm_4_mma",
               .grid = {ceil_div(g.n, 128), uint32_t(ceil_div(g.m, 128))},
               .block = 256,
               .stream = ex.stream},
              mma_kernel, dev(g.c), g.ldc, mma::Operand{dev(g.a), g.lda, 0, int(g.m)},
              mma::Operand{dev(g.b), g.ldb, 0, int(g.n)}, int(g.k));
}
/// 5: four stages of cp.async hide the loads behind the products: the kernel of cuda/kernels.
void gemm_5_cp_async(const Exec& ex, const Product& g) { mma::launch_gemm<mma::Bf16>(g, ex.stream); }

}  // namespace r1::cuda::ladder
