// Float GEMM on the ordinary cores: every element of C is one chain of fused multiply-adds, k ascending, from 0 or from
// C's old value: bitwise the CPU kernel. A block makes 128 x 128, a thread 8 x 8 as four 4 x 4 pieces; tiles of 16 k
// are double-buffered, the next one on its way while this one is multiplied. Paper: none.
#pragma once
#include "common/pack.cuh"
#include "kernels/gemm.h"

namespace r1::cuda::simt {

constexpr int kB = 128, kBk = 16, kThreads = 256, kLd = kB + 4;

struct Operand {
  const float* p;
  int64_t ld, stride;
  int rows;
};

/// A thread's eight elements of the 128 x 16 tile: neighbours in memory go to neighbouring threads. The copies are
/// asynchronous, an element each, because the tile is kept as [k][row] whatever the operand's order.
template <bool KMajor>
GPU_DEVICE void bring(float* tile, const Operand& o, int row, int k, int k_total) {
  constexpr int kLines = KMajor ? kThreads / kBk : kThreads / kB;  // lines (rows or k) that the block's threads cover
  const int r = row + (KMajor ? gpu::tid() / kBk : gpu::tid() % kB), kk = KMajor ? gpu::tid() % kBk : gpu::tid() / kB;
  const float* from = o.p + (KMajor ? r * o.ld + k + kk : (k + kk) * o.ld + r);
  float* to = tile + kk * kLd + (r - row);
  GPU_UNROLL
  for (int i = 0; i < 8; ++i) {
    const bool inside =
        KMajor ? r + i * kLines < o.rows && k + kk < k_total : r < o.rows && k + kk + i * kLines < k_total;
    gpu::cp_async<4>(to + i * kLines * (KMajor ? 1 : kLd), inside ? from : o.p, inside ? 4 : 0);
    from += kLines * o.ld;
  }
}
GPU_DEVICE void step(float (&d)[8][8], const float* a, const float* b, int tm, int tn) {
  const auto a0 = gpu::load_vec<4>(a + 4 * tm), a1 = gpu::load_vec<4>(a + 64 + 4 * tm);
  const auto b0 = gpu::load_vec<4>(b + 4 * tn), b1 = gpu::load_vec<4>(b + 64 + 4 * tn);
  GPU_UNROLL
  for (int i = 0; i < 8; ++i) {
    GPU_UNROLL
    for (int j = 0; j < 8; ++j) d[i][j] = gpu::fma(i < 4 ? a0[i] : a1[i - 4], j < 4 ? b0[j] : b1[j - 4], d[i][j]);
  }
}

template <bool KMajorA, bool KMajorB>
GPU_KERNEL(kThreads, 2)
void gemm_kernel(float* c, int64_t ldc, int64_t stride_c, Operand a, Operand b, int k, bool accumulate) {
  SMEM(float, tiles, 2 * 2 * kBk * kLd);
  const int row = int(gpu::block_idx().y) * kB, col = int(gpu::block_idx().x) * kB;
  const int64_t product = gpu::block_idx().z;
  a.p += product * a.stride, b.p += product * b.stride, c += product * stride_c;
  const int tm = gpu::tid() / 16, tn = gpu::tid() % 16;
  const auto line = [&](int i) { return row + (i / 4) * 64 + 4 * tm + i % 4; };
  const auto column = [&](int j) { return col + (j / 4) * 64 + 4 * tn + j % 4; };
  float d[8][8];
  GPU_UNROLL
  for (int i = 0; i < 8; ++i) {
    GPU_UNROLL
    for (int j = 0; j < 8; ++j)
      d[i][j] = accumulate && line(i) < a.rows && column(j) < b.rows ? c[line(i) * ldc + column(j)] : 0.0f;
  }
  const auto fill = [&](int k0, int half) {
    if (k0 < k) {
      bring<KMajorA>(tiles + half * 2 * kBk * kLd, a, row, k0, k);
      bring<KMajorB>(tiles + (half * 2 + 1) * kBk * kLd, b, col, k0, k);
    }
    gpu::cp_async_commit();
  };
  fill(0, 0);
  for (int k0 = 0, half = 0; k0 < k; k0 += kBk, half ^= 1) {
    const float *ta = tiles + half * 2 * kBk * kLd, *tb = ta + kBk * kLd;
    gpu::cp_async_wait<0>();
    gpu::sync();  // this half has come, and nobody reads the other one any more
    fill(k0 + kBk, half ^ 1);
    if (k - k0 >= kBk) {
      GPU_NO_UNROLL
      for (int k4 = 0; k4 < kBk; k4 += 2) {  // sixteen at once would need more registers than two blocks have
        GPU_UNROLL
        for (int kk = k4; kk < k4 + 2; ++kk) step(d, ta + kk * kLd, tb + kk * kLd, tm, tn);
      }
    } else {  // a padded zero would turn -0 into 0
      for (int kk = 0; kk < k - k0; ++kk) step(d, ta + kk * kLd, tb + kk * kLd, tm, tn);
    }
  }
  GPU_UNROLL
  for (int i = 0; i < 8; ++i) {
    GPU_UNROLL
    for (int j = 0; j < 8; ++j)
      if (line(i) < a.rows && column(j) < b.rows) c[line(i) * ldc + column(j)] = d[i][j];
  }
}

inline void launch_gemm(const GemmArgs& g, void* stream) {
  const auto kernel = g.trans_a ? (g.trans_b ? gemm_kernel<false, true> : gemm_kernel<false, false>)
                                : (g.trans_b ? gemm_kernel<true, true> : gemm_kernel<true, false>);
  gpu::launch({.name = "gemm_simt",
               .grid = {ceil_div(g.n, kB), uint32_t(ceil_div(g.m, kB)), uint32_t(g.batch)},
               .block = kThreads,
               .stream = stream},
              kernel, g.c, g.ldc, g.stride_c, Operand{g.a, g.lda, g.stride_a, int(g.m)},
              Operand{g.b, g.ldb, g.stride_b, int(g.n)}, int(g.k), g.accumulate);
}

}  // namespace r1::cuda::simt
