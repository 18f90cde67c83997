// bf16 GEMM for Hopper: TMA brings tiles into a ring of shared memory, wgmma multiplies them. One producer thread keeps
// the ring full; two consumer warpgroups own 64 x 256 of the 128 x 256 tile each; blocks stay and take tile after tile.
// K-major operands lie as [rows][64 k], others as 64-wide pieces [64 k][64 rows]; both with the 128-byte swizzle.
// With Cluster 2, two blocks share the B tile: each loads a half and TMA delivers it to both.
// One instruction shape (m64n256k16), k ascending, no split of K: a row's bits depend on nothing but its own operands.
// Trap: a stage may be refilled only when all eight consumer warps, of every block of the cluster, have let it go.
// Paper: none.
#pragma once
#include "common/pack.cuh"
#include "kernels/gemm.h"

namespace r1::cuda {

namespace sm90 {
constexpr int kBm = 128, kBn = 256, kBk = 64, kStages = 4;
constexpr int kThreads = 384;
constexpr int kBytesA = kBm * kBk * 2, kBytesB = kBn * kBk * 2;
constexpr int kChunk = 64 * kBk * 2;  ///< bytes of 64 rows (or columns) of a tile
constexpr size_t kSmem = size_t{kStages} * (kBytesA + kBytesB) + 2 * kStages * sizeof(gpu::Mbar);
constexpr int kGroup = 16;  ///< tile rows that are walked together, so that their operands stay in L2

struct Problem {
  int m, n, k;
  int64_t ldc;
  bool accumulate;
};
struct TileAt {
  int m, n;
};
/// Tile `i` in an order that walks kGroup tile rows at a time.
template <int Cluster>
GPU_DEVICE TileAt tile_at(int i, int tiles_m, int tiles_n) {
  constexpr int kRows = kGroup / Cluster;
  const int per_group = kRows * tiles_n, g = i / per_group, first = g * kRows, in = i - g * per_group;
  const int rows = tiles_m - first < kRows ? tiles_m - first : kRows;
  return {first + in % rows, in / rows};
}

#if defined(__CUDA_ARCH_FEAT_SM90_ALL) || defined(R1_GPU_EMULATED)

/// Four lanes of a quad hold columns 2t, 2t + 1 of four groups of eight columns: afterwards lane t holds all of group t.
GPU_DEVICE void transpose_quad(uint32_t (&r)[4]) {
  const int t = gpu::lane() & 3;
  GPU_UNROLL
  for (int d = 1; d <= 2; d *= 2) {
    const bool up = (t & d) != 0;
    GPU_UNROLL
    for (int i = 0; i < 4; ++i) {
      if (i & d) continue;
      const uint32_t give = up ? r[i] : r[i + d];
      const uint32_t got = gpu::shfl_xor(give, d);
      if (up)
        r[i] = got;
      else
        r[i + d] = got;
    }
  }
}

/// A warp's 16 x 256 accumulators to C, 16 bytes a lane (bf16) or 8 (float).
GPU_DEVICE void store_tile(gpu::bf16* c, const float (&d)[128], int row, int col, const Problem& p) {
  const int t = gpu::lane() & 3;
  GPU_UNROLL
  for (int j = 0; j < 32; j += 4) {
    GPU_UNROLL
    for (int half = 0; half < 2; ++half) {
      const int at = row + gpu::lane() / 4 + 8 * half, first = col + 8 * (j + t);
      uint32_t r[4];
      GPU_UNROLL
      for (int i = 0; i < 4; ++i) {
        float x = d[4 * (j + i) + 2 * half], y = d[4 * (j + i) + 2 * half + 1];
        const int own = col + 8 * (j + i) + 2 * t;
        if (p.accumulate && at < p.m) {  // before the only rounding
          const gpu::bf16* old = c + int64_t(at) * p.ldc + own;
          if (own < p.n) x = gpu::add(gpu::to_float(old[0]), x);
          if (own + 1 < p.n) y = gpu::add(gpu::to_float(old[1]), y);
        }
        r[i] = gpu::pack_bf16(x, y);
      }
      transpose_quad(r);
      if (at >= p.m || first >= p.n) continue;
      gpu::bf16* to = c + int64_t(at) * p.ldc + first;
      if (first + 8 <= p.n) {
        gpu::Vec<uint32_t, 4> v;
        GPU_UNROLL
        for (int i = 0; i < 4; ++i) v[i] = r[i];
        gpu::store_vec(reinterpret_cast<uint32_t*>(to), v);
      } else {
        GPU_UNROLL
        for (int e = 0; e < 8; ++e)
          if (first + e < p.n) to[e].bits = uint16_t(r[e / 2] >> (16 * (e & 1)));
      }
    }
  }
}
GPU_DEVICE void store_tile(float* c, const float (&d)[128], int row, int col, const Problem& p) {
  GPU_UNROLL
  for (int j = 0; j < 32; ++j) {
    GPU_UNROLL
    for (int half = 0; half < 2; ++half) {
      const int at = row + gpu::lane() / 4 + 8 * half, first = col + 8 * j + 2 * (gpu::lane() & 3);
      if (at >= p.m || first >= p.n) continue;
      float* to = c + int64_t(at) * p.ldc + first;
      float x = d[4 * j + 2 * half], y = d[4 * j + 2 * half + 1];
      if (first + 1 < p.n) {
        if (p.accumulate) x = gpu::add(to[0], x), y = gpu::add(to[1], y);
        gpu::Vec<float, 2> v;
        v[0] = x, v[1] = y;
        gpu::store_vec(to, v);
      } else {
        to[0] = p.accumulate ? gpu::add(to[0], x) : x;
      }
    }
  }
}

template <bool KMajorA, bool KMajorB, int Cluster>
GPU_DEVICE void produce(const gpu::TensorMap& map_a, const gpu::TensorMap& map_b, unsigned char* ring, gpu::Mbar* full,
                        gpu::Mbar* empty, const Problem& p, int tiles_m, int tiles_n, int first, int step) {
  const int rank = Cluster > 1 ? int(gpu::cluster_rank()) : 0;
  const int steps = (p.k + kBk - 1) / kBk;
  int stage = 0, parity = 1;  // the ring starts empty: the first wait of each stage passes at once
  for (int tile = first; tile < tiles_m * tiles_n; tile += step) {
    const TileAt at = tile_at<Cluster>(tile, tiles_m, tiles_n);
    const int m = (at.m * Cluster + rank) * kBm, n = at.n * kBn;
    for (int s = 0; s < steps; ++s) {
      gpu::mbar_wait(&empty[stage], parity);
      gpu::mbar_arrive_expect_tx(&full[stage], kBytesA + kBytesB);
      unsigned char* a = ring + stage * (kBytesA + kBytesB);
      unsigned char* b = a + kBytesA;
      if constexpr (KMajorA) {
        gpu::tma_load(a, map_a, &full[stage], s * kBk, m);
      } else {
        GPU_UNROLL
        for (int i = 0; i < kBm / 64; ++i) gpu::tma_load(a + i * kChunk, map_a, &full[stage], m + 64 * i, s * kBk);
      }
      if constexpr (Cluster == 1 && KMajorB) {
        gpu::tma_load(b, map_b, &full[stage], s * kBk, n);
      } else if constexpr (Cluster == 1) {
        GPU_UNROLL
        for (int i = 0; i < kBn / 64; ++i) gpu::tma_load(b + i * kChunk, map_b, &full[stage], n + 64 * i, s * kBk);
      } else {
        constexpr int kOwn = kBn / 64 / Cluster;  // 64-wide pieces that this block brings to all
        if constexpr (KMajorB) {
          gpu::tma_load_multicast(b + rank * kOwn * kChunk, map_b, &full[stage], uint16_t((1 << Cluster) - 1), s * kBk,
                                  n + rank * kOwn * 64);
        } else {
          GPU_UNROLL
          for (int i = 0; i < kOwn; ++i)
            gpu::tma_load_multicast(b + (rank * kOwn + i) * kChunk, map_b, &full[stage], uint16_t((1 << Cluster) - 1),
                                    n + (rank * kOwn + i) * 64, s * kBk);
        }
      }
      if (++stage == kStages) stage = 0, parity ^= 1;
    }
  }
}

/// One warp lets a stage go, in every block that may fill it.
template <int Cluster>
GPU_DEVICE void release(gpu::Mbar* empty) {
  if constexpr (Cluster == 1) {
    if (gpu::lane() == 0) gpu::mbar_arrive(empty);
  } else {
    if (gpu::lane() < Cluster) gpu::mbar_arrive_cluster(empty, uint32_t(gpu::lane()));
  }
}

template <bool KMajorA, bool KMajorB, int Cluster, class Out>
GPU_DEVICE void consume(Out* c, const unsigned char* ring, gpu::Mbar* full, gpu::Mbar* empty, const Problem& p,
                        int group, int tiles_m, int tiles_n, int first, int step) {
  const int rank = Cluster > 1 ? int(gpu::cluster_rank()) : 0;
  const int steps = (p.k + kBk - 1) / kBk;
  // 16 k of a K-major tile are 32 bytes of each row, of the other kind 16 rows of 128 bytes; the low bits of a
  // descriptor count 16 bytes.
  constexpr uint64_t kStepA = (KMajorA ? 32 : 16 * 128) / 16, kStepB = (KMajorB ? 32 : 16 * 128) / 16;
  int stage = 0, parity = 0;
  float d[128];
  for (int tile = first; tile < tiles_m * tiles_n; tile += step) {
    int last = -1;
    for (int s = 0; s < steps; ++s) {
      gpu::mbar_wait(&full[stage], parity);
      const unsigned char* a = ring + stage * (kBytesA + kBytesB);
      const uint64_t da = gpu::wgmma_descriptor(a + group * kChunk, gpu::Swizzle::k128, kChunk, 1024);
      const uint64_t db = gpu::wgmma_descriptor(a + kBytesA, gpu::Swizzle::k128, kChunk, 1024);
      gpu::wgmma_fence();
      GPU_UNROLL
      for (int i = 0; i < kBk / 16; ++i)
        gpu::wgmma<gpu::bf16, !KMajorA, !KMajorB>(d, da + kStepA * i, db + kStepB * i, s > 0 || i > 0);
      gpu::wgmma_commit();
      if (last >= 0) {
        gpu::wgmma_wait<1>();  // the products of the stage before have been made
        release<Cluster>(&empty[last]);
      }
      last = stage;
      if (++stage == kStages) stage = 0, parity ^= 1;
    }
    gpu::wgmma_wait<0>(d);
    release<Cluster>(&empty[last]);
    const TileAt at = tile_at<Cluster>(tile, tiles_m, tiles_n);
    store_tile(c, d, (at.m * Cluster + rank) * kBm + group * 64 + (gpu::warp() & 3) * 16, at.n * kBn, p);
  }
}
#endif

template <class Out, bool KMajorA, bool KMajorB, int Cluster>
GPU_KERNEL(kThreads, 1)
void gemm_kernel(const GPU_GRID_CONSTANT gpu::TensorMap map_a, const GPU_GRID_CONSTANT gpu::TensorMap map_b, Out* c,
                 Problem p) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL) || defined(R1_GPU_EMULATED)
  DSMEM(unsigned char, ring);
  gpu::Mbar* full = reinterpret_cast<gpu::Mbar*>(ring + kStages * (kBytesA + kBytesB));
  gpu::Mbar* empty = full + kStages;
  if (gpu::tid() == 0) {
    for (int s = 0; s < kStages; ++s) {
      gpu::mbar_init(&full[s], 1);
      gpu::mbar_init(&empty[s], 8 * Cluster);
    }
    gpu::fence_mbar_init();
  }
  if constexpr (Cluster > 1)
    gpu::cluster_sync();
  else
    gpu::sync();
  const int tiles_m = (p.m + kBm * Cluster - 1) / (kBm * Cluster), tiles_n = (p.n + kBn - 1) / kBn;
  const int first = int(gpu::block_idx().x) / Cluster, step = int(gpu::grid_dim().x) / Cluster;
  const int group = gpu::warp() / 4;
  if (group == 0) {
    gpu::give_registers<40>();
    if (gpu::tid() == 0)
      produce<KMajorA, KMajorB, Cluster>(map_a, map_b, ring, full, empty, p, tiles_m, tiles_n, first, step);
  } else {
    gpu::take_registers<232>();
    consume<KMajorA, KMajorB, Cluster>(c, ring, full, empty, p, group - 1, tiles_m, tiles_n, first, step);
  }
  if constexpr (Cluster > 1) gpu::cluster_sync();  // a block's barriers stay while others may arrive at them
#endif
}

