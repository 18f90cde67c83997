// RMSNorm backward for rows that registers hold: dx, and dw by shares of kNormChunk rows that a second kernel adds in
// order. So dw has the same bits run to run, whatever the chip. Paper: [V3 §2.1.1].
#pragma once
#include "common/row.cuh"
#include "kernels/norm_wide.cuh"

namespace r1::cuda {

/// Rows that a thread has under way, the one in work among them: a ring in shared memory, filled by cp.async.
template <int P, int Threads>
constexpr int kRing = Threads == 256 ? 3 : 2;
/// Blocks on a multiprocessor.
template <int P, int Threads>
constexpr int kBackBlocks = Threads == 512 ? 1
                            : P == 4       ? 2
                                           : 3;
/// The ring of x and dy, and room for the weights of a row and for a pack of each thread's dw: the fewer threads a row
/// has, the fewer weights, and only then are there rows held at once, whose dw is added up.
template <class T, int P, bool Aligned, int Threads>
constexpr size_t kBackSmem = size_t{16} * Threads*((Aligned ? kRing<P, Threads> * 2 * P : 0) + P) +
                             (P < 4 ? size_t{4} * Threads * kPack<T> : 0);

/// What the threads of a row sum, in each of them. `sums` is two floats a warp of the row, which turns take
/// alternately.
GPU_DEVICE float row_sum(float v, float* sums, int turn, int place, int row_threads) {
  const int warps = row_threads / 32;
  v = warp_sum(v);
  if (warps == 1) return v;
  sums += (turn & 1) * warps;
  if (gpu::lane() == 0) sums[gpu::warp() - place * warps] = v;
  gpu::bar_sync(1 + place, row_threads);
  v = sums[gpu::lane() & (warps - 1)];
  GPU_NO_UNROLL
  for (int d = warps / 2; d > 0; d /= 2) v = gpu::add(v, gpu::shfl_xor(v, d));
  return v;
}

/// A chunk's share: dw of the rows held at once, added in the order of their places, pack by pack, through `fold`.
template <int P, bool Aligned, int V>
GPU_DEVICE void put_share(float* share, int cols, const float (&dw)[P][V], float* fold, int row_threads, int together) {
  const int first = gpu::tid() % row_threads;
  GPU_UNROLL
  for (int i = 0; i < P; ++i) {
    if (together > 1) gpu::sync();  // all have read the pack before
    GPU_UNROLL
    for (int e = 0; e < V; e += 4) {
      const gpu::Vec<float, 4> four{{dw[i][e], dw[i][e + 1], dw[i][e + 2], dw[i][e + 3]}};
      if (together > 1)
        gpu::store_vec(fold + gpu::tid() * V + e, four);
      else
        store_pack<Aligned>(share, (first + i * row_threads) * V + e, cols, four);
    }
    if (together == 1) continue;
    gpu::sync();
    const int columns = row_threads * V, c = gpu::tid() * 4;  // at most half of the threads' packs: all are reached
    if (c >= columns) continue;
    auto sum = gpu::load_vec<4>(static_cast<const float*>(fold) + c);
    GPU_NO_UNROLL
    for (int r = 1; r < together; ++r) {
      const auto more = gpu::load_vec<4>(static_cast<const float*>(fold) + r * columns + c);
      GPU_UNROLL
      for (int e = 0; e < 4; ++e) sum[e] = gpu::add(sum[e], more[e]);
    }
    store_pack<Aligned>(share, i * columns + c, cols, sum);
  }
}

/// A block walks chunks: Threads / T rows at once, T threads a row and P packs a thread; those who share a row wait for
/// one another alone. Aligned rows travel through the ring, each thread its own packs; the rows of the next chunk are
/// on their way while the shares of this one are added up.
template <class T, int P, bool Aligned, int Threads>
GPU_KERNEL(Threads, Aligned ? kBackBlocks<P, Threads> : 1)
void rmsnorm_bwd_kernel(NormBackward<T> a, int row_threads) {
  constexpr int V = kPack<T>, kSlots = kRing<P, Threads>;
  gpu::griddep_launch();
  SMEM(float, part, 2 * (Threads / 32));
  DSMEM(Pack<T>, ring);                                                // [slots, x and dy, P, threads]
  Pack<T>* weights = ring + (Aligned ? kSlots * 2 * P * Threads : 0);  // of a row
  float* fold = reinterpret_cast<float*>(weights + P * row_threads);   // [threads, a pack]
  const int first = gpu::tid() % row_threads, place = gpu::tid() / row_threads, together = Threads / row_threads;
  const int turns = int(kNormChunk) / together, rows = int(a.rows);  // turns: a power of two
  const float over_cols = gpu::div(1.0f, float(a.cols));
  const int next_chunk = int(gpu::grid_dim().x - 1) * int(kNormChunk) + together;  // from a chunk's last row on
  const auto step = [&](int turn) { return ((turn + 1) & (turns - 1)) != 0 ? together : next_chunk; };
  int row = int(gpu::block_idx().x) * int(kNormChunk) + place;
  int ahead = row, ahead_turn = 0;  // the row to fetch next
  const auto fetch = [&](int slot) {
    const bool here_row = ahead < rows;
    Pack<T>* to = ring + slot * 2 * P * Threads + gpu::tid();
    const T *x = a.x + ahead * a.ldx + first * V, *dy = a.dy + ahead * a.lddy + first * V;
    GPU_UNROLL
    for (int i = 0; i < P; ++i) {
      const bool here = here_row && (first + i * row_threads) * V < a.cols;
      gpu::cp_async<16>(to + i * Threads, here ? x + i * row_threads * V : a.x, here ? 16 : 0);
      gpu::cp_async<16>(to + (P + i) * Threads, here ? dy + i * row_threads * V : a.dy, here ? 16 : 0);
    }
    gpu::cp_async_commit();
    ahead += step(ahead_turn++);
  };
  if constexpr (Aligned) {
    for (int k = 0; k < kSlots - 1; ++k) fetch(k);
  }
  if (place == 0) {
    GPU_UNROLL
    for (int i = 0; i < P; ++i)
      weights[first + i * row_threads] = load_pack<Aligned>(a.w, (first + i * row_threads) * V, a.cols);
  }
  gpu::sync();
  const auto scale = [&](int r) { return r < rows ? a.rstd[r] : 0.0f; };
  float s_next = scale(row);
  int slot = 0;
  for (int chunk = int(gpu::block_idx().x); chunk * int(kNormChunk) < rows; chunk += int(gpu::grid_dim().x)) {
    float dw[P][V] = {};
    for (int turn = 0; turn < turns; ++turn) {
      const bool inside = row < rows;
      // A pack of x, dy and w as floats. Read again after the sum: kept, they would need more registers than there are.
      const auto bring = [&](int i, float(&u)[V], float(&d)[V], float(&v)[V]) {
        const int at = (first + i * row_threads) * V;
        if constexpr (Aligned) {
          const Pack<T>* from = ring + (slot * 2 * P + i) * Threads + gpu::tid();
          to_floats<T>(u, from[0]);
          to_floats<T>(d, from[P * Threads]);
        } else {
          to_floats<T>(u, load_pack<Aligned>(a.x + row * a.ldx, at, inside ? a.cols : 0));
          to_floats<T>(d, load_pack<Aligned>(a.dy + row * a.lddy, at, inside ? a.cols : 0));
        }
        to_floats<T>(v, weights[first + i * row_threads]);
      };
      if constexpr (Aligned) gpu::cp_async_wait<kSlots - 2>();
      const float s = s_next;
      s_next = scale(row + step(turn));
      float sum = 0;
      GPU_UNROLL
      for (int i = 0; i < P; ++i) {
        float u[V], d[V], v[V];
        bring(i, u, d, v);
        GPU_UNROLL
        for (int e = 0; e < V; ++e) {
          d[e] = gpu::mul(d[e], s);
          dw[i][e] = gpu::fma(d[e], u[e], dw[i][e]);
          sum = gpu::fma(gpu::mul(d[e], v[e]), u[e], sum);
        }
      }
      if constexpr (Aligned) fetch(slot == 0 ? kSlots - 1 : slot - 1);  // into the slot that was done with a turn ago
      sum = row_sum(sum, part + place * (row_threads / 32) * 2, turn, place, row_threads);
      // With n = x s: dx = (dy w - n mean(dy w n)) s = dy s w - x back.
      const float back = gpu::mul(gpu::mul(gpu::mul(sum, over_cols), s), s);
      T* dx = a.dx + row * a.lddx;
      GPU_UNROLL
      for (int i = 0; i < P; ++i) {
        const int at = (first + i * row_threads) * V;
        float u[V], d[V], v[V];
        bring(i, u, d, v);
        GPU_UNROLL
        for (int e = 0; e < V; ++e) d[e] = gpu::fma(u[e], -back, gpu::mul(gpu::mul(d[e], s), v[e]));
        if (a.accumulate) {
          to_floats<T>(u, load_pack<Aligned>(static_cast<const T*>(dx), at, inside ? a.cols : 0));
          GPU_UNROLL
          for (int e = 0; e < V; ++e) d[e] = gpu::add(u[e], d[e]);
        }
        store_pack<Aligned>(dx, at, inside ? a.cols : 0, to_pack(d, dx));
      }
      slot = slot + 1 == kSlots ? 0 : slot + 1;
      row += step(turn);
    }
    put_share<P, Aligned>(a.share + int64_t(chunk) * a.cols, a.cols, dw, fold, row_threads, together);
  }
  if constexpr (Aligned) gpu::cp_async_wait<0>();
}

/// Chunks that one thread of add_shares_kernel adds, and the threads a column, a multiple of 16.
inline int share_run(int64_t chunks) { return int(ceil_div(chunks, 128)); }
inline uint32_t share_threads(int64_t chunks) {
  return uint32_t(ceil_div(ceil_div(chunks, share_run(chunks)), 16) * 16);
}
/// dw [cols] += the shares of all chunks. A block has 8 columns: each thread of a column takes a run of chunks, runs
/// are added by sixteens, then those sums, always in order.
GPU_KERNEL(1024) void add_shares_kernel(float* dw, const float* share, int chunks, int cols, int run) {
  constexpr int kColumns = 8, kAtOnce = 8;
  SMEM(float, part, 128 * kColumns);
  const int x = int(gpu::thread_idx().x), y = int(gpu::thread_idx().y), groups = int(gpu::block_dim().y) / 16;
  const int c = int(gpu::block_idx().x) * kColumns + x, end = (y + 1) * run < chunks ? (y + 1) * run : chunks;
  gpu::griddep_wait();
  const float old = y == 0 && c < cols ? dw[c] : 0.0f;  // on its way while the shares are
  float sum = 0;
  for (int k = y * run; k < end; k += kAtOnce) {
    float v[kAtOnce];
    GPU_UNROLL
    for (int j = 0; j < kAtOnce; ++j) v[j] = c < cols && k + j < end ? share[int64_t(k + j) * cols + c] : 0.0f;
    GPU_UNROLL
    for (int j = 0; j < kAtOnce; ++j) sum = gpu::add(sum, v[j]);
  }
  part[y * kColumns + x] = sum;
  gpu::sync();
  sum = 0;
  if (y < groups)
    for (int k = 0; k < 16; ++k) sum = gpu::add(sum, part[(y * 16 + k) * kColumns + x]);
  gpu::sync();
  if (y < groups) part[y * kColumns + x] = sum;
  gpu::sync();
  if (y > 0 || c >= cols) return;
  sum = old;
  for (int k = 0; k < groups; ++k) sum = gpu::add(sum, part[k * kColumns + x]);
  dw[c] = sum;
}

}  // namespace r1::cuda
