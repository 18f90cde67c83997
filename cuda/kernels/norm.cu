// Twins of kernels/norm.h. Forward: a row stays in registers between its sum and its scaling: one read, one write.
// Backward: a block walks kNormChunk rows, keeps their share of dw in registers and writes it once; a second kernel
// adds the shares in order. So dw has the same bits run to run, whatever the chip. Paper: [V3 §2.1.1].
#include "kernels/norm.h"

#include "common/row.cuh"
#include "kernels/norm_wide.cuh"

namespace r1::cuda {

namespace {

template <class T, int P, bool Residual, bool Aligned>
GPU_KERNEL(512)
void rmsnorm_fwd_kernel(NormForward<T> a) {
  constexpr int V = kPack<T>;
  SMEM(float, part, 32);
  const int64_t row = int64_t(gpu::block_idx().x) * gpu::block_dim().y + gpu::thread_idx().y;
  if (row >= a.rows) return;  // only where a warp holds a row, and then there is no barrier
  const int threads = int(gpu::block_dim().x), first = int(gpu::thread_idx().x);
  const T* x = a.x + row * a.ldx;
  Pack<T> p[P];
  GPU_UNROLL
  for (int i = 0; i < P; ++i) p[i] = load_pack<Aligned>(x, (first + i * threads) * V, a.cols);
  if constexpr (Residual) {
    Pack<T> q[P];
    GPU_UNROLL
    for (int i = 0; i < P; ++i) q[i] = load_pack<Aligned>(a.r + row * a.cols, (first + i * threads) * V, a.cols);
    GPU_UNROLL
    for (int i = 0; i < P; ++i) {
      float u[V], v[V];
      to_floats<T>(u, p[i]);
      to_floats<T>(v, q[i]);
      GPU_UNROLL
      for (int e = 0; e < V; ++e) u[e] = gpu::add(u[e], v[e]);
      p[i] = to_pack(u, x);
      store_pack<Aligned>(a.h + row * a.cols, (first + i * threads) * V, a.cols, p[i]);
    }
  }
  float sum = 0;
  GPU_UNROLL
  for (int i = 0; i < P; ++i) {
    float u[V];
    to_floats<T>(u, p[i]);
    GPU_UNROLL
    for (int e = 0; e < V; ++e) sum = gpu::fma(u[e], u[e], sum);
  }
  sum = group_sum(sum, part, row_group());
  const float s = gpu::div(1.0f, gpu::sqrt(gpu::add(gpu::div(sum, float(a.cols)), a.eps)));
  if (a.rstd && first == 0) a.rstd[row] = s;
  GPU_UNROLL
  for (int i = 0; i < P; ++i) {
    const int at = (first + i * threads) * V;
    float u[V], v[V];
    to_floats<T>(u, p[i]);
    to_floats<T>(v, load_pack<Aligned>(a.w, at, a.cols));
    GPU_UNROLL
    for (int e = 0; e < V; ++e) u[e] = gpu::mul(gpu::mul(u[e], s), v[e]);
    store_pack<Aligned>(a.y + row * a.ldy, at, a.cols, to_pack(u, x));
  }
}

/// Rows under way a thread while one is worked on: a ring in shared memory, filled by cp.async.
template <int P, int Threads>
constexpr int kRing = P == 4           ? 2
                      : Threads == 512 ? 3
                                       : 4;
template <int P, bool Aligned, int Threads>
constexpr size_t kBackSmem = size_t{16} * P* Threads*(1 + (Aligned ? 2 * kRing<P, Threads> : 0));

/// A block holds Threads / T rows at once, T threads a row and P packs a thread, and walks its chunk in step: one
/// barrier a turn. Aligned rows travel through the ring, each thread its own packs, so it waits for nobody.
template <class T, int P, bool Aligned, int Threads>
GPU_KERNEL(Threads, Threads == 256 && Aligned ? 3 : 1)
void rmsnorm_bwd_kernel(NormBackward<T> a, int row_threads) {
  constexpr int V = kPack<T>;
  constexpr int kSlots = kRing<P, Threads>;
  SMEM(float, part, 2 * (Threads / 32));
  SMEM(float, scales, kNormChunk);
  // Weights and scales wait in shared memory: read from global memory they would queue behind the rows under way.
  DSMEM(Pack<T>, weights);  // of a row; then the ring [slots, x and dy, P, threads]
  const int first = gpu::tid() % row_threads, place = gpu::tid() / row_threads, together = Threads / row_threads;
  const int warps = row_threads / 32;
  const int64_t begin = int64_t(gpu::block_idx().x) * kNormChunk;
  const int64_t end = begin + kNormChunk < a.rows ? begin + kNormChunk : a.rows;
  const float over_cols = gpu::div(1.0f, float(a.cols));
  Pack<T>* ring = weights + P * row_threads;
  float* fold = reinterpret_cast<float*>(ring);  // at the end: [rows at once - 1, cols]
  float dw[P][V] = {};
  const auto slot_of = [&](int slot, int which, int i) {
    return ring + ((slot * 2 + which) * P + i) * Threads + gpu::tid();
  };
  const auto fetch = [&](int64_t row, int slot) {
    GPU_UNROLL
    for (int i = 0; i < P; ++i) {
      const int at = (first + i * row_threads) * V;
      const bool here = row < end && at < a.cols;
      gpu::cp_async<16>(slot_of(slot, 0, i), here ? a.x + row * a.ldx + at : a.x, here ? 16 : 0);
      gpu::cp_async<16>(slot_of(slot, 1, i), here ? a.dy + row * a.lddy + at : a.dy, here ? 16 : 0);
    }
  };
  if (gpu::tid() < kNormChunk) scales[gpu::tid()] = begin + gpu::tid() < end ? a.rstd[begin + gpu::tid()] : 0.0f;
  if (place == 0) {
    GPU_UNROLL
    for (int i = 0; i < P; ++i)
      weights[first + i * row_threads] = load_pack<Aligned>(a.w, (first + i * row_threads) * V, a.cols);
  }
  if constexpr (Aligned) {
    for (int k = 0; k < kSlots - 1; ++k) {
      fetch(begin + place + k * together, k);
      gpu::cp_async_commit();
    }
  }
  gpu::sync();
  int turn = 0, slot = 0;
  for (int64_t base = begin; base < end; base += together, turn ^= 1) {
    const int64_t row = base + place;
    const float s = scales[row - begin];
    Pack<T> cx[P], cd[P];
    if constexpr (Aligned) {
      gpu::cp_async_wait<kSlots - 2>();
      GPU_UNROLL
      for (int i = 0; i < P; ++i) cx[i] = *slot_of(slot, 0, i), cd[i] = *slot_of(slot, 1, i);
      // Into the slot that was read a turn ago.
      fetch(row + (kSlots - 1) * together, (slot + kSlots - 1) % kSlots);
      gpu::cp_async_commit();
      slot = slot + 1 == kSlots ? 0 : slot + 1;
    } else {
      GPU_UNROLL
      for (int i = 0; i < P; ++i) {
        const int at = (first + i * row_threads) * V;
        cx[i] = load_pack<Aligned>(a.x + row * a.ldx, at, row < end ? a.cols : 0);
        cd[i] = load_pack<Aligned>(a.dy + row * a.lddy, at, row < end ? a.cols : 0);
      }
    }
    float sum = 0;
    GPU_UNROLL
    for (int i = 0; i < P; ++i) {
      float x[V], d[V], w[V];
      to_floats<T>(x, cx[i]);
      to_floats<T>(d, cd[i]);
      to_floats<T>(w, weights[first + i * row_threads]);
      GPU_UNROLL
      for (int e = 0; e < V; ++e) {
        dw[i][e] = gpu::fma(gpu::mul(d[e], s), x[e], dw[i][e]);
        sum = gpu::fma(gpu::mul(d[e], w[e]), x[e], sum);
      }
    }
    sum = warp_sum(sum);
    if (warps > 1) {  // the same in all threads of the block
      float* sums = part + turn * (Threads / 32);
      if (gpu::lane() == 0) sums[gpu::warp()] = sum;
      gpu::sync();
      sum = 0;
      for (int k = 0; k < warps; k += 2) {
        const auto two = gpu::load_vec<2>(static_cast<const float*>(sums) + place * warps + k);
        sum = gpu::add(gpu::add(sum, two[0]), two[1]);
      }
    }
    if (row >= end) continue;
    // With n = x s: dx = (dy w - n mean(dy w n)) s.
    const float back = gpu::mul(gpu::mul(gpu::mul(sum, over_cols), s), s);
    T* dx = a.dx + row * a.lddx;
    GPU_UNROLL
    for (int i = 0; i < P; ++i) {
      const int at = (first + i * row_threads) * V;
      float x[V], d[V], w[V];
      to_floats<T>(x, cx[i]);
      to_floats<T>(d, cd[i]);
      to_floats<T>(w, weights[first + i * row_threads]);
      GPU_UNROLL
      for (int e = 0; e < V; ++e) d[e] = gpu::mul(gpu::fma(x[e], -back, gpu::mul(d[e], w[e])), s);
      if (a.accumulate) {
        float old[V];
        to_floats<T>(old, load_pack<Aligned>(static_cast<const T*>(dx), at, a.cols));
        GPU_UNROLL
        for (int e = 0; e < V; ++e) d[e] = gpu::add(old[e], d[e]);
      }
      store_pack<Aligned>(dx, at, a.cols, to_pack(d, dx));
    }
  }
  // The shares of rows held at once, added in the order of their places. They lie where the ring was.
  if constexpr (Aligned) gpu::cp_async_wait<0>();
  gpu::sync();
  GPU_UNROLL
  for (int i = 0; i < P; ++i) {
    GPU_UNROLL
    for (int e = 0; e < V; ++e) {
      const int c = (first + i * row_threads) * V + e;
      if (place > 0 && c < a.cols) fold[(place - 1) * a.cols + c] = dw[i][e];
    }
  }
  if (together > 1) gpu::sync();
  if (place > 0) return;
  GPU_UNROLL
  for (int i = 0; i < P; ++i) {
    GPU_UNROLL
    for (int e = 0; e < V; ++e) {
      const int c = (first + i * row_threads) * V + e;
      if (c >= a.cols) continue;
      float sum = dw[i][e];
      for (int r = 1; r < together; ++r) sum = gpu::add(sum, fold[(r - 1) * a.cols + c]);
      a.share[int64_t(gpu::block_idx().x) * a.cols + c] = sum;
    }
  }
}

/// dw [cols] += the shares of all chunks: 32 threads a column take a run of chunks each, then their sums in order.
GPU_KERNEL(1024) void add_shares_kernel(float* dw, const float* share, int chunks, int cols) {
  SMEM(float, part, 1024);
  const int c = int(gpu::block_idx().x) * 32 + int(gpu::thread_idx().x), y = int(gpu::thread_idx().y);
  const int run = (chunks + 31) / 32, end = (y + 1) * run < chunks ? (y + 1) * run : chunks;
  float sum = 0;
  if (c < cols) {
    for (int k = y * run; k < end; ++k) sum = gpu::add(sum, share[int64_t(k) * cols + c]);
  }
  part[y * 32 + gpu::thread_idx().x] = sum;
  gpu::sync();
  if (y > 0 || c >= cols) return;
  sum = dw[c];
  for (int k = 0; k < 32; ++k) sum = gpu::add(sum, part[k * 32 + gpu::thread_idx().x]);
  dw[c] = sum;
}

template <bool Residual, class T>
void forward(const Exec& ex, const NormForward<T>& a) {
  if (a.rows == 0 || a.cols == 0) return;
  const RowShape s = row_shape<T>(a.cols, 4, 512);
  if (s.packs > 4) {
    gpu::launch({.name = "rmsnorm_fwd_wide", .grid = a.rows, .block = kWideThreads, .stream = ex.stream},
                rmsnorm_fwd_wide_kernel<T, Residual>, a);
    return;
  }
  const bool aligned = packs_fit(a.x, a.ldx, a.cols) && packs_fit(a.y, a.ldy, a.cols) && packs_fit(a.w, 0, a.cols) &&
                       (!Residual || (packs_fit(a.h, a.cols, a.cols) && packs_fit(a.r, a.cols, a.cols)));
  const gpu::Launch at{.name = "rmsnorm_fwd",
                       .grid = ceil_div(a.rows, s.rows),
                       .block = {s.threads, uint32_t(s.rows)},
                       .stream = ex.stream};
  with_packs(s.packs, [&](auto p) {
    if (aligned)
      gpu::launch(at, rmsnorm_fwd_kernel<T, decltype(p)::value, Residual, true>, a);
    else
      gpu::launch(at, rmsnorm_fwd_kernel<T, decltype(p)::value, Residual, false>, a);
  });
}

template <class T>
void launch_back(const Exec& ex, const NormBackward<T>& b, int threads, int each) {
  const bool aligned = packs_fit(b.x, b.ldx, b.cols) && packs_fit(b.dy, b.lddy, b.cols) &&
                       packs_fit(b.dx, b.lddx, b.cols) && packs_fit(b.w, 0, b.cols);
  const int block = threads > 256 ? 512 : 256, together = block / threads;
  const size_t fold = size_t(each) * size_t(threads) * 16 + size_t(together - 1) * size_t(b.cols) * sizeof(float);
  gpu::Launch at{.name = "rmsnorm_bwd", .grid = ceil_div(b.rows, kNormChunk), .block = block, .stream = ex.stream};
  const auto run = [&](auto kernel, size_t ring) {
    at.smem = ring > fold ? ring : fold;
    gpu::launch(at, kernel, b, threads);
  };
  const auto choose = [&](auto a) {
    constexpr bool kAligned = decltype(a)::value;
    if constexpr (sizeof(T) == 4)
      if (each == 4) return run(rmsnorm_bwd_kernel<T, 4, kAligned, 512>, kBackSmem<4, kAligned, 512>);
    if (block == 512) return run(rmsnorm_bwd_kernel<T, 2, kAligned, 512>, kBackSmem<2, kAligned, 512>);
    if (each == 1) return run(rmsnorm_bwd_kernel<T, 1, kAligned, 256>, kBackSmem<1, kAligned, 256>);
    run(rmsnorm_bwd_kernel<T, 2, kAligned, 256>, kBackSmem<2, kAligned, 256>);
  };
  if (aligned)
    choose(std::true_type{});
  else
    choose(std::false_type{});
}

template <class T, class Args, class Grads>
void backward(const Exec& ex, const Args& a, const Grads& g) {
  if (a.rows == 0 || a.cols == 0) return;
  const size_t need = rmsnorm_bwd_workspace(a.rows, a.cols);
  R1_CHECK(ex.workspace_bytes >= need, "rmsnorm_bwd: workspace of ", ex.workspace_bytes, " bytes, expected ", need);
  NormBackward<T> b{dev(g.dx),   reinterpret_cast<float*>(ex.workspace),
                    dev(g.dy),   dev(a.x),
                    dev(a.w),    g.rstd,
                    g.lddx,      g.lddy,
                    a.ldx,       a.rows,
                    int(a.cols), g.accumulate};
  const int64_t packs = ceil_div(a.cols, kPack<T>), chunks = ceil_div(a.rows, kNormChunk);
  int threads = 32;  // a row: two packs a thread, one where a warp is enough
  while (threads < 512 && threads * 2 < packs) threads *= 2;
  const int each = packs <= threads ? 1 : packs <= 2 * threads ? 2 : 4;
  if (packs > (sizeof(T) == 4 ? 2048 : 1024)) {
    R1_CHECK(chunks < 65536, "rmsnorm_bwd on the device: ", a.rows, " rows of ", a.cols, ", expected fewer than 2^21");
    gpu::launch({.name = "rmsnorm_bwd_wide", .grid = a.rows, .block = kWideThreads, .stream = ex.stream},
                rmsnorm_bwd_wide_kernel<T>, b);
    gpu::launch({.name = "rmsnorm_share_wide",
                 .grid = {ceil_div(a.cols, 256), uint32_t(chunks)},
                 .block = 256,
                 .stream = ex.stream},
                rmsnorm_share_wide_kernel<T>, b);
  } else {
    launch_back(ex, b, threads, each);
  }
  gpu::launch({.name = "rmsnorm_bwd_dw", .grid = ceil_div(a.cols, 32), .block = {32, 32}, .stream = ex.stream},
              add_shares_kernel, g.dw, b.share, int(chunks), int(a.cols));
}

}  // namespace

void rmsnorm_fwd(const Exec& ex, float* y, int64_t ldy, float* rstd, const RmsNormArgs& a) {
  forward<false>(ex, NormForward<float>{y, ldy, rstd, a.x, a.w, a.ldx, nullptr, nullptr, a.rows, int(a.cols), a.eps});
}
void rmsnorm_fwd(const Exec& ex, bf16* y, int64_t ldy, float* rstd, const RmsNormArgsOf<bf16>& a) {
  forward<false>(ex, NormForward<gpu::bf16>{dev(y), ldy, rstd, dev(a.x), dev(a.w), a.ldx, nullptr, nullptr, a.rows,
                                            int(a.cols), a.eps});
}
void rmsnorm_residual_fwd(const Exec& ex, float* y, int64_t ldy, float* rstd, float* h, const float* r,
                          const RmsNormArgs& a) {
  forward<true>(ex, NormForward<float>{y, ldy, rstd, a.x, a.w, a.ldx, h, r, a.rows, int(a.cols), a.eps});
}
void rmsnorm_residual_fwd(const Exec& ex, bf16* y, int64_t ldy, float* rstd, bf16* h, const bf16* r,
                          const RmsNormArgsOf<bf16>& a) {
  forward<true>(ex, NormForward<gpu::bf16>{dev(y), ldy, rstd, dev(a.x), dev(a.w), a.ldx, dev(h), dev(r), a.rows,
                                           int(a.cols), a.eps});
}
void rmsnorm_bwd(const Exec& ex, const RmsNormArgs& a, const RmsNormGrads& g) { backward<float>(ex, a, g); }
void rmsnorm_bwd(const Exec& ex, const RmsNormArgsOf<bf16>& a, const RmsNormGradsOf<bf16>& g) {
  backward<gpu::bf16>(ex, a, g);
}

}  // namespace r1::cuda
