// Twins of kernels/norm.h. Forward: a row stays in registers between its sum and its scaling: one read, one write.
// Backward: a block walks kNormChunk rows, keeps their share of dw in registers and writes it once; a second kernel
// adds the shares in order. So dw has the same bits run to run, whatever the chip. Paper: [V3 §2.1.1].
#include "kernels/norm.h"

#include "common/row.cuh"

namespace r1::cuda {

namespace {

template <class T>
struct NormForward {
  T* y;
  int64_t ldy;
  float* rstd;
  const T *x, *w;
  int64_t ldx;
  T* h;        ///< with a residual: x + r, dense
  const T* r;  ///< dense
  int64_t rows;
  int cols;
  float eps;
};

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

template <class T>
struct NormBackward {
  T* dx;
  float* share;  ///< [chunks, cols]
  const T *dy, *x, *w;
  const float* rstd;
  int64_t lddx, lddy, ldx, rows;
  int cols;
  bool accumulate;
};

constexpr int kBackThreads = 512;

/// A block of 512 threads holds 512 / T rows at once, T threads a row, and walks its chunk in step: one barrier a turn.
template <class T, int P, bool Aligned>
GPU_KERNEL(kBackThreads, P == 1 && Aligned ? 2 : 1)
void rmsnorm_bwd_kernel(NormBackward<T> a, int row_threads) {
  constexpr int V = kPack<T>;
  // The next rows travel while these are summed, and a row is kept for its second pass, unless registers are full.
  constexpr bool kAhead = P == 1 || (P == 2 && Aligned), kKeep = P < 4;
  SMEM(float, part, 2 * (kBackThreads / 32));
  DSMEM(float, fold);  // [rows at once - 1, cols]
  const int first = gpu::tid() % row_threads, place = gpu::tid() / row_threads, together = kBackThreads / row_threads;
  const int warps = row_threads / 32, first_warp = place * warps;
  const int64_t begin = int64_t(gpu::block_idx().x) * kNormChunk;
  const int64_t end = begin + kNormChunk < a.rows ? begin + kNormChunk : a.rows;
  float dw[P][V] = {};
  Pack<T> px[P], pd[P], own_w{};
  const auto load = [&](int64_t row) {
    GPU_UNROLL
    for (int i = 0; i < P; ++i) {
      const int at = (first + i * row_threads) * V;
      px[i] = load_pack<Aligned>(a.x + row * a.ldx, at, row < end ? a.cols : 0);
      pd[i] = load_pack<Aligned>(a.dy + row * a.lddy, at, row < end ? a.cols : 0);
    }
  };
  if (P == 1) own_w = load_pack<Aligned>(a.w, first * V, a.cols);
  const auto weights = [&](int i) {  // more than one pack would not fit in registers
    return P == 1 ? own_w : load_pack<Aligned>(a.w, (first + i * row_threads) * V, a.cols);
  };
  if (kAhead) load(begin + place);
  int turn = 0;
  for (int64_t base = begin; base < end; base += together, turn ^= 1) {
    const int64_t row = base + place;
    const float s = row < end ? a.rstd[row] : 0.0f;
    if (!kAhead && kKeep) load(row);
    Pack<T> cx[P], cd[P];
    GPU_UNROLL
    for (int i = 0; i < P; ++i) cx[i] = px[i], cd[i] = pd[i];
    if (kAhead && base + together < end) load(row + together);
    const auto x_pack = [&](int i) {
      return kKeep ? cx[i]
                   : load_pack<Aligned>(a.x + row * a.ldx, (first + i * row_threads) * V, row < end ? a.cols : 0);
    };
    const auto dy_pack = [&](int i) {
      return kKeep ? cd[i]
                   : load_pack<Aligned>(a.dy + row * a.lddy, (first + i * row_threads) * V, row < end ? a.cols : 0);
    };
    float sum = 0;
    GPU_UNROLL
    for (int i = 0; i < P; ++i) {
      float n[V], d[V], w[V];
      to_floats<T>(n, x_pack(i));
      to_floats<T>(d, dy_pack(i));
      to_floats<T>(w, weights(i));
      GPU_UNROLL
      for (int e = 0; e < V; ++e) {
        n[e] = gpu::mul(n[e], s);
        dw[i][e] = gpu::fma(d[e], n[e], dw[i][e]);
        sum = gpu::fma(gpu::mul(d[e], w[e]), n[e], sum);
      }
    }
    sum = warp_sum(sum);
    if (warps > 1) {  // the same in all threads of the block
      if (gpu::lane() == 0) part[16 * turn + gpu::warp()] = sum;
      gpu::sync();
      sum = 0;
      for (int k = 0; k < warps; ++k) sum = gpu::add(sum, part[16 * turn + first_warp + k]);
    }
    if (row >= end) continue;
    const float mean = gpu::mul(gpu::div(sum, float(a.cols)), s);  // times s: dx = (dy w - x mean) s
    T* dx = a.dx + row * a.lddx;
    GPU_UNROLL
    for (int i = 0; i < P; ++i) {
      const int at = (first + i * row_threads) * V;
      float x[V], d[V], w[V];
      to_floats<T>(x, x_pack(i));
      to_floats<T>(d, dy_pack(i));
      to_floats<T>(w, weights(i));
      GPU_UNROLL
      for (int e = 0; e < V; ++e) d[e] = gpu::mul(gpu::fma(x[e], -mean, gpu::mul(d[e], w[e])), s);
      if (a.accumulate) {
        float old[V];
        to_floats<T>(old, load_pack<Aligned>(static_cast<const T*>(dx), at, a.cols));
        GPU_UNROLL
        for (int e = 0; e < V; ++e) d[e] = gpu::add(old[e], d[e]);
      }
      store_pack<Aligned>(dx, at, a.cols, to_pack(d, dx));
    }
  }
  // The shares of rows held at once, added in the order of their places.
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

template <class T>
RowShape norm_shape(int64_t cols, int preferred) {
  const RowShape s = row_shape<T>(cols, preferred, 512);
  R1_CHECK(s.packs <= 4, "rmsnorm on the device: cols = ", cols, ", expected at most ", 512 * 4 * kPack<T>);
  return s;
}

template <bool Residual, class T>
void forward(const Exec& ex, const NormForward<T>& a) {
  if (a.rows == 0 || a.cols == 0) return;
  const RowShape s = norm_shape<T>(a.cols, 4);
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
  const int64_t packs = ceil_div(a.cols, kPack<T>);
  int threads = 32, each = 1;  // a row: as many threads as packs, up to the block
  while (threads < kBackThreads && threads < packs) threads *= 2;
  while (int64_t{threads} * each < packs) each *= 2;
  R1_CHECK(each <= 4, "rmsnorm_bwd on the device: cols = ", a.cols, ", expected at most ", kBackThreads * 4 * kPack<T>);
  const bool aligned = packs_fit(b.x, b.ldx, a.cols) && packs_fit(b.dy, b.lddy, a.cols) &&
                       packs_fit(b.dx, b.lddx, a.cols) && packs_fit(b.w, 0, a.cols);
  const int64_t chunks = ceil_div(a.rows, kNormChunk), together = kBackThreads / threads;
  const gpu::Launch at{.name = "rmsnorm_bwd",
                       .grid = chunks,
                       .block = kBackThreads,
                       .smem = together > 1 ? size_t(together - 1) * size_t(a.cols) * sizeof(float) : 16,
                       .stream = ex.stream};
  with_packs(each, [&](auto p) {
    constexpr int P = decltype(p)::value;
    if (aligned)
      gpu::launch(at, rmsnorm_bwd_kernel<T, P, true>, b, threads);
    else if constexpr (P < 4 || sizeof(T) == 4)
      gpu::launch(at, rmsnorm_bwd_kernel<T, P, false>, b, threads);
    else  // would spill registers
      fail("rmsnorm_bwd on the device: cols = ", a.cols, " in rows not aligned to 16 bytes, expected at most ",
           kBackThreads * 2 * kPack<T>);
  });
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
