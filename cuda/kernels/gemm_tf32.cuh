// Fast mode of the float GEMM: operands rounded to tf32 (10 mantissa bits, to nearest) as they reach the registers,
// sums in float by mma.m16n8k8. Tiles as they lie in global memory, [128 rows][16 k] or [16 k][128 rows], lines padded
// so that neither ldmatrix nor single loads meet a bank conflict. ldmatrix moves a float as two halves: only K-major.
// |C - AB| <= (2 * 2^-11 + k * 2^-24) |A||B|, element by element. Paper: none.
#pragma once
#include "kernels/gemm_mma.cuh"

namespace r1::cuda::mma {

struct Tf32 {
  using T = float;
  static constexpr int kBk = 16, kStep = 8, kLine = kBk + 4, kAcross = 128 + 8;
  static constexpr int kTile = 128 * kLine > kBk* kAcross ? 128 * kLine : kBk* kAcross;

  /// The block brings its 128 x 16 tile of the operand; beyond the ends zeros.
  template <bool KMajor, bool Aligned>
  GPU_DEVICE static void bring(float* tile, const OperandOf<float>& o, int row, int k, int k_total) {
    GPU_UNROLL
    for (int i = 0; i < 128 * kBk / 4 / kThreads; ++i) {
      const int c = gpu::tid() + i * kThreads;
      const int line = KMajor ? c / 4 : c / 32, chunk = KMajor ? c % 4 : c % 32;
      const int r = KMajor ? row + line : row + chunk * 4, kk = KMajor ? k + chunk * 4 : k + line;
      const int left = KMajor ? (r < o.rows ? k_total - kk : 0) : (kk < k_total ? o.rows - r : 0);
      const int here = left < 0 ? 0 : left < 4 ? left : 4;
      const float* from = here > 0 ? o.p + (KMajor ? r * o.ld + kk : kk * o.ld + r) : o.p;
      float* to = tile + line * (KMajor ? kLine : kAcross) + chunk * 4;
      if constexpr (Aligned) {
        gpu::cp_async<16>(to, from, 4 * here);
      } else {
        gpu::Vec<float, 4> v;
        GPU_UNROLL
        for (int e = 0; e < 4; ++e) v[e] = e < here ? from[e] : 0.0f;
        gpu::store_vec(to, v);
      }
    }
  }
  template <bool KMajor>
  GPU_DEVICE static void fragment_a(uint32_t (&a)[4], const float* tile, int row, int k) {
    const int l = gpu::lane();
    if constexpr (KMajor) {
      gpu::ldmatrix_x4(a, tile + (row + (l & 7) + ((l >> 3) & 1) * 8) * kLine + k + (l >> 4) * 4);
    } else {
      GPU_UNROLL
      for (int i = 0; i < 4; ++i)
        a[i] = gpu::bits_of(tile[(k + l % 4 + (i / 2) * 4) * kAcross + row + l / 4 + (i & 1) * 8]);
    }
    round(a);
  }
  template <bool KMajor>
  GPU_DEVICE static void fragment_b(uint32_t (&b)[4], const float* tile, int col, int k) {
    const int l = gpu::lane();
    if constexpr (KMajor) {
      gpu::ldmatrix_x4(b, tile + (col + (l & 7) + (l >> 4) * 8) * kLine + k + ((l >> 3) & 1) * 4);
    } else {
      GPU_UNROLL
      for (int i = 0; i < 4; ++i)
        b[i] = gpu::bits_of(tile[(k + l % 4 + (i & 1) * 4) * kAcross + col + l / 4 + (i / 2) * 8]);
    }
    round(b);
  }
  GPU_DEVICE static void multiply(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    gpu::mma_m16n8k8_tf32(d, a, b);
  }

 private:
  GPU_DEVICE static void round(uint32_t (&x)[4]) {
    GPU_UNROLL
    for (int i = 0; i < 4; ++i) x[i] = gpu::to_tf32(gpu::float_of(x[i]));
  }
};

}  // namespace r1::cuda::mma
