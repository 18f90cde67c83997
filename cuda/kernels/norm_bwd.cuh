// RMSNorm backward for rows that registers hold: dx, and dw by shares of kNormChunk rows that a second kernel adds in
// order. So dw has the same bits run to run, whatever the chip. Paper: [V3 §2.1.1].
#pragma once
#include "common/row.cuh"
#include "kernels/norm_wide.cuh"

namespace r1::cuda {

/// Slots of the ring in shared memory that cp.async fills with rows, the one in work among them.
template <int Threads>
constexpr int kRing = Threads == 256 ? 3 : 2;
/// What a thread has of a row stays in its registers as floats between the sum and dx, and so do its weights; more than
/// that is read again from shared memory.
template <class T, int P>
constexpr bool kKeep = P* kPack<T> <= 16;
/// Blocks on a multiprocessor.
template <int P, int Threads>
constexpr int kBackBlocks = Threads == 512 ? 1
                            : P == 4       ? 2
                                           : 4;
/// The ring of x and dy; the weights of a row, if not kept; and a pack of floats of each thread's dw, where more than
/// one row is held at once. The fewer threads a row has, the fewer weights, and only then is there more than one.
template <class T, int P, bool Aligned, int Threads>
constexpr size_t kBackSmem = size_t{16} * Threads*(Aligned ? kRing<Threads> * 2 * P : 0) +
                             (kKeep<T, P> ? size_t{4} * Threads * kPack<T> : size_t{16} * Threads * P);

/// What the threads of a row sum, in each of them. `sums` is for this row and turn: a float a warp of the row, four at
/// least, zero where there is no warp.
GPU_DEVICE float row_sum(float v, float* sums, int place, int row_threads) {
  const int warps = row_threads / 32;
  v = warp_sum(v);
  if (warps == 1) return v;
  if (gpu::lane() == 0) sums[gpu::warp() - place * warps] = v;
  gpu::bar_sync(1 + place, row_threads);
  if (warps <= 4) {
    const auto four = gpu::load_vec<4>(static_cast<const float*>(sums));
    return gpu::add(gpu::add(four[0], four[1]), gpu::add(four[2], four[3]));
  }
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

/// A block has a chunk: Threads / T rows at once, T threads a row and P packs a thread; those who share a row wait for
/// one another alone. Aligned rows travel through the ring, each thread its own packs.
template <class T, int P, bool Aligned, int Threads>
GPU_KERNEL(Threads, Aligned ? kBackBlocks<P, Threads> : 1)
void rmsnorm_bwd_kernel(NormBackward<T> a, int row_threads) {
  constexpr int V = kPack<T>, kSlots = kRing<Threads>, kKept = kKeep<T, P> ? P : 1;
  gpu::griddep_launch();
  SMEM(float, part, 32);
  DSMEM(Pack<T>, ring);                                                // [slots, x and dy, P, threads]
  Pack<T>* weights = ring + (Aligned ? kSlots * 2 * P * Threads : 0);  // of a row, if not kept
  float* fold = reinterpret_cast<float*>(weights + (kKeep<T, P> ? 0 : P * row_threads));  // [threads, a pack]
  const int first = gpu::tid() % row_threads, place = gpu::tid() / row_threads, together = Threads / row_threads;
  const float over_cols = gpu::div(1.0f, float(a.cols));
  const int64_t row = int64_t(gpu::block_idx().x) * kNormChunk + place;
  const T *x = a.x + row * a.ldx + first * V, *dy = a.dy + row * a.lddy + first * V;  // of the row to fetch next
  T* dx = a.dx + row * a.lddx + first * V;
  const float* rstd = a.rstd + row;
  int left = int(a.rows - row < kNormChunk - place ? a.rows - row : kNormChunk - place);  // rows to the chunk's end
  const auto columns = [&](int i) { return a.cols - (first + i * row_threads) * V; };     // from the pack's first on
  const auto next_row = [&] { x += together * int(a.ldx), dy += together * int(a.lddy); };
  const auto fetch = [&](int slot, int turns) {  // the row of so many turns on
    Pack<T>* to = ring + slot * 2 * P * Threads + gpu::tid();
    GPU_UNROLL
    for (int i = 0; i < P; ++i) {
      const int bytes = left > turns * together && columns(i) > 0 ? 16 : 0;
      gpu::cp_async<16>(to + i * Threads, x + i * row_threads * V, bytes);
      gpu::cp_async<16>(to + (P + i) * Threads, dy + i * row_threads * V, bytes);
    }
    gpu::cp_async_commit();
    next_row();
  };
  if constexpr (Aligned) {
    for (int k = 0; k < kSlots - 1; ++k) fetch(k, k);
  }
  float own[kKept][V];  // weights
  GPU_UNROLL
  for (int i = 0; i < P; ++i) {
    const auto w = load_pack<Aligned>(a.w, (first + i * row_threads) * V, a.cols);
    if constexpr (kKeep<T, P>) {
      to_floats<T>(own[i], w);
    } else if (place == 0) {
      weights[first + i * row_threads] = w;
    }
  }
  if (gpu::tid() < 32) part[gpu::tid()] = 0;
  gpu::sync();
  float s_next = left > 0 ? *rstd : 0.0f, dw[P][V] = {};
  float* sums = part + place * 2 * (row_threads < 128 ? 4 : row_threads / 32);
  int slot = 0;
  for (int turn = 0; turn < int(kNormChunk) / together; ++turn) {
    const auto bring = [&](int i, float(&u)[V], float(&d)[V]) {  // a pack of x and dy as floats
      if constexpr (Aligned) {
        const Pack<T>* from = ring + (slot * 2 * P + i) * Threads + gpu::tid();
        to_floats<T>(u, from[0]);
        to_floats<T>(d, from[P * Threads]);
      } else {
        to_floats<T>(u, load_pack<Aligned>(x, i * row_threads * V, left > 0 ? i * row_threads * V + columns(i) : 0));
        to_floats<T>(d, load_pack<Aligned>(dy, i * row_threads * V, left > 0 ? i * row_threads * V + columns(i) : 0));
      }
    };
    const auto weight = [&](int i, float(&v)[V]) {
      if constexpr (kKeep<T, P>) {
        GPU_UNROLL
        for (int e = 0; e < V; ++e) v[e] = own[i][e];
      } else {
        to_floats<T>(v, weights[first + i * row_threads]);
      }
    };
    float u[kKept][V], d[kKept][V], v[V];
    if constexpr (Aligned) gpu::cp_async_wait<kSlots - 2>();
    const float s = s_next;
    rstd += together;
    s_next = left > together ? *rstd : 0.0f;
    float sum = 0;
    GPU_UNROLL
    for (int i = 0; i < P; ++i) {
      const int k = kKept == P ? i : 0;
      bring(i, u[k], d[k]);
      weight(i, v);
      GPU_UNROLL
      for (int e = 0; e < V; ++e) {
        d[k][e] = gpu::mul(d[k][e], s);
        dw[i][e] = gpu::fma(d[k][e], u[k][e], dw[i][e]);
        sum = gpu::fma(gpu::mul(d[k][e], v[e]), u[k][e], sum);
      }
    }
    if constexpr (Aligned)
      fetch(slot == 0 ? kSlots - 1 : slot - 1, kSlots - 1);  // into the slot that was done with a turn ago
    sum = row_sum(sum, sums + (turn & 1) * (row_threads < 128 ? 4 : row_threads / 32), place, row_threads);
    // With n = x s: dx = (dy w - n mean(dy w n)) s = dy s w - x back.
    const float back = gpu::mul(gpu::mul(gpu::mul(sum, over_cols), s), s);
    GPU_UNROLL
    for (int i = 0; i < P; ++i) {
      const int at = i * row_threads * V, end = left > 0 ? at + columns(i) : 0, k = kKept == P ? i : 0;
      if constexpr (!kKeep<T, P>) {
        bring(i, u[k], d[k]);
        GPU_UNROLL
        for (int e = 0; e < V; ++e) d[k][e] = gpu::mul(d[k][e], s);
      }
      weight(i, v);
      GPU_UNROLL
      for (int e = 0; e < V; ++e) d[k][e] = gpu::fma(u[k][e], -back, gpu::mul(d[k][e], v[e]));
      if (a.accumulate) {
        to_floats<T>(u[k], load_pack<Aligned>(static_cast<const T*>(dx), at, end));
        GPU_UNROLL
        for (int e = 0; e < V; ++e) d[k][e] = gpu::add(u[k][e], d[k][e]);
      }
      store_pack<Aligned>(dx, at, end, to_pack(d[k], dx));
    }
    if constexpr (!Aligned) next_row();
    dx += together * int(a.lddx), left -= together;
    slot = slot + 1 == kSlots ? 0 : slot + 1;
  }
  put_share<P, Aligned>(a.share + int64_t(gpu::block_idx().x) * a.cols, a.cols, dw, fold, row_threads, together);
  if constexpr (Aligned) gpu::cp_async_wait<0>();
}

/// dw [cols] += the shares of all chunks. A block has C columns; 32 / C groups of lanes a warp each add up a run of
/// chunks in order, then a warp a column adds the runs' sums, by a fixed tree. May start before the shares are there.
template <int C>
GPU_KERNEL(1024)
void add_shares_kernel(float* dw, const float* share, int chunks, int cols, int run) {
  constexpr int kGroups = 32 / C, kAtOnce = C == 32 ? 16 : 8, kStride = C + 1;  // neither rows nor columns share a bank
  SMEM(float, part, 32 * kGroups * kStride);
  const int warps = gpu::block_size() / 32, group = gpu::warp() * kGroups + gpu::lane() / C, x = gpu::lane() % C;
  const int first = int(gpu::block_idx().x) * C, c = first + x;
  const int begin = group * run, end = begin + run < chunks ? begin + run : chunks;
  const auto before = [&](int k) { return gpu::lane() == 0 && k < C && first + k < cols ? dw[first + k] : 0.0f; };
  gpu::griddep_wait();
  float sum = 0, old = before(gpu::warp());
  for (int k = begin; k < end; k += kAtOnce) {
    float v[kAtOnce];
    GPU_UNROLL
    for (int j = 0; j < kAtOnce; ++j) v[j] = c < cols && k + j < end ? share[int64_t(k + j) * cols + c] : 0.0f;
    GPU_UNROLL
    for (int j = 0; j < kAtOnce; ++j) sum = gpu::add(sum, v[j]);
  }
  part[group * kStride + x] = sum;
  gpu::sync();
  for (int k = gpu::warp(); k < C; k += warps) {
    float total = 0;
    for (int y = gpu::lane(); y < warps * kGroups; y += 32) total = gpu::add(total, part[y * kStride + k]);
    total = warp_sum(total);
    if (gpu::lane() == 0 && first + k < cols) dw[first + k] = gpu::add(old, total);
    old = before(k + warps);
  }
}

}  // namespace r1::cuda
