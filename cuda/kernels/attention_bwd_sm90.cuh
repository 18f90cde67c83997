// Attention backward for Hopper: the two kernels of attention_mma_bwd.cuh (dq walks keys, dk and dv walk queries; each
// gradient has one writer) with wgmma and TMA. A block is two consumer warpgroups of 64 rows and a producer warp that
// keeps a ring of tiles full. Exponentials of one product are made while the next one is under way:
// S | dP, P from S | dV += P^T dO, dS from dP | dK += dS^T Q.
// Trap: as in the forward, tiles reach into other documents' rows: their probabilities are 0, their values must be
// finite. Documents with a prefix take the other kernels. Paper: [V3 Eq. 10].
#pragma once
#include "kernels/attention_mma_bwd.cuh"
#include "kernels/attention_sm90.cuh"

namespace r1::cuda::attn::sm90 {

constexpr int kRowsQ = 64;    ///< query rows a step of the kernel for dk and dv
constexpr int kStagesQ = 3;   ///< of them in the ring
constexpr int kProducer = 8;  ///< the warp that loads; its warpgroup's other three have nothing to do

struct DkvBarriers {
  gpu::Mbar keys, full[kStagesQ], empty[kStagesQ];
};
template <int DK, int DV>
constexpr size_t kDkvSmem90 = size_t{kTile + kStagesQ * kRowsQ} * (DK + DV) * 2 + 2 * kStagesQ* kRowsQ * sizeof(float) +
                              sizeof(DkvBarriers);
template <int DK, int DV>
constexpr size_t kDqSmem90 = size_t{kTile} * (DK + DV) * 2 * (1 + kStages) + sizeof(Barriers);

#if defined(__CUDA_ARCH_FEAT_SM90_ALL) || defined(R1_GPU_EMULATED)
template <int DK, int DV>
GPU_DEVICE void consume_dkv(const Backward<gpu::bf16>& b, const Rows& keys, int kv, int group, const unsigned char* k,
                            const unsigned char* v, const unsigned char* ring, const float* ring_lse,
                            DkvBarriers* bar) {
  constexpr int kStage = kRowsQ * (DK + DV) * 2, kSteps = kRowsQ / 16;
  const Problem<gpu::bf16>& p = b.p;
  const int first = keys.tile * kTile, g = gpu::lane() / 4, t = gpu::lane() % 4, heads = p.heads / p.kv_heads;
  const int own_key = first + group * 64 + (gpu::warp() & 3) * 16 + g;
  const int steps = (keys.own - first + kRowsQ - 1) / kRowsQ * heads;
  const float scale2 = p.scale * kLog2e;
  const unsigned char *own_k = k + group * 64 * 128, *own_v = v + group * 64 * 128;
  float dk[DK / 2], dv[DV / 2];
  GPU_UNROLL
  for (int i = 0; i < DK / 2; ++i) dk[i] = 0;
  GPU_UNROLL
  for (int i = 0; i < DV / 2; ++i) dv[i] = 0;
  gpu::mbar_wait(&bar->keys, 0);
  for (int i = 0, stage = 0, parity = 0; i < steps; ++i) {
    const int row = first + i / heads * kRowsQ;
    const unsigned char *q = ring + stage * kStage, *o = q + kRowsQ * DK * 2;
    const float *lse2 = ring_lse + stage * 2 * kRowsQ, *dots = lse2 + kRowsQ;
    float s[kRowsQ / 2], dp[kRowsQ / 2];
    gpu::mbar_wait(&bar->full[stage], parity);
    gpu::wgmma_fence();
    product_of_rows<DK, kTile>(s, own_k, q);
    gpu::wgmma_commit();
    gpu::wgmma_fence();
    product_of_rows<DV, kTile>(dp, own_v, o);
    gpu::wgmma_commit();
    gpu::wgmma_wait<1>(s);
    GPU_UNROLL
    for (int j = 0; j < kRowsQ / 8; ++j) {
      const auto l = gpu::load_vec<2>(lse2 + 8 * j + 2 * t);
      GPU_UNROLL
      for (int e = 0; e < 4; ++e) s[4 * j + e] = gpu::fast_exp2(gpu::fma(s[4 * j + e], scale2, -l[e & 1]));
    }
    if (row < first + kTile) {  // keys that these rows do not see yet
      GPU_UNROLL
      for (int e = 0; e < kRowsQ / 2; ++e)
        if (own_key + (e >> 1 & 1) * 8 > row + e / 4 * 8 + 2 * t + (e & 1)) s[e] = 0;
    }
    uint32_t a[kSteps][4];
    to_operand(a, s);
    gpu::wgmma_wait<0>(dp);
    gpu::wgmma_fence(dv);
    add_columns(dv, a, o);
    gpu::wgmma_commit();
    GPU_UNROLL
    for (int j = 0; j < kRowsQ / 8; ++j) {
      const auto d = gpu::load_vec<2>(dots + 8 * j + 2 * t);
      GPU_UNROLL
      for (int e = 0; e < 4; ++e)
        dp[4 * j + e] = gpu::mul(gpu::mul(s[4 * j + e], gpu::sub(dp[4 * j + e], d[e & 1])), p.scale);
    }
    uint32_t c[kSteps][4];
    to_operand(c, dp);
    gpu::wgmma_fence(dk);
    add_columns(dk, c, q);
    gpu::wgmma_commit();
    gpu::wgmma_wait<0>(dv, dk);
    gpu::mbar_arrive(&bar->empty[stage]);  // every lane for its own reads of lse and dots
    if (++stage == kStagesQ) stage = 0, parity ^= 1;
  }
  GPU_UNROLL
  for (int r = 0; r < 2; ++r) {
    const int at = own_key + 8 * r;
    if (at >= keys.own) continue;
    gpu::bf16* y = b.dk + (keys.own_row + at) * p.ldk + int64_t(kv) * DK;
    gpu::bf16* z = b.dv + (keys.own_row + at) * p.ldv + kv * p.v_head;
    GPU_UNROLL
    for (int j = 0; j < DK / 8; ++j) put_two(y + 8 * j + 2 * t, dk[4 * j + 2 * r], dk[4 * j + 2 * r + 1], true);
    GPU_UNROLL
    for (int j = 0; j < DV / 8; ++j) put_two(z + 8 * j + 2 * t, dv[4 * j + 2 * r], dv[4 * j + 2 * r + 1], true);
  }
}

/// One warp: keys and values once, then step by step 64 rows of queries and of dout, their lse and dots.
template <int DK, int DV>
GPU_DEVICE void produce_dkv(const gpu::TensorMap& map_q, const gpu::TensorMap& map_k, const gpu::TensorMap& map_v,
                            const gpu::TensorMap& map_o, const Backward<gpu::bf16>& b, const Rows& keys, int kv,
                            unsigned char* k, unsigned char* v, unsigned char* ring, float* ring_lse,
                            DkvBarriers* bar) {
  constexpr int kStage = kRowsQ * (DK + DV) * 2;
  const Problem<gpu::bf16>& p = b.p;
  const int first = keys.tile * kTile, heads = p.heads / p.kv_heads;
  const int steps = (keys.own - first + kRowsQ - 1) / kRowsQ * heads;
  if (gpu::lane() == 0) {
    gpu::mbar_arrive_expect_tx(&bar->keys, kTile * (DK + DV) * 2);
    bring_rows<DK, kTile>(k, map_k, &bar->keys, kv * DK, int(keys.own_row) + first);
    bring_rows<DV, kTile>(v, map_v, &bar->keys, kv * int(p.v_head), int(keys.own_row) + first);
  }
  for (int i = 0, stage = 0, parity = 1; i < steps; ++i) {
    const int head = kv * heads + i % heads, row = first + i / heads * kRowsQ;
    gpu::mbar_wait(&bar->empty[stage], parity);
    float* lse2 = ring_lse + stage * 2 * kRowsQ;
    GPU_UNROLL
    for (int j = 0; j < kRowsQ / 32; ++j) {
      const int at = gpu::lane() + 32 * j;
      const bool inside = row + at < keys.own;
      const int64_t item = inside ? (keys.own_row + row + at) * p.heads + head : 0;
      lse2[at] = inside ? p.lse[item] * kLog2e : 1e30f;  // probability 0
      lse2[kRowsQ + at] = inside ? b.dots[item] : 0.0f;
    }
    if (gpu::lane() == 0) {
      unsigned char* q = ring + stage * kStage;
      gpu::mbar_arrive_expect_tx(&bar->full[stage], kStage);
      bring_rows<DK, kRowsQ>(q, map_q, &bar->full[stage], head * DK, int(keys.own_row) + row);
      bring_rows<DV, kRowsQ>(q + kRowsQ * DK * 2, map_o, &bar->full[stage], head * DV, int(keys.own_row) + row);
    } else {
      gpu::mbar_arrive(&bar->full[stage]);
    }
    if (++stage == kStagesQ) stage = 0, parity ^= 1;
  }
}

template <int DK, int DV>
GPU_DEVICE void consume_dq(const Backward<gpu::bf16>& b, const Rows& rows, int head, int group, const unsigned char* q,
                           const unsigned char* o, const unsigned char* ring_k, const unsigned char* ring_v,
                           Barriers* bar) {
  const Problem<gpu::bf16>& p = b.p;
  const int first = rows.tile * kTile + group * 64 + (gpu::warp() & 3) * 16, g = gpu::lane() / 4, t = gpu::lane() % 4;
  const float scale2 = p.scale * kLog2e;
  const unsigned char *own_q = q + group * 64 * 128, *own_o = o + group * 64 * 128;
  float lse2[2], dots[2], dq[DK / 2];
  GPU_UNROLL
  for (int r = 0; r < 2; ++r) {
    const int position = first + g + 8 * r;
    const int64_t item = position < rows.own ? (rows.own_row + position) * p.heads + head : 0;
    lse2[r] = p.lse[item] * kLog2e, dots[r] = b.dots[item];
  }
  GPU_UNROLL
  for (int i = 0; i < DK / 2; ++i) dq[i] = 0;
  gpu::mbar_wait(&bar->q, 0);
  for (int i = 0; i <= rows.tile; ++i) {
    const int stage = i % kStages, parity = i / kStages & 1;
    const unsigned char *k = ring_k + stage * kTile * DK * 2, *v = ring_v + stage * kTile * DV * 2;
    float s[64], dp[64];
    gpu::mbar_wait(&bar->k_full[stage], parity);
    gpu::wgmma_fence();
    product_of_rows<DK, kTile>(s, own_q, k);
    gpu::wgmma_commit();
    gpu::mbar_wait(&bar->v_full[stage], parity);
    gpu::wgmma_fence();
    product_of_rows<DV, kTile>(dp, own_o, v);
    gpu::wgmma_commit();
    gpu::wgmma_wait<1>(s);
    GPU_UNROLL
    for (int e = 0; e < 64; ++e) s[e] = gpu::fast_exp2(gpu::fma(s[e], scale2, -lse2[e >> 1 & 1]));
    if (i == 0) {  // the diagonal
      GPU_UNROLL
      for (int e = 0; e < 64; ++e)
        if (rows.tile * kTile + e / 4 * 8 + 2 * t + (e & 1) > first + g + (e >> 1 & 1) * 8) s[e] = 0;
    }
    gpu::wgmma_wait<0>(dp);
    let_go(&bar->v_empty[stage]);
    GPU_UNROLL
    for (int e = 0; e < 64; ++e) s[e] = gpu::mul(gpu::mul(s[e], gpu::sub(dp[e], dots[e >> 1 & 1])), p.scale);
    uint32_t a[8][4];
    to_operand(a, s);
    gpu::wgmma_fence(dq);
    add_columns(dq, a, k);
    gpu::wgmma_commit();
    gpu::wgmma_wait<0>(dq);
    let_go(&bar->k_empty[stage]);
  }
  GPU_UNROLL
  for (int r = 0; r < 2; ++r) {
    const int position = first + g + 8 * r;
    if (position >= rows.own) continue;
    gpu::bf16* y = b.dq + (rows.own_row + position) * p.ldq + int64_t(head) * DK;
    GPU_UNROLL
    for (int j = 0; j < DK / 8; ++j)
      put_two(y + 8 * j + 2 * t, dq[4 * j + 2 * r], dq[4 * j + 2 * r + 1], b.accumulate_dq);
  }
}
#endif

template <int DK, int DV>
GPU_KERNEL(kThreads, 1)
void dkv_kernel(const GPU_GRID_CONSTANT gpu::TensorMap map_q, const GPU_GRID_CONSTANT gpu::TensorMap map_k,
                const GPU_GRID_CONSTANT gpu::TensorMap map_v, const GPU_GRID_CONSTANT gpu::TensorMap map_o,
                Backward<gpu::bf16> b) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL) || defined(R1_GPU_EMULATED)
  DSMEM(unsigned char, k);
  unsigned char *v = k + kTile * DK * 2, *ring = v + kTile * DV * 2;
  float* ring_lse = reinterpret_cast<float*>(ring + kStagesQ * kRowsQ * (DK + DV) * 2);
  DkvBarriers* bar = reinterpret_cast<DkvBarriers*>(ring_lse + 2 * kStagesQ * kRowsQ);
  const Rows keys = tile_rows(b.p, int(gpu::block_idx().x), kTile);  // the first tiles meet most queries
  if (keys.doc < 0) return;
  const int kv = int(gpu::block_idx().y);
  if (gpu::tid() == 0) {
    gpu::mbar_init(&bar->keys, 1);
    for (int i = 0; i < kStagesQ; ++i) gpu::mbar_init(&bar->full[i], 32), gpu::mbar_init(&bar->empty[i], 256);
    gpu::fence_mbar_init();
  }
  gpu::sync();
  if (gpu::warp() >= kProducer) {
    gpu::give_registers<24>();
    if (gpu::warp() == kProducer)
      produce_dkv<DK, DV>(map_q, map_k, map_v, map_o, b, keys, kv, k, v, ring, ring_lse, bar);
  } else {
    gpu::take_registers<240>();
    consume_dkv<DK, DV>(b, keys, kv, gpu::warp() / 4, k, v, ring, ring_lse, bar);
  }
