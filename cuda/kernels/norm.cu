// Twins of kernels/norm.h. Forward: a row stays in registers between its sum and its scaling: one read, one write.
// Backward: norm_bwd.cuh. Paper: [V3 §2.1.1].
#include "kernels/norm.h"

#include <algorithm>

#include "kernels/norm_bwd.cuh"

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
    constexpr int P = decltype(p)::value;
    gpu::launch(at, aligned ? rmsnorm_fwd_kernel<T, P, Residual, true> : rmsnorm_fwd_kernel<T, P, Residual, false>, a);
  });
}

template <class T>
void launch_back(const Exec& ex, const NormBackward<T>& b, int64_t packs) {
  R1_CHECK(b.rows < (1 << 30), "rmsnorm_bwd on the device: ", b.rows, " rows, expected fewer than 2^30");
  const int64_t apart = std::max(b.ldx, std::max(b.lddy, b.lddx));  // eight rows on is an int
  R1_CHECK(apart < (1 << 28), "rmsnorm_bwd on the device: rows ", apart, " elements apart, expected fewer than 2^28");
  const bool aligned = packs_fit(b.x, b.ldx, b.cols) && packs_fit(b.dy, b.lddy, b.cols) &&
                       packs_fit(b.dx, b.lddx, b.cols) && packs_fit(b.w, 0, b.cols);
  int threads = 32;  // a row: one pack a thread where 128 are enough (more warps, less to do between rows), else four
  while (threads * (packs <= 128 ? 1 : 4) < packs) threads *= 2;
  const auto run = [&](auto p, auto block) {
    constexpr int P = decltype(p)::value, kThreads = decltype(block)::value;
    gpu::Launch at{.name = "rmsnorm_bwd", .block = kThreads, .stream = ex.stream};
    at.smem = aligned ? kBackSmem<T, P, true, kThreads> : kBackSmem<T, P, false, kThreads>;
    at.grid = ceil_div(b.rows, kNormChunk);
    gpu::launch(at, aligned ? rmsnorm_bwd_kernel<T, P, true, kThreads> : rmsnorm_bwd_kernel<T, P, false, kThreads>, b,
                threads);
  };
  if constexpr (sizeof(T) == 4)
    if (threads == 512) return run(std::integral_constant<int, 4>{}, std::integral_constant<int, 512>{});
  if (packs <= threads) return run(std::integral_constant<int, 1>{}, std::integral_constant<int, 256>{});
  run(std::integral_constant<int, 4>{}, std::integral_constant<int, 256>{});
}

/// Few columns in narrow strips, so that there are blocks enough; many in strips of whole cache lines.
void launch_shares(const Exec& ex, float* dw, const float* share, int64_t chunks, int64_t cols) {
  const auto run = [&](auto columns) {
    constexpr int C = decltype(columns)::value, kGroups = 32 / C;
    const int64_t warps = chunks < 32 * kGroups ? ceil_div(chunks, kGroups) : 32;
    gpu::launch({.name = "rmsnorm_bwd_dw",
                 .grid = ceil_div(cols, C),
                 .block = uint32_t(32 * warps),
                 .stream = ex.stream,
                 .early = true},
                add_shares_kernel<C>, dw, share, int(chunks), int(cols), int(ceil_div(chunks, warps * kGroups)));
  };
  if (cols <= 2048) return run(std::integral_constant<int, 8>{});
  run(std::integral_constant<int, 32>{});
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
    launch_back(ex, b, packs);
  }
  launch_shares(ex, g.dw, b.share, chunks, a.cols);
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
