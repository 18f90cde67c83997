// GEMM on the tensor cores of Ampere and everything after it: cp.async fills a ring of four stages, ldmatrix feeds mma.
// A block of 8 warps makes 128 x 128 of C, a warp 64 x 32. What depends on the type is a Kind: Bf16 here, Tf32 in
// gemm_tf32.cuh. bf16 operands lie in shared memory as they lie in global memory, [rows][32 k] or [32 k][128 rows],
// 16-byte chunks swizzled so that ldmatrix meets no bank conflict; the second kind is transposed by ldmatrix itself.
// Unaligned operands are gathered element by element into the same layout.
// Trap: the wait for stage s must come before a barrier, or other threads' copies of it are not there yet. Paper: none.
#pragma once
#include "common/pack.cuh"
#include "kernels/gemm.h"

namespace r1::cuda::mma {

constexpr int kBm = 128, kBn = 128, kBk = 32, kStages = 4, kThreads = 256;
constexpr int kTile = 128 * kBk;  ///< elements of an operand's tile

template <class T>
struct OperandOf {
  const T* p;
  int64_t ld, stride;
  int rows;  ///< m or n
};
using Operand = OperandOf<gpu::bf16>;

/// Element offset of 16-byte chunk `chunk` of line `line`: lines of 32 (K-major: 4 chunks) or 128 elements (16 chunks).
template <bool KMajor>
GPU_DEVICE int chunk_at(int line, int chunk) {
  if constexpr (KMajor)
    return line * kBk + ((chunk ^ ((line >> 1) & 3)) * 8);
  else
    return line * 128 + ((chunk ^ (line & 7)) * 8);
}

/// The block brings its 128 x 32 tile of the operand, rows from `row`, k from `k`; beyond the ends zeros.
template <bool KMajor, bool Aligned>
GPU_DEVICE void bring(gpu::bf16* tile, const Operand& o, int row, int k, int k_total) {
  GPU_UNROLL
  for (int i = 0; i < kTile / 8 / kThreads; ++i) {
    const int c = gpu::tid() + i * kThreads;
    const int line = KMajor ? c / 4 : c / 16, chunk = KMajor ? c % 4 : c % 16;
    const int r = KMajor ? row + line : row + chunk * 8, kk = KMajor ? k + chunk * 8 : k + line;
    const int left = KMajor ? (r < o.rows ? k_total - kk : 0) : (kk < k_total ? o.rows - r : 0);
    const int here = left < 0 ? 0 : left < 8 ? left : 8;
    const gpu::bf16* from = here > 0 ? o.p + (KMajor ? r * o.ld + kk : kk * o.ld + r) : o.p;
    gpu::bf16* to = tile + chunk_at<KMajor>(line, chunk);
    if constexpr (Aligned) {
      gpu::cp_async<16>(to, from, 2 * here);
    } else {
      Pack<gpu::bf16> v;
      GPU_UNROLL
      for (int e = 0; e < 8; ++e) v[e] = e < here ? from[e] : gpu::bf16{0};
      gpu::store_vec(to, v);
    }
  }
}

/// A fragment: rows row .. row + 15, k .. k + 15.
template <bool KMajor>
GPU_DEVICE void fragment_a(uint32_t (&a)[4], const gpu::bf16* tile, int row, int k) {
  const int l = gpu::lane();
  if constexpr (KMajor)
    gpu::ldmatrix_x4(a, tile + chunk_at<true>(row + (l & 7) + ((l >> 3) & 1) * 8, k / 8 + (l >> 4)));
  else
    gpu::ldmatrix_x4_trans(a, tile + chunk_at<false>(k + (l & 7) + (l >> 4) * 8, row / 8 + ((l >> 3) & 1)));
}
/// B fragments of two groups of 8 columns: b[0..1] of the first, b[2..3] of the second.
template <bool KMajor>
GPU_DEVICE void fragment_b(uint32_t (&b)[4], const gpu::bf16* tile, int col, int k) {
  const int l = gpu::lane();
  if constexpr (KMajor)
    gpu::ldmatrix_x4(b, tile + chunk_at<true>(col + (l & 7) + (l >> 4) * 8, k / 8 + ((l >> 3) & 1)));
  else
    gpu::ldmatrix_x4_trans(b, tile + chunk_at<false>(k + (l & 7) + ((l >> 3) & 1) * 8, col / 8 + (l >> 4)));
}

template <class Out>
GPU_DEVICE void store_two(Out* c, int64_t ldc, int row, int col, int m, int n, float x, float y, bool accumulate) {
  if (row >= m) return;
  Out* to = c + int64_t(row) * ldc + col;
  const float v[2] = {x, y};
  GPU_UNROLL
  for (int i = 0; i < 2; ++i)
    if (col + i < n) {
      float r = v[i];
      if (accumulate) r = gpu::add(gpu::to_float(to[i]), r);
      narrow(to[i], r);
    }
}

/// bf16: mma.m16n8k16.
struct Bf16 {
  using T = gpu::bf16;
  static constexpr int kBk = mma::kBk, kStep = 16, kTile = mma::kTile;
  template <bool KMajor, bool Aligned>
  GPU_DEVICE static void bring(T* tile, const Operand& o, int row, int k, int k_total) {
    mma::bring<KMajor, Aligned>(tile, o, row, k, k_total);
  }
  template <bool KMajor>
  GPU_DEVICE static void fragment_a(uint32_t (&a)[4], const T* tile, int row, int k) {
    mma::fragment_a<KMajor>(a, tile, row, k);
  }
  template <bool KMajor>
  GPU_DEVICE static void fragment_b(uint32_t (&b)[4], const T* tile, int col, int k) {
    mma::fragment_b<KMajor>(b, tile, col, k);
  }
  GPU_DEVICE static void multiply(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    gpu::mma_m16n8k16<gpu::bf16>(d, a, b);
  }
};

/// Grid z counts products of a batch, or with k_split > 0 the parts of one product's k, so many k each.
template <class Kind, class Out, bool KMajorA, bool KMajorB, bool Aligned>
GPU_KERNEL(kThreads, 2)
void gemm_kernel(Out* c, int64_t ldc, int64_t stride_c, OperandOf<typename Kind::T> a, OperandOf<typename Kind::T> b,
                 int k, int k_split, bool accumulate) {
  constexpr int kTile = Kind::kTile, kBk = Kind::kBk;
  DSMEM(typename Kind::T, ring);
  const int row = int(gpu::block_idx().y) * kBm, col = int(gpu::block_idx().x) * kBn;
  const int64_t product = gpu::block_idx().z;
  a.p += product * a.stride, b.p += product * b.stride, c += product * stride_c;
  if (k_split > 0) k = k - int(product) * k_split < k_split ? k - int(product) * k_split : k_split;
  const int wm = (gpu::warp() & 1) * 64, wn = (gpu::warp() >> 1) * 32;
  const int steps = (k + kBk - 1) / kBk;
  const auto fill = [&](int s) {
    typename Kind::T* tile = ring + (s % kStages) * 2 * kTile;
    if (s < steps) {
      Kind::template bring<KMajorA, Aligned>(tile, a, row, s * kBk, k);
      Kind::template bring<KMajorB, Aligned>(tile + kTile, b, col, s * kBk, k);
    }
    gpu::cp_async_commit();  // a group a step, empty at the end: the count of groups stays that of steps
  };
  float d[4][4][4] = {};
  for (int s = 0; s < kStages - 1; ++s) fill(s);
  for (int s = 0; s < steps; ++s) {
    gpu::cp_async_wait<kStages - 2>();
    gpu::sync();
    const typename Kind::T* tile = ring + (s % kStages) * 2 * kTile;
    GPU_UNROLL
    for (int kk = 0; kk < kBk; kk += Kind::kStep) {
      uint32_t fa[4][4], fb[2][4];
      GPU_UNROLL
      for (int i = 0; i < 4; ++i) Kind::template fragment_a<KMajorA>(fa[i], tile, wm + 16 * i, kk);
      GPU_UNROLL
      for (int j = 0; j < 2; ++j) Kind::template fragment_b<KMajorB>(fb[j], tile + kTile, wn + 16 * j, kk);
      GPU_UNROLL
      for (int i = 0; i < 4; ++i) {
        GPU_UNROLL
        for (int j = 0; j < 4; ++j) {
          const uint32_t two[2] = {fb[j / 2][2 * (j & 1)], fb[j / 2][2 * (j & 1) + 1]};
          Kind::multiply(d[i][j], fa[i], two);
        }
      }
    }
    fill(s + kStages - 1);  // into the stage that step s - 1 read: the barrier above has closed it
  }
  const int g = gpu::lane() / 4, t = gpu::lane() % 4;
  GPU_UNROLL
  for (int i = 0; i < 4; ++i) {
    GPU_UNROLL
    for (int j = 0; j < 4; ++j) {
      const int r = row + wm + 16 * i + g, n = col + wn + 8 * j + 2 * t;
      store_two(c, ldc, r, n, a.rows, b.rows, d[i][j][0], d[i][j][1], accumulate);
      store_two(c, ldc, r + 8, n, a.rows, b.rows, d[i][j][2], d[i][j][3], accumulate);
    }
  }
}

template <class Kind, bool KMajorA, bool KMajorB, class In, class Out>
void launch_one(const GemmArgsOf<In, Out>& g, void* stream, int k_split) {
  using T = typename Kind::T;
  const auto aligned = [](const void* p, int64_t ld, int64_t stride) {
    return reinterpret_cast<uintptr_t>(p) % 16 == 0 && ld % kPack<T> == 0 && stride % kPack<T> == 0;
  };
  const bool ok = aligned(g.a, g.lda, g.stride_a) && aligned(g.b, g.ldb, g.stride_b);
  const OperandOf<T> a{dev(g.a), g.lda, g.stride_a, int(g.m)}, b{dev(g.b), g.ldb, g.stride_b, int(g.n)};
  using D = typename DeviceType<Out>::type;
  gpu::launch({.name = "gemm_mma",
               .grid = {ceil_div(g.n, kBn), uint32_t(ceil_div(g.m, kBm)), uint32_t(g.batch)},
               .block = kThreads,
               .smem = size_t{kStages} * 2 * Kind::kTile * sizeof(T),
               .stream = stream},
              ok ? gemm_kernel<Kind, D, KMajorA, KMajorB, true> : gemm_kernel<Kind, D, KMajorA, KMajorB, false>,
              dev(g.c), g.ldc, g.stride_c, a, b, int(g.k), k_split, g.accumulate);
}

template <class Kind, class In, class Out>
void launch_gemm(const GemmArgsOf<In, Out>& g, void* stream, int k_split = 0) {
  if (!g.trans_a && g.trans_b) launch_one<Kind, true, true>(g, stream, k_split);
  if (!g.trans_a && !g.trans_b) launch_one<Kind, true, false>(g, stream, k_split);
  if (g.trans_a && g.trans_b) launch_one<Kind, false, true>(g, stream, k_split);
  if (g.trans_a && !g.trans_b) launch_one<Kind, false, false>(g, stream, k_split);
}

}  // namespace r1::cuda::mma
