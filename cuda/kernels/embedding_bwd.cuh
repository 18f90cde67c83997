// Gradient of a table of embeddings: dtable[ids[r]] += dy[r], the rows of one id in ascending order, without atomics:
// the CPU's bits. The block of an id's first row adds all rows of that id; the blocks of its other rows leave. Nothing
// is sorted and nothing stored: every block reads the ids, which the caches hold. Paper: none.
#pragma once
#include "common/map.cuh"

namespace r1::cuda {

constexpr int kIdThreads = 256, kIdsEach = 4, kIdStep = kIdThreads * kIdsEach;  // ids a block looks at at once
constexpr int kIdWords = kIdStep / 32;
static_assert(kIdWords == 32, "a warp adds up the words' counts, a lane a word");

/// Which of the ids at base .. base + kIdStep are `id`: their rows to `rows`, ascending; how many. All threads call it.
/// `words` are kIdWords, `before` (rows in the words before; all) one more.
GPU_DEVICE int rows_of_id(int* rows, uint32_t* words, int* before, const int32_t* ids, int base, int end, int32_t id) {
  bool any = false;
  GPU_UNROLL
  for (int k = 0; k < kIdsEach; ++k) {
    const int at = base + k * kIdThreads + gpu::tid();
    const bool same = at < end && ids[at] == id;
    const uint32_t word = gpu::ballot(same);
    if (gpu::lane() == 0) words[k * (kIdThreads / 32) + gpu::warp()] = word;
    any = any || same;
  }
  if (!gpu::sync_or(any)) return 0;
  if (gpu::warp() == 0) {
    const int own = gpu::popcount(words[gpu::lane()]);
    int sum = own;
    GPU_UNROLL
    for (int d = 1; d < 32; d *= 2) {
      const int lower = gpu::shfl_up(sum, d);
      if (gpu::lane() >= d) sum += lower;
    }
    before[gpu::lane()] = sum - own;
    if (gpu::lane() == 31) before[kIdWords] = sum;
  }
  gpu::sync();
  GPU_UNROLL
  for (int k = 0; k < kIdsEach; ++k) {
    const int w = k * (kIdThreads / 32) + gpu::warp();
    const uint32_t word = words[w], lower = word & ((1u << gpu::lane()) - 1);
    if ((word >> gpu::lane()) & 1) rows[before[w] + gpu::popcount(lower)] = base + k * kIdThreads + gpu::tid();
  }
  gpu::sync();
  return before[kIdWords];  // not from the words: the next call may be writing them
}

/// Grid (rows, slabs): a thread has P packs of four of its slab's columns. Trap: all threads of a block must agree on
/// leaving, hence the votes.
template <class T, int P, bool Aligned>
GPU_KERNEL(kIdThreads)
void embedding_bwd_kernel(float* dtable, const T* dy, const int32_t* ids, int rows, int cols) {
  constexpr int V = 4, kRowsAtOnce = Aligned ? 4 / P : 1;  // four packs under way: a frequent id has hundreds of rows
  SMEM(int, list, kIdStep);
  SMEM(uint32_t, words, kIdWords);
  SMEM(int, before, kIdWords + 1);
  const int own = int(gpu::block_idx().x);
  const int32_t id = ids[own];
  for (int base = 0; base < own; base += kIdStep) {
    bool earlier = false;
    GPU_UNROLL
    for (int k = 0; k < kIdsEach; ++k) {
      const int at = base + k * kIdThreads + gpu::tid();
      earlier = earlier || (at < own && ids[at] == id);
    }
    if (gpu::sync_or(earlier)) return;
  }
  float* sums = dtable + int64_t(id) * cols;
  const auto column = [&](int i) { return ((int(gpu::block_idx().y) * P + i) * kIdThreads + gpu::tid()) * V; };
  float acc[P][V];
  GPU_UNROLL
  for (int i = 0; i < P; ++i)
    to_floats<float>(acc[i], load_pack<Aligned>(static_cast<const float*>(sums), column(i), cols));
  for (int base = own; base < rows; base += kIdStep) {
    const int found = rows_of_id(list, words, before, ids, base, rows, id);
    for (int n = 0; n < found; n += kRowsAtOnce) {
      float v[kRowsAtOnce][P][V] = {};
      GPU_UNROLL
      for (int j = 0; j < kRowsAtOnce; ++j) {
        const bool here = n + j < found;
        const T* row = dy + int64_t(here ? list[n + j] : 0) * cols;
        GPU_UNROLL
        for (int i = 0; i < P; ++i)
          if (here && column(i) < cols) load_floats<Aligned>(v[j][i], row + column(i), cols - column(i));
      }
      GPU_UNROLL
      for (int j = 0; j < kRowsAtOnce; ++j) {
        if (n + j < found) {  // not a sum with 0, which would make 0 of -0
          GPU_UNROLL
          for (int i = 0; i < P; ++i) {
            GPU_UNROLL
            for (int e = 0; e < V; ++e) acc[i][e] = gpu::add(acc[i][e], v[j][i][e]);
          }
        }
      }
    }
  }
  GPU_UNROLL
  for (int i = 0; i < P; ++i) store_pack<Aligned>(sums, column(i), cols, to_pack(acc[i], sums));
}

template <class T>
void launch_embedding_bwd(const Exec& ex, float* dtable, const T* dy, const int32_t* ids, int64_t rows, int64_t cols) {
  if (rows * cols == 0) return;
  R1_CHECK(rows < (1 << 30), "embedding_bwd on the device: ", rows, " rows, expected fewer than 2^30");
  const bool aligned = packs_fit(dtable, cols, cols) && packs_fit(dy, cols, cols);
  const int64_t packs = ceil_div(ceil_div(cols, 4), kIdThreads);  // a thread's
  const auto run = [&](auto p) {
    constexpr int P = decltype(p)::value;
    gpu::Launch at{.name = "embedding_bwd", .block = kIdThreads, .stream = ex.stream};
    at.grid = {uint32_t(rows), uint32_t(ceil_div(packs, P))};
    gpu::launch(at, aligned ? embedding_bwd_kernel<T, P, true> : embedding_bwd_kernel<T, P, false>, dtable, dy, ids,
                int(rows), int(cols));
  };
  if (packs == 1) return run(std::integral_constant<int, 1>{});
  run(std::integral_constant<int, 2>{});
}

}  // namespace r1::cuda
