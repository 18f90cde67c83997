// Twins of kernels/softmax.h. Rows of up to 512 threads' registers are read once; longer ones are read again, the
// second time from L2. Paper: [V3 Eq. 10], [R1 Eq. 1].
#include "kernels/softmax.h"

#include "common/math.cuh"
#include "common/row.cuh"

namespace r1::cuda {

namespace {

template <class T>
struct SoftmaxArgs {
  T* out;
  const T *x, *y;  ///< forward: x; backward: dy, y
  int64_t rows;
  int cols;
  float scale;
  bool log;
};

/// What lies beyond the end of a row: e^(this - max) is 0.
template <class T>
GPU_DEVICE T lowest();
template <>
GPU_DEVICE float lowest<float>() {
  return -1e30f;
}
template <>
GPU_DEVICE gpu::bf16 lowest<gpu::bf16>() {
  return gpu::bf16{0xf149};  // about -1e30
}

template <class T, int P, bool Aligned>
GPU_KERNEL(512) void softmax_fwd_kernel(SoftmaxArgs<T> a) {
  constexpr int V = kPack<T>;
  SMEM(float, part, 2 * 32);
  const int64_t row = int64_t(gpu::block_idx().x) * gpu::block_dim().y + gpu::thread_idx().y;
  if (row >= a.rows) return;
  const int threads = int(gpu::block_dim().x), first = int(gpu::thread_idx().x);
  const int packs = (a.cols + V - 1) / V;
  const Group group = row_group();
  const T* x = a.x + row * a.cols;
  Pack<T> p[P];
  float top = -3.4e38f;
  for (int base = first; base < packs; base += P * threads) {  // once, unless the row is too long for registers
    GPU_UNROLL
    for (int i = 0; i < P; ++i) p[i] = load_pack<Aligned>(x, (base + i * threads) * V, a.cols, lowest<T>());
    GPU_UNROLL
    for (int i = 0; i < P; ++i) {
      float u[V];
      to_floats<T>(u, p[i]);
      GPU_UNROLL
      for (int e = 0; e < V; ++e)
        if ((base + i * threads) * V + e < a.cols) top = gpu::max(top, gpu::mul(u[e], a.scale));
    }
  }
  top = group_max(top, part, group);
  const bool again = packs > P * threads;
  float sum = 0;
  for (int base = first; base < packs; base += P * threads) {
    GPU_UNROLL
    for (int i = 0; i < P; ++i) {
      const int at = (base + i * threads) * V;
      if (again) p[i] = load_pack<Aligned>(x, at, a.cols, lowest<T>());
      float u[V];
      to_floats<T>(u, p[i]);
      GPU_UNROLL
      for (int e = 0; e < V; ++e)
        if (at + e < a.cols) sum = gpu::add(sum, exp_of<kFast<T>>(gpu::sub(gpu::mul(u[e], a.scale), top)));
    }
  }
  sum = group_sum(sum, part + 32, group);
  const float log_sum = a.log ? log_of<kFast<T>>(sum) : 0.0f, inverse = kFast<T> ? gpu::div(1.0f, sum) : 0.0f;
  for (int base = first; base < packs; base += P * threads) {
    GPU_UNROLL
    for (int i = 0; i < P; ++i) {
      const int at = (base + i * threads) * V;
      if (again) p[i] = load_pack<Aligned>(x, at, a.cols, lowest<T>());
      float u[V];
      to_floats<T>(u, p[i]);
      GPU_UNROLL
      for (int e = 0; e < V; ++e) {
        const float d = gpu::sub(gpu::mul(u[e], a.scale), top);
        if (a.log)
          u[e] = gpu::sub(d, log_sum);
        else
          u[e] = kFast<T> ? gpu::mul(exp_of<kFast<T>>(d), inverse) : gpu::div(exp_of<kFast<T>>(d), sum);
      }
      store_pack<Aligned>(a.out + row * a.cols, at, a.cols, to_pack(u, x));
    }
  }
}

template <class T, int P, bool Aligned>
GPU_KERNEL(512) void softmax_bwd_kernel(SoftmaxArgs<T> a) {
  constexpr int V = kPack<T>;
  SMEM(float, part, 32);
  const int64_t row = int64_t(gpu::block_idx().x) * gpu::block_dim().y + gpu::thread_idx().y;
  if (row >= a.rows) return;
  const int threads = int(gpu::block_dim().x), first = int(gpu::thread_idx().x);
  const int packs = (a.cols + V - 1) / V;
  const T *dy = a.x + row * a.cols, *y = a.y + row * a.cols;
  Pack<T> pd[P], py[P];
  float sum = 0;
  for (int base = first; base < packs; base += P * threads) {
    GPU_UNROLL
    for (int i = 0; i < P; ++i) {
      pd[i] = load_pack<Aligned>(dy, (base + i * threads) * V, a.cols);
      py[i] = load_pack<Aligned>(y, (base + i * threads) * V, a.cols);
    }
    GPU_UNROLL
    for (int i = 0; i < P; ++i) {
      float d[V], q[V];
      to_floats<T>(d, pd[i]);
      to_floats<T>(q, py[i]);
      GPU_UNROLL
      for (int e = 0; e < V; ++e) sum = a.log ? gpu::add(sum, d[e]) : gpu::fma(d[e], q[e], sum);
    }
  }
  sum = group_sum(sum, part, row_group());
  const bool again = packs > P * threads;
  for (int base = first; base < packs; base += P * threads) {
    GPU_UNROLL
    for (int i = 0; i < P; ++i) {
      const int at = (base + i * threads) * V;
      if (again) pd[i] = load_pack<Aligned>(dy, at, a.cols), py[i] = load_pack<Aligned>(y, at, a.cols);
      float d[V], q[V];
      to_floats<T>(d, pd[i]);
      to_floats<T>(q, py[i]);
      GPU_UNROLL
      for (int e = 0; e < V; ++e) {
        const float z = a.log ? gpu::sub(d[e], gpu::mul(exp_of<kFast<T>>(q[e]), sum)) : gpu::mul(q[e], gpu::sub(d[e], sum));
        d[e] = gpu::mul(z, a.scale);
      }
      store_pack<Aligned>(a.out + row * a.cols, at, a.cols, to_pack(d, dy));
    }
  }
}

template <bool Backward, class T>
void softmax(const Exec& ex, const SoftmaxArgs<T>& a) {
  if (a.rows == 0 || a.cols == 0) return;
  RowShape s = row_shape<T>(a.cols, Backward ? 2 : 4, 512);
  if (s.packs > 4) s.packs = 4;  // longer rows are walked
  const bool aligned = packs_fit(a.out, a.cols, a.cols) && packs_fit(a.x, a.cols, a.cols) &&
                       (!Backward || packs_fit(a.y, a.cols, a.cols));
  const gpu::Launch at{.name = Backward ? "softmax_bwd" : "softmax_fwd",
                       .grid = ceil_div(a.rows, s.rows),
                       .block = {s.threads, uint32_t(s.rows)},
                       .stream = ex.stream};
  with_packs(s.packs, [&](auto p) {
    constexpr int P = decltype(p)::value;
    if constexpr (Backward)
      gpu::launch(at, aligned ? softmax_bwd_kernel<T, P, true> : softmax_bwd_kernel<T, P, false>, a);
    else
      gpu::launch(at, aligned ? softmax_fwd_kernel<T, P, true> : softmax_fwd_kernel<T, P, false>, a);
  });
}

}  // namespace

void softmax_fwd(const Exec& ex, float* y, const float* x, int64_t rows, int64_t cols, float scale, bool log) {
  softmax<false>(ex, SoftmaxArgs<float>{y, x, nullptr, rows, int(cols), scale, log});
}
void softmax_fwd(const Exec& ex, bf16* y, const bf16* x, int64_t rows, int64_t cols, float scale, bool log) {
  softmax<false>(ex, SoftmaxArgs<gpu::bf16>{dev(y), dev(x), nullptr, rows, int(cols), scale, log});
}
void softmax_bwd(const Exec& ex, float* dx, const float* dy, const float* y, int64_t rows, int64_t cols, float scale,
                 bool log) {
  softmax<true>(ex, SoftmaxArgs<float>{dx, dy, y, rows, int(cols), scale, log});
}
void softmax_bwd(const Exec& ex, bf16* dx, const bf16* dy, const bf16* y, int64_t rows, int64_t cols, float scale,
                 bool log) {
  softmax<true>(ex, SoftmaxArgs<gpu::bf16>{dev(dx), dev(dy), dev(y), rows, int(cols), scale, log});
}

}  // namespace r1::cuda