/// The operand of `rows` rows (of C's m or n) and k columns: boxes of 64 k x 64 * pieces rows, or 64 rows x 64 k.
inline gpu::TensorMap operand_map(const gpu::bf16* p, int64_t ld, int64_t rows, int64_t k, bool k_major, int box_rows,
                                  const char* what) {
  gpu::TensorMapArgs t;
  t.type = gpu::TileType::kBf16;
  t.rank = 2;
  t.base = const_cast<gpu::bf16*>(p);
  t.size[0] = uint64_t(k_major ? k : rows);
  t.size[1] = uint64_t(k_major ? rows : k);
  t.stride_bytes[0] = uint64_t(ld) * 2;
  t.box[0] = 64;
  t.box[1] = uint32_t(k_major ? box_rows : 64);
  t.swizzle = gpu::Swizzle::k128;
  return gpu::make_tensor_map(t, what);
}

/// TMA needs 16-byte aligned bases and rows; the stores of a bf16 C do too.
template <class Out>
inline bool fits(const GemmArgsOf<bf16, Out>& g) {
  const auto aligned = [](const void* p, int64_t bytes) {
    return reinterpret_cast<uintptr_t>(p) % 16 == 0 && bytes % 16 == 0;
  };
  return aligned(g.a, g.lda * 2) && aligned(g.b, g.ldb * 2) && aligned(g.c, g.ldc * int64_t{sizeof(Out)}) && g.k > 0;
}

