// Attention forward on the tensor cores of sm_80 and later. A block of 8 warps takes 128 query rows of a head, a warp
// 16 of them; keys and values come in tiles of 64, two in flight, counted from the document's first token. Scores stay
// in registers: the accumulators of S = Q K^T are, rounded, the A operand of O += P V. Exponentials in base 2.
// Trap: P is rounded to bf16 for the product while its sum is not; both use the same running maximum.
// Paper: [V3 Eq. 10].
#pragma once
#include "kernels/attention_docs.cuh"

namespace r1::cuda::attn {

constexpr int kRows = 128, kKeys = 64, kMmaThreads = 256;
constexpr float kLog2e = 1.4426950408889634f, kLn2 = 0.6931471805599453f;

/// Element offset of 16-byte chunk `chunk` of line `line`, D elements a line: 8 lines meet 8 different bank groups.
template <int D>
GPU_DEVICE int chunk_at(int line, int chunk) {
  return line * D + ((chunk ^ (line & 7)) * 8);
}
/// Positions first .. first + Lines - 1 of head columns [0, D) into shared memory; beyond `total` zeros.
template <int Lines, int D, int Threads>
GPU_DEVICE void bring(gpu::bf16* tile, const gpu::bf16* base, int64_t ld, const Rows& rows, int first, int total) {
  GPU_UNROLL
  for (int i = 0; i < Lines * D / 8 / Threads; ++i) {
    const int c = gpu::tid() + i * Threads, line = c / (D / 8), chunk = c % (D / 8);
    const bool inside = first + line < total;
    const gpu::bf16* from = inside ? base + rows.row(first + line) * ld + chunk * 8 : base;
    gpu::cp_async<16>(tile + chunk_at<D>(line, chunk), from, inside ? 16 : 0);
  }
}
/// A operand: 16 lines from `line`, columns k .. k + 15.
template <int D>
GPU_DEVICE void load_a(uint32_t (&a)[4], const gpu::bf16* tile, int line, int k) {
  const int l = gpu::lane();
  gpu::ldmatrix_x4(a, tile + chunk_at<D>(line + (l & 15), k / 8 + (l >> 4)));
}
/// B operand whose n are lines and k columns (K^T): two groups of 8 lines.
template <int D>
GPU_DEVICE void load_b(uint32_t (&b)[4], const gpu::bf16* tile, int line, int k) {
  const int l = gpu::lane();
  gpu::ldmatrix_x4(b, tile + chunk_at<D>(line + (l & 7) + (l >> 4) * 8, k / 8 + ((l >> 3) & 1)));
}
/// B operand whose k are lines and n columns (V): two groups of 8 columns.
template <int D>
GPU_DEVICE void load_b_trans(uint32_t (&b)[4], const gpu::bf16* tile, int line, int col) {
  const int l = gpu::lane();
  gpu::ldmatrix_x4_trans(b, tile + chunk_at<D>(line + (l & 7) + ((l >> 3) & 1) * 8, col / 8 + (l >> 4)));
}
GPU_DEVICE void mma_pair(float (&d0)[4], float (&d1)[4], const uint32_t (&a)[4], const uint32_t (&b)[4]) {
  const uint32_t b0[2] = {b[0], b[1]}, b1[2] = {b[2], b[3]};
  gpu::mma_m16n8k16<gpu::bf16>(d0, a, b0);
  gpu::mma_m16n8k16<gpu::bf16>(d1, a, b1);
}
/// d [16, N] += A [16, D] B^T, both from shared memory; N lines of B.
template <int D, int N>
GPU_DEVICE void multiply_rows(float (&d)[N / 8][4], const gpu::bf16* a, int line, const gpu::bf16* b) {
  GPU_UNROLL
  for (int k = 0; k < D; k += 16) {
    uint32_t fa[4];
    load_a<D>(fa, a, line, k);
    GPU_UNROLL
    for (int j = 0; j < N / 16; ++j) {
      uint32_t fb[4];
      load_b<D>(fb, b, 16 * j, k);
      mma_pair(d[2 * j], d[2 * j + 1], fa, fb);
    }
  }
}
/// Accumulators of two groups of 8 columns as one A operand of 16 k.
GPU_DEVICE void as_operand(uint32_t (&a)[4], const float (&x)[4], const float (&y)[4]) {
  a[0] = gpu::pack_bf16(x[0], x[1]), a[1] = gpu::pack_bf16(x[2], x[3]);
  a[2] = gpu::pack_bf16(y[0], y[1]), a[3] = gpu::pack_bf16(y[2], y[3]);
}
/// o [16, D] += p [16, N] B, B's N lines in shared memory.
template <int D, int N>
GPU_DEVICE void multiply_columns(float (&o)[D / 8][4], const float (&p)[N / 8][4], const gpu::bf16* b) {
  GPU_UNROLL
  for (int k = 0; k < N / 16; ++k) {
    uint32_t fa[4];
    as_operand(fa, p[2 * k], p[2 * k + 1]);
    GPU_UNROLL
    for (int j = 0; j < D / 16; ++j) {
      uint32_t fb[4];
      load_b_trans<D>(fb, b, 16 * k, 16 * j);
      mma_pair(o[2 * j], o[2 * j + 1], fa, fb);
    }
  }
}
/// Maximum or sum over the four lanes that share a row.
GPU_DEVICE float quad_max(float v) {
  v = gpu::max(v, gpu::shfl_xor(v, 1));
  return gpu::max(v, gpu::shfl_xor(v, 2));
}
GPU_DEVICE float quad_sum(float v) {
  v = gpu::add(v, gpu::shfl_xor(v, 1));
  return gpu::add(v, gpu::shfl_xor(v, 2));
}

/// One tile of scores to probabilities, with the running maximum and sum of the warp's rows g and g + 8.
template <int Columns>
GPU_DEVICE void soften(float (&s)[kKeys / 8][4], float (&o)[Columns / 8][4], float (&top)[2], float (&sum)[2],
                       float scale2) {
  GPU_UNROLL
  for (int r = 0; r < 2; ++r) {
    float higher = top[r];
    GPU_UNROLL
    for (int j = 0; j < kKeys / 8; ++j) higher = gpu::max(higher, gpu::max(s[j][2 * r], s[j][2 * r + 1]));
    higher = quad_max(higher);
    const float shrink = gpu::fast_exp2((top[r] - higher) * scale2), offset = higher * scale2;
    top[r] = higher;
    float add = 0;
    GPU_UNROLL
    for (int j = 0; j < kKeys / 8; ++j) {
      GPU_UNROLL
      for (int e = 2 * r; e < 2 * r + 2; ++e) {
        s[j][e] = gpu::fast_exp2(gpu::fma(s[j][e], scale2, -offset));
        add = gpu::add(add, s[j][e]);
      }
    }
    sum[r] = gpu::fma(sum[r], shrink, add);
    GPU_UNROLL
    for (int j = 0; j < Columns / 8; ++j) {
      o[j][2 * r] = gpu::mul(o[j][2 * r], shrink);
      o[j][2 * r + 1] = gpu::mul(o[j][2 * r + 1], shrink);
    }
  }
}

template <int DK, int DV>
constexpr size_t kForwardSmem = size_t{2} * (kRows * DK + 2 * kKeys * DK + 2 * kKeys * DV);

template <int DK, int DV>
GPU_KERNEL(kMmaThreads, 1)
void mma_fwd_kernel(Problem<gpu::bf16> p) {
  DSMEM(gpu::bf16, smem);
  gpu::bf16 *tile_q = smem, *tile_k = tile_q + kRows * DK, *tile_v = tile_k + 2 * kKeys * DK;
  // Later tiles see more keys: they start first.
  const Rows rows = tile_rows(p, int(gpu::grid_dim().x - 1 - gpu::block_idx().x), kRows);
  if (rows.doc < 0) return;
  const int head = int(gpu::block_idx().y), kv = head / (p.heads / p.kv_heads);
  const int total = rows.prefix + rows.own, first = rows.prefix + rows.tile * kRows;
  const int end = first + kRows < total ? first + kRows : total, tiles = (end + kKeys - 1) / kKeys;
  const gpu::bf16 *k = p.k + int64_t(kv) * DK, *v = p.v + kv * p.v_head;
  bring<kRows, DK, kMmaThreads>(tile_q, p.q + int64_t(head) * DK, p.ldq, rows, first, total);
  bring<kKeys, DK, kMmaThreads>(tile_k, k, p.ldk, rows, 0, total);
  bring<kKeys, DV, kMmaThreads>(tile_v, v, p.ldv, rows, 0, total);
  gpu::cp_async_commit();
  const int line = gpu::warp() * 16, g = gpu::lane() / 4, t = gpu::lane() % 4;
  const float scale2 = p.scale * kLog2e;
  float o[DV / 8][4] = {}, top[2] = {-1e30f, -1e30f}, sum[2] = {0, 0};
  for (int i = 0; i < tiles; ++i) {
    gpu::cp_async_wait<0>();
    gpu::sync();  // tile i has come for all, and nobody reads the other half any more
    if (i + 1 < tiles) {
      const int half = (i + 1) & 1;
      bring<kKeys, DK, kMmaThreads>(tile_k + half * kKeys * DK, k, p.ldk, rows, (i + 1) * kKeys, total);
      bring<kKeys, DV, kMmaThreads>(tile_v + half * kKeys * DV, v, p.ldv, rows, (i + 1) * kKeys, total);
    }
    gpu::cp_async_commit();
    float s[kKeys / 8][4] = {};
    multiply_rows<DK, kKeys>(s, tile_q, line, tile_k + (i & 1) * kKeys * DK);
    if ((i + 1) * kKeys > first + line + 1) {  // some key of the tile comes after some row of the warp
      GPU_UNROLL
      for (int j = 0; j < kKeys / 8; ++j) {
        GPU_UNROLL
        for (int e = 0; e < 4; ++e)
          if (i * kKeys + 8 * j + 2 * t + (e & 1) > first + line + g + (e >> 1) * 8) s[j][e] = -1e30f;
      }
    }
    soften<DV>(s, o, top, sum, scale2);
    multiply_columns<DV, kKeys>(o, s, tile_v + (i & 1) * kKeys * DV);
  }
  GPU_UNROLL
  for (int r = 0; r < 2; ++r) {
    const float whole = quad_sum(sum[r]), inverse = gpu::div(1.0f, whole);
    const int position = first + line + g + 8 * r;
    if (position >= total) continue;
    const int64_t row = rows.row(position);
    if (p.lse && t == 0) p.lse[row * p.heads + head] = gpu::fma(top[r], p.scale, gpu::fast_log(whole));
    uint32_t* y = reinterpret_cast<uint32_t*>(p.out + row * p.ldo + int64_t(head) * DV);
    GPU_UNROLL
    for (int j = 0; j < DV / 8; ++j)
      y[4 * j + t] = gpu::pack_bf16(gpu::mul(o[j][2 * r], inverse), gpu::mul(o[j][2 * r + 1], inverse));
  }
}

}  // namespace r1::cuda::attn