#endif
}

template <int DK, int DV>
GPU_KERNEL(kThreads, 1)
void dq_kernel(const GPU_GRID_CONSTANT gpu::TensorMap map_q, const GPU_GRID_CONSTANT gpu::TensorMap map_k,
               const GPU_GRID_CONSTANT gpu::TensorMap map_v, const GPU_GRID_CONSTANT gpu::TensorMap map_o,
               Backward<gpu::bf16> b) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL) || defined(R1_GPU_EMULATED)
  const Problem<gpu::bf16>& p = b.p;
  DSMEM(unsigned char, q);
  unsigned char *o = q + kTile * DK * 2, *ring_k = o + kTile * DV * 2, *ring_v = ring_k + kStages * kTile * DK * 2;
  Barriers* bar = reinterpret_cast<Barriers*>(ring_v + kStages * kTile * DV * 2);
  const Rows rows = tile_rows(p, int(gpu::grid_dim().x - 1 - gpu::block_idx().x), kTile);  // later tiles see more keys
  if (rows.doc < 0) return;
  const int head = int(gpu::block_idx().y), kv = head / (p.heads / p.kv_heads);
  if (gpu::tid() == 0) init_barriers(bar);
  gpu::sync();
  if (gpu::warp() < kProducer) {
    gpu::take_registers<240>();
    consume_dq<DK, DV>(b, rows, head, gpu::warp() / 4, q, o, ring_k, ring_v, bar);
    return;
  }
  gpu::give_registers<24>();
  if (gpu::tid() != kProducer * 32) return;
  const int own = int(rows.own_row);
  gpu::mbar_arrive_expect_tx(&bar->q, kTile * (DK + DV) * 2);
  bring_rows<DK, kTile>(q, map_q, &bar->q, head * DK, own + rows.tile * kTile);
  bring_rows<DV, kTile>(o, map_o, &bar->q, head * DV, own + rows.tile * kTile);
  produce_keys<DK, DV>(map_k, map_v, p, rows, kv, ring_k, ring_v, bar);