template <int Cluster, bool KMajorA, bool KMajorB, class Out>
void launch_one(const GemmArgsOf<bf16, Out>& g, int64_t batch, void* stream, int multiprocessors) {
  const auto map_a = operand_map(dev(g.a) + batch * g.stride_a, g.lda, g.m, g.k, KMajorA, kBm, "gemm A");
  const auto map_b =
      operand_map(dev(g.b) + batch * g.stride_b, g.ldb, g.n, g.k, KMajorB, Cluster > 1 ? kBn / Cluster : kBn, "gemm B");
  const int64_t tiles = ceil_div(g.m, kBm * Cluster) * ceil_div(g.n, kBn);
  const int64_t clusters = tiles < multiprocessors / Cluster ? tiles : multiprocessors / Cluster;
  const Problem p{int(g.m), int(g.n), int(g.k), g.ldc, g.accumulate};
  gpu::launch({.name = "gemm_sm90",
               .grid = clusters * Cluster,
               .block = kThreads,
               .smem = kSmem,
               .stream = stream,
               .cluster = uint32_t{Cluster}},
              gemm_kernel<typename DeviceType<Out>::type, KMajorA, KMajorB, Cluster>, map_a, map_b, dev(g.c) + batch * g.stride_c, p);
}

template <int Cluster, class Out>
void launch_gemm(const GemmArgsOf<bf16, Out>& g, void* stream) {
  const int sms = gpu::device_info(gpu::current_device()).multiprocessors;
  for (int64_t i = 0; i < g.batch; ++i) {
    if (!g.trans_a && g.trans_b) launch_one<Cluster, true, true>(g, i, stream, sms);
    if (!g.trans_a && !g.trans_b) launch_one<Cluster, true, false>(g, i, stream, sms);
    if (g.trans_a && g.trans_b) launch_one<Cluster, false, true>(g, i, stream, sms);
    if (g.trans_a && !g.trans_b) launch_one<Cluster, false, false>(g, i, stream, sms);
  }
}

}  // namespace sm90
}  // namespace r1::cuda
