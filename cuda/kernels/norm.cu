// Twins of kernels/norm.h. Forward: a row stays in registers between its sum and its scaling: one read, one write.
// Backward: a block walks kNormChunk rows, keeps their share of dw in registers and writes it once; a second kernel adds
// the shares in order. So dw has the same bits run to run, whatever the chip. Paper: [V3 §2.1.1].
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
GPU_KERNEL(512) void rmsnorm_fwd_kernel(NormForward<T> a) {
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

/// Threads: the most of a block: 256 where warps hold rows, so that P = 4 has registers enough.
template <class T, int P, bool Aligned, int Threads>
GPU_KERNEL(Threads) void rmsnorm_bwd_kernel(NormBackward<T> a) {
  constexpr int V = kPack<T>;
  SMEM(float, part, 2 * 32);
  DSMEM(float, fold);  // [rows of a block - 1, cols] when several rows share a block
  const int threads = int(gpu::block_dim().x), first = int(gpu::thread_idx().x), lane_row = int(gpu::thread_idx().y);
  const int together = int(gpu::block_dim().y);
  const int64_t begin = int64_t(gpu::block_idx().x) * kNormChunk;
  const int64_t end = begin + kNormChunk < a.rows ? begin + kNormChunk : a.rows;
  const Group group = row_group();
  float dw[P][V] = {};
  Pack<T> px[P], pd[P];
  const auto load = [&](int64_t row) {
    GPU_UNROLL
    for (int i = 0; i < P; ++i) {
      px[i] = load_pack<Aligned>(a.x + row * a.ldx, (first + i * threads) * V, a.cols);
      pd[i] = load_pack<Aligned>(a.dy + row * a.lddy, (first + i * threads) * V, a.cols);
    }
  };
  if (begin + lane_row < end) load(begin + lane_row);
  int turn = 0;
  for (int64_t row = begin + lane_row; row < end; row += together, turn ^= 1) {
    const float s = a.rstd[row];
    Pack<T> cx[P], cd[P];
    float sum = 0;
    GPU_UNROLL
    for (int i = 0; i < P; ++i) cx[i] = px[i], cd[i] = pd[i];
    if (row + together < end) load(row + together);  // the next row travels while this one is summed
    GPU_UNROLL
    for (int i = 0; i < P; ++i) {
      float n[V], d[V], w[V];
      to_floats<T>(n, cx[i]);
      to_floats<T>(d, cd[i]);
      to_floats<T>(w, load_pack<Aligned>(a.w, (first + i * threads) * V, a.cols));
      GPU_UNROLL
      for (int e = 0; e < V; ++e) {
        n[e] = gpu::mul(n[e], s);
        dw[i][e] = gpu::fma(d[e], n[e], dw[i][e]);
        sum = gpu::fma(gpu::mul(d[e], w[e]), n[e], sum);
      }
    }
    sum = group_sum(sum, part + 32 * turn, group);
    const float mean = gpu::div(sum, float(a.cols));
    T* dx = a.dx + row * a.lddx;
    GPU_UNROLL
    for (int i = 0; i < P; ++i) {
      const int at = (first + i * threads) * V;
      float n[V], d[V], w[V];
      to_floats<T>(n, cx[i]);
      to_floats<T>(d, cd[i]);
      to_floats<T>(w, load_pack<Aligned>(a.w, at, a.cols));
      GPU_UNROLL
      for (int e = 0; e < V; ++e)
        d[e] = gpu::mul(gpu::sub(gpu::mul(d[e], w[e]), gpu::mul(gpu::mul(n[e], s), mean)), s);
      if (a.accumulate) {
        float old[V];
        to_floats<T>(old, load_pack<Aligned>(static_cast<const T*>(dx), at, a.cols));
        GPU_UNROLL
        for (int e = 0; e < V; ++e) d[e] = gpu::add(old[e], d[e]);
      }
      store_pack<Aligned>(dx, at, a.cols, to_pack(d, dx));
    }
  }
  // The shares of a block's rows, added in the order of the rows' places.
  if (together > 1) {
    GPU_UNROLL
    for (int i = 0; i < P; ++i) {
      GPU_UNROLL
      for (int e = 0; e < V; ++e) {
        const int c = (first + i * threads) * V + e;
        if (lane_row > 0 && c < a.cols) fold[(lane_row - 1) * a.cols + c] = dw[i][e];
      }
    }
    gpu::sync();
    if (lane_row > 0) return;
  }
  GPU_UNROLL
  for (int i = 0; i < P; ++i) {
    GPU_UNROLL
    for (int e = 0; e < V; ++e) {
      const int c = (first + i * threads) * V + e;
      if (c >= a.cols) continue;
      float sum = dw[i][e];
      for (int r = 1; r < together; ++r) sum = gpu::add(sum, fold[(r - 1) * a.cols + c]);
      a.share[int64_t(gpu::block_idx().x) * a.cols + c] = sum;
    }
  }
}

/// dw [cols] += the shares of all chunks: eight threads a column take a run of chunks each, then add in order.
GPU_KERNEL(256) void add_shares_kernel(float* dw, const float* share, int chunks, int cols) {
  SMEM(float, part, 256);
  const int c = int(gpu::block_idx().x) * 32 + int(gpu::thread_idx().x), y = int(gpu::thread_idx().y);
  const int run = (chunks + 7) / 8, end = (y + 1) * run < chunks ? (y + 1) * run : chunks;
  float sum = 0;
  if (c < cols) {
    for (int k = y * run; k < end; ++k) sum = gpu::add(sum, share[int64_t(k) * cols + c]);
  }
  part[y * 32 + gpu::thread_idx().x] = sum;
  gpu::sync();
  if (y > 0 || c >= cols) return;
  sum = dw[c];
  for (int k = 0; k < 8; ++k) sum = gpu::add(sum, part[k * 32 + gpu::thread_idx().x]);
  dw[c] = sum;
}

template <class T>
RowShape norm_shape(int64_t cols, int preferred) {
  const RowShape s = row_shape<T>(cols, preferred, 512);
  R1_CHECK(s.packs <= 4, "rmsnorm on the device: cols = ", cols, ", expected at most ",
           512 * 4 * kPack<T>);
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
  NormBackward<T> b{dev(g.dx), reinterpret_cast<float*>(ex.workspace), dev(g.dy), dev(a.x), dev(a.w),    g.rstd, g.lddx,
                    g.lddy,    a.ldx,                                  a.rows,    int(a.cols), g.accumulate};
  RowShape s = norm_shape<T>(a.cols, 1);
  const bool aligned = packs_fit(b.x, b.ldx, a.cols) && packs_fit(b.dy, b.lddy, a.cols) &&
                       packs_fit(b.dx, b.lddx, a.cols) && packs_fit(b.w, 0, a.cols);
  const int64_t chunks = ceil_div(a.rows, kNormChunk);
  const gpu::Launch at{.name = "rmsnorm_bwd",
                       .grid = chunks,
                       .block = {s.threads, uint32_t(s.rows)},
                       .smem = s.rows > 1 ? size_t(s.rows - 1) * size_t(a.cols) * sizeof(float) : 16,
                       .stream = ex.stream};
  with_packs(s.packs, [&](auto p) {
    constexpr int P = decltype(p)::value;
    if (s.rows > 1)
      gpu::launch(at, aligned ? rmsnorm_bwd_kernel<T, P, true, 256> : rmsnorm_bwd_kernel<T, P, false, 256>, b);
    else
      gpu::launch(at, aligned ? rmsnorm_bwd_kernel<T, P, true, 512> : rmsnorm_bwd_kernel<T, P, false, 512>, b);
  });
  gpu::launch({.name = "rmsnorm_bwd_dw", .grid = ceil_div(a.cols, 32), .block = {32, 8}, .stream = ex.stream},
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
