// RMSNorm backward for rows that registers hold: dx, and dw by shares of kNormChunk rows that a second kernel adds in
// order. So dw has the same bits run to run, whatever the chip. Paper: [V3 §2.1.1].
#pragma once
#include "common/row.cuh"
#include "kernels/norm_wide.cuh"

namespace r1::cuda {

/// Rows that a thread has under way, the one in work among them: a ring in shared memory, filled by cp.async.
template <int P>
constexpr int kRing = P == 4 ? 2 : 4;
/// The ring of x and dy, one of 1 / rms, and the place where rows held at once add up their dw.
template <int P, bool Aligned, int Threads>
constexpr size_t kBackSmem = size_t{4} *
                             Threads*((Aligned ? kRing<P> * (8 * P + 1) : 0) + (Threads == 256 ? 8 * P : 1));

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

/// A block holds Threads / T rows at once, T threads a row and P packs a thread, and walks chunks; those who share a
/// row wait for one another alone. Aligned rows travel through the ring, each thread its own packs.
template <class T, int P, bool Aligned, int Threads>
GPU_KERNEL(Threads, Aligned ? 512 / Threads : 1)
void rmsnorm_bwd_kernel(NormBackward<T> a, int row_threads) {
  constexpr int V = kPack<T>, kSlots = kRing<P>;
  SMEM(float, part, 2 * (Threads / 32));
  DSMEM(Pack<T>, ring);  // [slots, x and dy, P, threads]
  float* scales = reinterpret_cast<float*>(ring + (Aligned ? kSlots * 2 * P * Threads : 0));  // [slots, threads]
  float* fold = scales + (Aligned ? kSlots * Threads : 0);                                    // [rows at once, columns]
  const int first = gpu::tid() % row_threads, place = gpu::tid() / row_threads, together = Threads / row_threads;
  const int turns = int(kNormChunk) / together;
  const float over_cols = gpu::div(1.0f, float(a.cols));
  float w[P][V], dw[P][V] = {};
  const auto bring_weights = [&] {
    GPU_UNROLL
    for (int i = 0; i < P; ++i) to_floats<T>(w[i], load_pack<Aligned>(a.w, (first + i * row_threads) * V, a.cols));
  };
  // What is to be fetched next: row, turn in its chunk, places of this thread's first packs.
  const int64_t jump = int64_t(gpu::grid_dim().x - 1) * kNormChunk;
  int64_t ahead = int64_t(gpu::block_idx().x) * kNormChunk + place;
  int ahead_turn = 0;
  const T *ahead_x = a.x + ahead * a.ldx + first * V, *ahead_dy = a.dy + ahead * a.lddy + first * V;
  const auto fetch = [&](int slot) {
    const bool row = ahead < a.rows;
    Pack<T>* to = ring + slot * 2 * P * Threads + gpu::tid();
    GPU_UNROLL
    for (int i = 0; i < P; ++i) {
      const bool here = row && (first + i * row_threads) * V < a.cols;
      gpu::cp_async<16>(to + i * Threads, here ? ahead_x + i * row_threads * V : a.x, here ? 16 : 0);
      gpu::cp_async<16>(to + (P + i) * Threads, here ? ahead_dy + i * row_threads * V : a.dy, here ? 16 : 0);
    }
    gpu::cp_async<4>(scales + slot * Threads + gpu::tid(), row ? a.rstd + ahead : a.rstd, row ? 4 : 0);
    gpu::cp_async_commit();
    const int64_t step = ++ahead_turn == turns ? together + jump : together;
    if (ahead_turn == turns) ahead_turn = 0;
    ahead += step, ahead_x += step * a.ldx, ahead_dy += step * a.lddy;
  };
  if constexpr (Aligned) {
    for (int k = 0; k < kSlots - 1; ++k) fetch(k);
    bring_weights();
  }
  int slot = 0, count = 0;
  for (int64_t chunk = gpu::block_idx().x; chunk * kNormChunk < a.rows; chunk += gpu::grid_dim().x) {
    for (int turn = 0; turn < turns; ++turn, ++count) {
      const int64_t row = chunk * kNormChunk + turn * together + place;
      const bool inside = row < a.rows;
      float x[P][V], t[P][V], s;
      if constexpr (Aligned) {
        gpu::cp_async_wait<kSlots - 2>();
        const Pack<T>* from = ring + slot * 2 * P * Threads + gpu::tid();
        GPU_UNROLL
        for (int i = 0; i < P; ++i) {
          to_floats<T>(x[i], from[i * Threads]);
          to_floats<T>(t[i], from[(P + i) * Threads]);
        }
        s = scales[slot * Threads + gpu::tid()];
        fetch(slot == 0 ? kSlots - 1 : slot - 1);  // into the slot that was read a turn ago
        slot = slot + 1 == kSlots ? 0 : slot + 1;
      } else {
        GPU_UNROLL
        for (int i = 0; i < P; ++i) {
          const int at = (first + i * row_threads) * V;
          to_floats<T>(x[i], load_pack<Aligned>(a.x + row * a.ldx, at, inside ? a.cols : 0));
          to_floats<T>(t[i], load_pack<Aligned>(a.dy + row * a.lddy, at, inside ? a.cols : 0));
        }
        bring_weights();  // for each row anew: registers are needed for the addresses
        s = inside ? a.rstd[row] : 0.0f;
      }
      float sum = 0;
      GPU_UNROLL
      for (int i = 0; i < P; ++i) {
        GPU_UNROLL
        for (int e = 0; e < V; ++e) {
          const float d = gpu::mul(t[i][e], s);
          dw[i][e] = gpu::fma(d, x[i][e], dw[i][e]);
          t[i][e] = gpu::mul(d, w[i][e]);
          sum = gpu::fma(t[i][e], x[i][e], sum);
        }
      }
      sum = row_sum(sum, part + place * (row_threads / 32) * 2, count, place, row_threads);
      if (!inside) continue;
      // With n = x s: dx = (dy w - n mean(dy w n)) s, and t is dy w s.
      const float back = gpu::mul(gpu::mul(gpu::mul(sum, over_cols), s), s);
      T* dx = a.dx + row * a.lddx;
      GPU_UNROLL
      for (int i = 0; i < P; ++i) {
        const int at = (first + i * row_threads) * V;
        GPU_UNROLL
        for (int e = 0; e < V; ++e) t[i][e] = gpu::fma(x[i][e], -back, t[i][e]);
        if (a.accumulate) {
          float old[V];
          to_floats<T>(old, load_pack<Aligned>(static_cast<const T*>(dx), at, a.cols));
          GPU_UNROLL
          for (int e = 0; e < V; ++e) t[i][e] = gpu::add(old[e], t[i][e]);
        }
        store_pack<Aligned>(dx, at, a.cols, to_pack(t[i], dx));
      }
    }
    // The chunk's share: dw of the rows held at once, added in the order of their places.
    float* share = a.share + chunk * a.cols;
    const int columns = row_threads * P * V;
    if (together > 1) gpu::sync();  // all have read what the last chunk left in `fold`
    GPU_UNROLL
    for (int i = 0; i < P; ++i) {
      GPU_UNROLL
      for (int e = 0; e < V; e += 4) {
        const int at = (first + i * row_threads) * V + e;
        const gpu::Vec<float, 4> four{{dw[i][e], dw[i][e + 1], dw[i][e + 2], dw[i][e + 3]}};
        if (together > 1)
          gpu::store_vec(fold + place * columns + at, four);
        else
          store_pack<Aligned>(share, at, a.cols, four);
        dw[i][e] = dw[i][e + 1] = dw[i][e + 2] = dw[i][e + 3] = 0;
      }
    }
    if (together == 1) continue;
    gpu::sync();
    for (int at = gpu::tid() * 4; at < columns; at += Threads * 4) {
      auto sum = gpu::load_vec<4>(static_cast<const float*>(fold) + at);
      for (int r = 1; r < together; ++r) {
        const auto more = gpu::load_vec<4>(static_cast<const float*>(fold) + r * columns + at);
        GPU_UNROLL
        for (int e = 0; e < 4; ++e) sum[e] = gpu::add(sum[e], more[e]);
      }
      store_pack<Aligned>(share, at, a.cols, sum);
    }
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
  sum = dw[c];
  for (int k = 0; k < groups; ++k) sum = gpu::add(sum, part[k * kColumns + x]);
  dw[c] = sum;
}

}  // namespace r1::cuda
