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

namespace r1::cuda::sm90 {

constexpr int kBm = 128, kBn = 256, kBk = 64, kStages = 4;
constexpr int kThreads = 384;
constexpr int kBytesA = kBm * kBk * 2, kBytesB = kBn * kBk * 2;
constexpr int kChunk = 64 * kBk * 2;  ///< bytes of 64 rows (or columns) of a tile
constexpr size_t kSmem = size_t{kStages} * (kBytesA + kBytesB) + 2 * kStages * sizeof(gpu::Mbar);
constexpr int kGroup = 16;  ///< tile rows that are walked together, so that their operands stay in L2

struct Sizes {
  int m, n, k;
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

template <bool KMajorA, bool KMajorB, int Cluster>
GPU_DEVICE void produce(const gpu::TensorMap& map_a, const gpu::TensorMap& map_b, unsigned char* ring, gpu::Mbar* full,
                        gpu::Mbar* empty, const Sizes& p, int tiles_m, int tiles_n, int first, int step) {
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

template <bool KMajorA, bool KMajorB, int Cluster, class Epilogue>
GPU_DEVICE void consume(const Epilogue& epilogue, const unsigned char* ring, gpu::Mbar* full, gpu::Mbar* empty,
                        const Sizes& p, int group, int tiles_m, int tiles_n, int first, int step) {
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
    epilogue(d, (at.m * Cluster + rank) * kBm + group * 64 + (gpu::warp() & 3) * 16, at.n * kBn, p);
  }
}
#endif

/// Epilogue: called by each consumer warp with its 16 x 256 accumulators, first row and first column.
template <class Epilogue, bool KMajorA, bool KMajorB, int Cluster>
GPU_KERNEL(kThreads, 1)
void gemm_kernel(const GPU_GRID_CONSTANT gpu::TensorMap map_a, const GPU_GRID_CONSTANT gpu::TensorMap map_b,
                 Epilogue epilogue, Sizes p) {
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
    consume<KMajorA, KMajorB, Cluster>(epilogue, ring, full, empty, p, group - 1, tiles_m, tiles_n, first, step);
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

/// A [m, k] times B, whose rows (K-major) or columns are n, given to the epilogue tile by tile.
template <int Cluster, bool KMajorA, bool KMajorB, class Epilogue>
void launch_product(const char* name, const gpu::bf16* a, int64_t lda, const gpu::bf16* b, int64_t ldb, const Sizes& p,
                    const Epilogue& epilogue, void* stream) {
  const auto map_a = operand_map(a, lda, p.m, p.k, KMajorA, kBm, "gemm A");
  const auto map_b = operand_map(b, ldb, p.n, p.k, KMajorB, kBn / Cluster, "gemm B");
  gpu::Launch at{.name = name, .block = kThreads, .smem = kSmem, .stream = stream, .cluster = uint32_t{Cluster}};
  const auto kernel = gemm_kernel<Epilogue, KMajorA, KMajorB, Cluster>;
  const int64_t tiles = ceil_div(p.m, kBm * Cluster) * ceil_div(p.n, kBn);
  // As many as run at once: one more would be a second wave of its own.
  static const int64_t most =
      Cluster > 1 ? gpu::resident_clusters(kernel, at) : gpu::device_info(gpu::current_device()).multiprocessors;
  at.grid = (tiles < most ? tiles : most) * Cluster;
  gpu::launch(at, kernel, map_a, map_b, epilogue, p);
}

}  // namespace r1::cuda::sm90