#endif
}

template <int DK, int DV>
void launch_backward(const Backward<gpu::bf16>& b, void* stream) {
  const Problem<gpu::bf16>& p = b.p;
  const auto maps = [&](int rows_q) {
    struct {
      gpu::TensorMap q, k, v, o;
    } m{rows_map(p.q, p.n_tokens, int64_t(p.heads) * DK, p.ldq, rows_q, "attention q"),
        rows_map(p.k, p.n_tokens, int64_t(p.kv_heads) * DK, p.ldk, kTile, "attention k"),
        rows_map(p.v, p.n_tokens, (p.kv_heads - 1) * p.v_head + DV, p.ldv, kTile, "attention v"),
        rows_map(b.dout, p.n_tokens, int64_t(p.heads) * DV, p.ldo, rows_q, "attention dout")};
    return m;
  };
  const auto grid = [&](int heads) { return gpu::Dim{most_tiles(p.n_tokens, p.docs, kTile), uint32_t(heads)}; };
  const auto of_q = maps(kTile), of_kv = maps(kRowsQ);
  gpu::launch({.name = "attention_sm90_dq",
               .grid = grid(p.heads),
               .block = kThreads,
               .smem = kDqSmem90<DK, DV>,
               .stream = stream},
              dq_kernel<DK, DV>, of_q.q, of_q.k, of_q.v, of_q.o, b);
  gpu::launch({.name = "attention_sm90_dkv",
               .grid = grid(p.kv_heads),
               .block = kThreads,
               .smem = kDkvSmem90<DK, DV>,
               .stream = stream},
              dkv_kernel<DK, DV>, of_kv.q, of_kv.k, of_kv.v, of_kv.o, b);
}

}  // namespace r1::cuda::attn::sm90
