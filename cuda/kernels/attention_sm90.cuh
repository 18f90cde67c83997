// Attention forward for Hopper: TMA brings tiles of 128 keys into a ring of two, two consumer warpgroups of 64 query
// rows each compute S = Q K^T by wgmma, soften it in registers and feed it back as the A operand of O += P V; while one
// warpgroup softens, the other multiplies. The diagonal tile comes first: only it needs the mask.
// Trap: a tile reaches past its document's end into other rows of the batch. Their scores are masked, so their values
// count 0 times; but 0 times an infinity is NaN, so values must be finite. Documents with a prefix take the other
// kernel: their rows do not lie in one piece. Paper: [V3 Eq. 10].
#pragma once
#include "kernels/attention_mma.cuh"

namespace r1::cuda::attn {

namespace sm90 {
constexpr int kTile = 128;  ///< query rows of a block, keys of a tile
constexpr int kStages = 2, kThreads = 384;
constexpr int kPiece = kTile * 128;  ///< bytes of 128 rows of 64 columns, with the 128-byte swizzle
template <int DK, int DV>
constexpr size_t kSmem = size_t{kPiece} * (DK / 64 * (1 + kStages) + DV / 64 * kStages) + 9 * sizeof(gpu::Mbar);

struct Barriers {
  gpu::Mbar q, k_full[kStages], v_full[kStages], k_empty[kStages], v_empty[kStages];
};

#if defined(__CUDA_ARCH_FEAT_SM90_ALL) || defined(R1_GPU_EMULATED)
/// Rows row .. row + Rows - 1, columns col .. col + D of a map whose boxes are Rows x 64. The caller announces the
/// bytes.
template <int D, int Rows>
GPU_DEVICE void bring_rows(unsigned char* to, const gpu::TensorMap& map, gpu::Mbar* full, int col, int row) {
  GPU_UNROLL
  for (int i = 0; i < D / 64; ++i) gpu::tma_load(to + i * Rows * 128, map, full, col + 64 * i, row);
}
/// A tile of 128 rows, announced.
template <int D>
GPU_DEVICE void bring_tile(unsigned char* to, const gpu::TensorMap& map, gpu::Mbar* full, int col, int row) {
  gpu::mbar_arrive_expect_tx(full, kPiece * (D / 64));
  bring_rows<D, kTile>(to, map, full, col, row);
}
GPU_DEVICE void let_go(gpu::Mbar* empty) {
  if (gpu::lane() == 0) gpu::mbar_arrive(empty);
}

/// d = A B^T over D columns: A is this warpgroup's 64 rows of a tile of RowsA, B all rows of a tile of RowsB = H * 2.
template <int D, int RowsA, int H>
GPU_DEVICE void product_of_rows(float (&d)[H], const unsigned char* a, const unsigned char* b) {
  constexpr int kRowsB = 2 * H;
  GPU_UNROLL
  for (int i = 0; i < D / 16; ++i) {
    const uint64_t da = gpu::wgmma_descriptor(a + i / 4 * RowsA * 128, gpu::Swizzle::k128, 16, 1024) + i % 4 * 2;
    const uint64_t db = gpu::wgmma_descriptor(b + i / 4 * kRowsB * 128, gpu::Swizzle::k128, 16, 1024) + i % 4 * 2;
    gpu::wgmma<gpu::bf16>(d, da, db, i > 0);
  }
}
/// d += A B: A [64, 16 K] in registers, B a tile of 16 K rows.
template <int K, int H>
GPU_DEVICE void add_columns(float (&d)[H], const uint32_t (&a)[K][4], const unsigned char* b) {
  const uint64_t db = gpu::wgmma_descriptor(b, gpu::Swizzle::k128, 16 * K * 128, 1024);
  GPU_UNROLL
  for (int i = 0; i < K; ++i) gpu::wgmma_registers<gpu::bf16, true>(d, a[i], db + i * (16 * 128 / 16));
}
/// Accumulators [64, 16 K] as the A operand of the next product.
template <int K>
GPU_DEVICE void to_operand(uint32_t (&a)[K][4], const float (&s)[8 * K]) {
  GPU_UNROLL
  for (int i = 0; i < K; ++i) {
    GPU_UNROLL
    for (int e = 0; e < 4; ++e) a[i][e] = gpu::pack_bf16(s[8 * i + 2 * e], s[8 * i + 2 * e + 1]);
  }
}
/// By one thread; the others wait at a barrier.
GPU_DEVICE void init_barriers(Barriers* b) {
  gpu::mbar_init(&b->q, 1);
  for (int i = 0; i < kStages; ++i) {
    gpu::mbar_init(&b->k_full[i], 1), gpu::mbar_init(&b->v_full[i], 1);
    gpu::mbar_init(&b->k_empty[i], 8), gpu::mbar_init(&b->v_empty[i], 8);
  }
  gpu::fence_mbar_init();
}
/// By one thread: the tiles of keys and values that query tile rows.tile sees, the diagonal first.
template <int DK, int DV>
GPU_DEVICE void produce_keys(const gpu::TensorMap& map_k, const gpu::TensorMap& map_v, const Problem<gpu::bf16>& p,
                             const Rows& rows, int kv, unsigned char* ring_k, unsigned char* ring_v, Barriers* b) {
  for (int i = 0; i <= rows.tile; ++i) {
    const int stage = i % kStages, parity = (i / kStages & 1) ^ 1, row = int(rows.own_row) + (rows.tile - i) * kTile;
    gpu::mbar_wait(&b->k_empty[stage], parity);
    bring_tile<DK>(ring_k + stage * (DK / 64) * kPiece, map_k, &b->k_full[stage], kv * DK, row);
    gpu::mbar_wait(&b->v_empty[stage], parity);
    bring_tile<DV>(ring_v + stage * (DV / 64) * kPiece, map_v, &b->v_full[stage], kv * int(p.v_head), row);
  }
}

/// Maximum, exponentials and their sum over a tile of scores; o shrinks with the maximum.
template <int M>
GPU_DEVICE void soften_tile(float (&s)[64], float (&o)[M], float (&top)[2], float (&sum)[2], float scale2) {
  GPU_UNROLL
  for (int r = 0; r < 2; ++r) {
    float higher = top[r];
    GPU_UNROLL
    for (int j = 0; j < 16; ++j) higher = gpu::max(higher, gpu::max(s[4 * j + 2 * r], s[4 * j + 2 * r + 1]));
    higher = quad_max(higher);
    const float shrink = gpu::fast_exp2((top[r] - higher) * scale2), offset = higher * scale2;
    top[r] = higher;
    float add = 0;
    GPU_UNROLL
    for (int j = 0; j < 16; ++j) {
      GPU_UNROLL
      for (int e = 4 * j + 2 * r; e < 4 * j + 2 * r + 2; ++e) {
        s[e] = gpu::fast_exp2(gpu::fma(s[e], scale2, -offset));
        add = gpu::add(add, s[e]);
      }
    }
    sum[r] = gpu::fma(sum[r], shrink, add);
    GPU_UNROLL
    for (int j = 0; j < M / 4; ++j) {
      o[4 * j + 2 * r] = gpu::mul(o[4 * j + 2 * r], shrink);
      o[4 * j + 2 * r + 1] = gpu::mul(o[4 * j + 2 * r + 1], shrink);
    }
  }
}

template <int DK, int DV>
GPU_DEVICE void consume(const Problem<gpu::bf16>& p, const Rows& rows, int head, int group, const unsigned char* q,
                        const unsigned char* ring_k, const unsigned char* ring_v, Barriers* b) {
  const int first = rows.tile * kTile + group * 64 + (gpu::warp() & 3) * 16, g = gpu::lane() / 4, t = gpu::lane() % 4;
  const float scale2 = p.scale * kLog2e;
  float o[DV / 2], top[2] = {-1e30f, -1e30f}, sum[2] = {0, 0};
  GPU_UNROLL
  for (int i = 0; i < DV / 2; ++i) o[i] = 0;
  gpu::mbar_wait(&b->q, 0);
  for (int i = 0; i <= rows.tile; ++i) {
    const int stage = i % kStages, parity = i / kStages & 1;
    const unsigned char *k = ring_k + stage * (DK / 64) * kPiece, *v = ring_v + stage * (DV / 64) * kPiece;
    float s[64];
    gpu::mbar_wait(&b->k_full[stage], parity);
    gpu::wgmma_fence();
    product_of_rows<DK, kTile>(s, q + group * 64 * 128, k);
    gpu::wgmma_commit();
    gpu::wgmma_wait<0>(s);
    let_go(&b->k_empty[stage]);
    if (i == 0) {  // the diagonal
      GPU_UNROLL
      for (int e = 0; e < 64; ++e)
        if (rows.tile * kTile + e / 4 * 8 + 2 * t + (e & 1) > first + g + (e >> 1 & 1) * 8) s[e] = -1e30f;
    }
    soften_tile(s, o, top, sum, scale2);
    uint32_t a[8][4];
    to_operand(a, s);
    gpu::mbar_wait(&b->v_full[stage], parity);
    gpu::wgmma_fence(o);
    add_columns(o, a, v);
    gpu::wgmma_commit();
    gpu::wgmma_wait<0>(o);
    let_go(&b->v_empty[stage]);
  }
  GPU_UNROLL
  for (int r = 0; r < 2; ++r) {
    const float whole = quad_sum(sum[r]), inverse = gpu::div(1.0f, whole);
    const int position = first + g + 8 * r;
    if (position >= rows.own) continue;
    const int64_t row = rows.own_row + position;
    if (p.lse && t == 0) p.lse[row * p.heads + head] = gpu::fma(top[r], p.scale, gpu::fast_log(whole));
    uint32_t* y = reinterpret_cast<uint32_t*>(p.out + row * p.ldo + int64_t(head) * DV);
    GPU_UNROLL
    for (int j = 0; j < DV / 8; ++j)
      y[4 * j + t] = gpu::pack_bf16(gpu::mul(o[4 * j + 2 * r], inverse), gpu::mul(o[4 * j + 2 * r + 1], inverse));
  }
}
#endif

template <int DK, int DV>
GPU_KERNEL(kThreads, 1)
void fwd_kernel(const GPU_GRID_CONSTANT gpu::TensorMap map_q, const GPU_GRID_CONSTANT gpu::TensorMap map_k,
                const GPU_GRID_CONSTANT gpu::TensorMap map_v, Problem<gpu::bf16> p) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL) || defined(R1_GPU_EMULATED)
  DSMEM(unsigned char, q);
  unsigned char *ring_k = q + DK / 64 * kPiece, *ring_v = ring_k + kStages * (DK / 64) * kPiece;
  Barriers* b = reinterpret_cast<Barriers*>(ring_v + kStages * (DV / 64) * kPiece);
  // Later tiles see more keys: they start first.
  const Rows rows = tile_rows(p, int(gpu::grid_dim().x - 1 - gpu::block_idx().x), kTile);
  if (rows.doc < 0) return;
  const int head = int(gpu::block_idx().y), kv = head / (p.heads / p.kv_heads), group = gpu::warp() / 4;
  if (gpu::tid() == 0) init_barriers(b);
  gpu::sync();
  if (group == 0) {
    gpu::give_registers<24>();
    if (gpu::tid() == 0) {
      bring_tile<DK>(q, map_q, &b->q, head * DK, int(rows.own_row) + rows.tile * kTile);
      produce_keys<DK, DV>(map_k, map_v, p, rows, kv, ring_k, ring_v, b);
    }
  } else {
    gpu::take_registers<240>();
    consume<DK, DV>(p, rows, head, group - 1, q, ring_k, ring_v, b);
  }
#endif
}

