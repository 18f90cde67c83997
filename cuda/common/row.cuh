// A row held by a group of threads: packs first, first + threads, ... of it, P a thread, in registers. Which thread
// holds what depends on the row's length alone. Rows longer than the registers of 1024 threads are walked instead.
// Paper: none.
#pragma once
#include <type_traits>

#include "common/pack.cuh"
#include "common/reduce.cuh"

namespace r1::cuda {

/// How rows of `cols` elements are spread: `threads` (a multiple of 32) a row, `rows` rows a block, P packs a thread.
struct RowShape {
  int threads = 32, rows = 1, packs = 1;
};
constexpr int kWarpRows = 8;  ///< rows of a block if a warp holds a row
/// A warp a row up to 128 packs; then as many threads as leave each `most_packs` packs, up to `most_threads`.
template <class T>
inline RowShape row_shape(int64_t cols, int most_packs, int most_threads) {
  const int64_t packs = ceil_div(cols, kPack<T>);
  RowShape s;
  if (packs > 128)
    while (s.threads < most_threads && s.threads * most_packs < packs) s.threads *= 2;
  while (int64_t{s.threads} * s.packs < packs) s.packs *= 2;
  s.rows = s.threads == 32 ? kWarpRows : 1;
  return s;
}
/// A grid for blocks that walk `units`, `each` of them on a multiprocessor: as many as the device holds, or so many
/// fewer that all walk equally far.
inline int64_t even_grid(int64_t units, int each) {
  const int64_t resident = int64_t{gpu::device_info(gpu::current_device()).multiprocessors} * each;
  return ceil_div(units, ceil_div(units, resident));
}
GPU_DEVICE Group row_group() { return {int(gpu::thread_idx().x) / 32, int(gpu::block_dim().x) / 32}; }

/// f(P as a constant) for P in 1, 2, 4.
template <class F>
void with_packs(int packs, const F& f) {
  if (packs == 1) f(std::integral_constant<int, 1>{});
  if (packs == 2) f(std::integral_constant<int, 2>{});
  if (packs == 4) f(std::integral_constant<int, 4>{});
}

}  // namespace r1::cuda
