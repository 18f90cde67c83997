// Attention backward on tensor cores, in two kernels so that each gradient has one writer and no atomics: dq walks keys
// as the forward does; dk and dv walk queries. Seven products instead of five buy bits that never change.
// dk, dv: a warp holds 16 keys and computes S^T = K Q^T, whose accumulators are the A operand of dv += P^T dO.
// With D = rowsum(dO * O): P = 2^(S scale - lse), dS = P (dO V^T - D) scale. Paper: [V3 Eq. 10].
#pragma once
#include "kernels/attention_mma.cuh"

namespace r1::cuda::attn {

/// Query rows a step of the kernel for dk and dv; the host asks for shared memory for 32.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 1000
constexpr int kQueries = 16;  // ptxas has no registers left for 32 there
#else
constexpr int kQueries = 32;
#endif

template <int DK, int DV>
constexpr size_t kDqSmem = size_t{2} * (kRows * (DK + DV) + 2 * kKeys * (DK + DV));
template <int DK, int DV>
constexpr size_t kDkvSmem = size_t{2} * (kRows * (DK + DV) + 2 * kQueries * (DK + DV));

/// y (+)= x: two neighbours of a row.
GPU_DEVICE void put_two(gpu::bf16* y, float a, float b, bool accumulate) {
  uint32_t* to = reinterpret_cast<uint32_t*>(y);
  if (accumulate) {
    const uint32_t old = *to;
    a = gpu::add(gpu::float_of(old << 16), a), b = gpu::add(gpu::float_of(old & 0xffff0000u), b);
  }
  *to = gpu::pack_bf16(a, b);
}

template <int DK, int DV>
GPU_KERNEL(kMmaThreads, 1)
void mma_dq_kernel(Backward<gpu::bf16> b) {
  const Problem<gpu::bf16>& p = b.p;
  DSMEM(gpu::bf16, smem);
  gpu::bf16 *tile_q = smem, *tile_o = tile_q + kRows * DK, *tile_k = tile_o + kRows * DV,
            *tile_v = tile_k + 2 * kKeys * DK;
  const Rows rows = tile_rows(p, int(gpu::grid_dim().x - 1 - gpu::block_idx().x), kRows);
  if (rows.doc < 0) return;
  const int head = int(gpu::block_idx().y), kv = head / (p.heads / p.kv_heads);
  const int total = rows.prefix + rows.own, first = rows.prefix + rows.tile * kRows;
  const int end = first + kRows < total ? first + kRows : total, tiles = (end + kKeys - 1) / kKeys;
  const gpu::bf16 *k = p.k + int64_t(kv) * DK, *v = p.v + kv * p.v_head;
  bring<kRows, DK, kMmaThreads>(tile_q, p.q + int64_t(head) * DK, p.ldq, rows, first, total);
  bring<kRows, DV, kMmaThreads>(tile_o, b.dout + int64_t(head) * DV, p.ldo, rows, first, total);
  bring<kKeys, DK, kMmaThreads>(tile_k, k, p.ldk, rows, 0, total);
  bring<kKeys, DV, kMmaThreads>(tile_v, v, p.ldv, rows, 0, total);
  gpu::cp_async_commit();
  const int line = gpu::warp() * 16, g = gpu::lane() / 4, t = gpu::lane() % 4;
  const float scale2 = p.scale * kLog2e;
  float lse2[2], dots[2], dq[DK / 8][4] = {};
  GPU_UNROLL
  for (int r = 0; r < 2; ++r) {
    const int position = first + line + g + 8 * r;
    const int64_t item = position < total ? rows.row(position) * p.heads + head : 0;
    lse2[r] = p.lse[item] * kLog2e, dots[r] = b.dots[item];
  }
  for (int i = 0; i < tiles; ++i) {
    gpu::cp_async_wait<0>();
    gpu::sync();
    if (i + 1 < tiles) {
      const int half = (i + 1) & 1;
      bring<kKeys, DK, kMmaThreads>(tile_k + half * kKeys * DK, k, p.ldk, rows, (i + 1) * kKeys, total);
      bring<kKeys, DV, kMmaThreads>(tile_v + half * kKeys * DV, v, p.ldv, rows, (i + 1) * kKeys, total);
    }
    gpu::cp_async_commit();
    const gpu::bf16 *own_k = tile_k + (i & 1) * kKeys * DK, *own_v = tile_v + (i & 1) * kKeys * DV;
    float s[kKeys / 8][4] = {}, dp[kKeys / 8][4] = {};
    multiply_rows<DK, kKeys>(s, tile_q, line, own_k);
    multiply_rows<DV, kKeys>(dp, tile_o, line, own_v);
    GPU_UNROLL
    for (int j = 0; j < kKeys / 8; ++j) {
      GPU_UNROLL
      for (int e = 0; e < 4; ++e) {
        const int r = e >> 1;
        const bool seen = i * kKeys + 8 * j + 2 * t + (e & 1) <= first + line + g + r * 8;
        const float prob = seen ? gpu::fast_exp2(gpu::fma(s[j][e], scale2, -lse2[r])) : 0.0f;
        s[j][e] = gpu::mul(gpu::mul(prob, gpu::sub(dp[j][e], dots[r])), p.scale);
      }
    }
    multiply_columns<DK, kKeys>(dq, s, own_k);
  }
  GPU_UNROLL
  for (int r = 0; r < 2; ++r) {
    const int position = first + line + g + 8 * r;
    if (position >= total) continue;
    gpu::bf16* y = b.dq + rows.row(position) * p.ldq + int64_t(head) * DK;
    GPU_UNROLL
    for (int j = 0; j < DK / 8; ++j) put_two(y + 8 * j + 2 * t, dq[j][2 * r], dq[j][2 * r + 1], b.accumulate_dq);
  }
}

template <int DK, int DV>
GPU_KERNEL(kMmaThreads, 1)
void mma_dkv_kernel(Backward<gpu::bf16> b) {
  const Problem<gpu::bf16>& p = b.p;
  DSMEM(gpu::bf16, smem);
  gpu::bf16 *tile_k = smem, *tile_v = tile_k + kRows * DK, *ring_q = tile_v + kRows * DV,
            *ring_o = ring_q + 2 * kQueries * DK;
  SMEM(float, ring_lse, 2 * kQueries);
  SMEM(float, ring_dots, 2 * kQueries);
  const Rows keys = tile_rows(p, int(gpu::block_idx().x), kRows);
  if (keys.doc < 0) return;
  const int kv = int(gpu::block_idx().y), group = p.heads / p.kv_heads;
  Rows own = keys;  // keys are the document's own rows: positions count from them here
  own.prefix = 0;
  const int first = keys.tile * kRows, line = gpu::warp() * 16, g = gpu::lane() / 4, t = gpu::lane() % 4;
  bring<kRows, DK, kMmaThreads>(tile_k, p.k + int64_t(kv) * DK, p.ldk, own, first, own.own);
  bring<kRows, DV, kMmaThreads>(tile_v, p.v + kv * p.v_head, p.ldv, own, first, own.own);
  gpu::cp_async_commit();
  const float scale2 = p.scale * kLog2e;
  float dk[DK / 8][4] = {}, dv[DV / 8][4] = {};
  for (int d = 0; d < p.docs; ++d) {
    const bool same = d == keys.doc;
    if (!same && !(p.prefix && p.prefix[d] == keys.doc)) continue;
    Rows queries = rows_of(p, d);
    queries.prefix = 0;
    const int begin = same ? first : 0;  // rows before the tile's first key see none of it
    const int steps = (queries.own - begin + kQueries - 1) / kQueries * group;
    const auto fill = [&](int i) {
      if (i < steps) {
        const int head = kv * group + i % group, row = begin + i / group * kQueries, half = i & 1;
        bring<kQueries, DK, kMmaThreads>(ring_q + half * kQueries * DK, p.q + int64_t(head) * DK, p.ldq, queries, row,
                                         queries.own);
        bring<kQueries, DV, kMmaThreads>(ring_o + half * kQueries * DV, b.dout + int64_t(head) * DV, p.ldo, queries,
                                         row, queries.own);
        if (gpu::tid() < kQueries) {
          const bool inside = row + gpu::tid() < queries.own;
          const int64_t item = inside ? queries.row(row + gpu::tid()) * p.heads + head : 0;
          ring_lse[half * kQueries + gpu::tid()] = inside ? p.lse[item] * kLog2e : 1e30f;  // probability 0
          ring_dots[half * kQueries + gpu::tid()] = inside ? b.dots[item] : 0.0f;
        }
      }
      gpu::cp_async_commit();
    };
    gpu::sync();  // the document before may still be read
    fill(0);
    for (int i = 0; i < steps; ++i) {
      gpu::cp_async_wait<0>();
      gpu::sync();
      fill(i + 1);
      const int half = i & 1, row = begin + i / group * kQueries;
      const gpu::bf16 *q = ring_q + half * kQueries * DK, *o = ring_o + half * kQueries * DV;
      float s[kQueries / 8][4] = {}, dp[kQueries / 8][4] = {};
      multiply_rows<DK, kQueries>(s, tile_k, line, q);
      multiply_rows<DV, kQueries>(dp, tile_v, line, o);
      GPU_UNROLL
      for (int j = 0; j < kQueries / 8; ++j) {
        GPU_UNROLL
        for (int e = 0; e < 4; ++e) {
          const int query = 8 * j + 2 * t + (e & 1), key = first + line + g + (e >> 1) * 8;
          const bool seen = !same || key <= row + query;
          const float prob =
              seen ? gpu::fast_exp2(gpu::fma(s[j][e], scale2, -ring_lse[half * kQueries + query])) : 0.0f;
          s[j][e] = prob;
          dp[j][e] = gpu::mul(gpu::mul(prob, gpu::sub(dp[j][e], ring_dots[half * kQueries + query])), p.scale);
        }
      }
      multiply_columns<DV, kQueries>(dv, s, o);
      multiply_columns<DK, kQueries>(dk, dp, q);
    }
  }
  GPU_UNROLL
  for (int r = 0; r < 2; ++r) {
    const int at = first + line + g + 8 * r;
    if (at >= own.own) continue;
    gpu::bf16* y = b.dk + own.row(at) * p.ldk + int64_t(kv) * DK;
    gpu::bf16* z = b.dv + own.row(at) * p.ldv + kv * p.v_head;
    GPU_UNROLL
    for (int j = 0; j < DK / 8; ++j) put_two(y + 8 * j + 2 * t, dk[j][2 * r], dk[j][2 * r + 1], true);
    GPU_UNROLL
    for (int j = 0; j < DV / 8; ++j) put_two(z + 8 * j + 2 * t, dv[j][2 * r], dv[j][2 * r + 1], true);
  }
}

}  // namespace r1::cuda::attn