/// A [rows, columns] matrix in boxes of `box` rows and 64 columns.
inline gpu::TensorMap rows_map(const gpu::bf16* p, int64_t rows, int64_t columns, int64_t ld, int box,
                               const char* what) {
  gpu::TensorMapArgs t;
  t.rank = 2;
  t.base = const_cast<gpu::bf16*>(p);
  t.size[0] = uint64_t(columns), t.size[1] = uint64_t(rows);
  t.stride_bytes[0] = uint64_t(ld) * 2;
  t.box[0] = 64, t.box[1] = uint32_t(box);
  t.swizzle = gpu::Swizzle::k128;
  return gpu::make_tensor_map(t, what);
}

template <int DK, int DV>
void launch_forward(const Problem<gpu::bf16>& p, void* stream) {
  const auto map_q = rows_map(p.q, p.n_tokens, int64_t(p.heads) * DK, p.ldq, kTile, "attention q");
  const auto map_k = rows_map(p.k, p.n_tokens, int64_t(p.kv_heads) * DK, p.ldk, kTile, "attention k");
  const auto map_v = rows_map(p.v, p.n_tokens, (p.kv_heads - 1) * p.v_head + DV, p.ldv, kTile, "attention v");
  gpu::launch({.name = "attention_sm90",
               .grid = {most_tiles(p.n_tokens, p.docs, kTile), uint32_t(p.heads)},
               .block = kThreads,
               .smem = kSmem<DK, DV>,
               .stream = stream},
              fwd_kernel<DK, DV>, map_q, map_k, map_v, p);
}

}  // namespace sm90
}  // namespace r1::cuda::attn
