// Twins of kernels/softmax.h. Rows of up to 2048 packs stay in registers; longer ones are read once too, as far as
// shared memory holds them, and the rest a second time. Exponentials are the hardware's 2^x, for float too (1e-6).
// Paper: [V3 Eq. 10], [R1 Eq. 1].
#include "kernels/softmax.h"

#include <algorithm>

#include "common/math.cuh"
#include "common/row.cuh"

namespace r1::cuda {

namespace {

constexpr float kLog2e = 1.4426950408889634f, kLn2 = 0.6931471805599453f;
constexpr int kKeptPacks = 12800;  ///< 200 KiB of shared memory, where a block may have as much

template <class T>
struct SoftmaxArgs {
  T* out;
  const T *x, *y;  ///< forward: x; backward: dy, y
  int64_t rows;
  int cols;
  float scale;
  bool log;
  int kept = 0;  ///< packs of a long row that shared memory holds
};

/// log2(e) scale x of a pack; beyond the row's end -1e30, whose exponential is 0.
template <bool Aligned, class T>
GPU_DEVICE void scaled(float (&u)[kPack<T>], const Pack<T>& p, int at, int n, float c) {
  to_floats<T>(u, p);
  GPU_UNROLL
  for (int e = 0; e < kPack<T>; ++e) u[e] = (Aligned ? at : at + e) < n ? gpu::mul(u[e], c) : -1e30f;
}
/// Results of a pack from u = log2(e) scale x.
template <class T>
GPU_DEVICE void finish(float (&u)[kPack<T>], float top, float sum, float log_sum, bool log) {
  const float inverse = gpu::div(1.0f, sum);
  GPU_UNROLL
  for (int e = 0; e < kPack<T>; ++e) {
    const float d = gpu::sub(u[e], top);
    u[e] = log ? gpu::fma(d, kLn2, -log_sum) : gpu::mul(gpu::fast_exp2(d), inverse);
  }
}

template <class T, int P, bool Aligned>
GPU_KERNEL(512)
void softmax_fwd_kernel(SoftmaxArgs<T> a) {
  constexpr int V = kPack<T>;
  SMEM(float, part, 2 * 32);
  const int64_t row = int64_t(gpu::block_idx().x) * gpu::block_dim().y + gpu::thread_idx().y;
  if (row >= a.rows) return;  // only where a warp holds a row, and then there is no barrier
  const int threads = int(gpu::block_dim().x), first = int(gpu::thread_idx().x);
  const float c = gpu::mul(a.scale, kLog2e);
  const T* x = a.x + row * a.cols;
  Pack<T> p[P];
  GPU_UNROLL
  for (int i = 0; i < P; ++i) p[i] = load_pack<Aligned>(x, (first + i * threads) * V, a.cols);
  float u[P][V], top = -1e30f, sum = 0;
  GPU_UNROLL
  for (int i = 0; i < P; ++i) {
    scaled<Aligned, T>(u[i], p[i], (first + i * threads) * V, a.cols, c);
    GPU_UNROLL
    for (int e = 0; e < V; ++e) top = gpu::max(top, u[i][e]);
  }
  top = group_max(top, part, row_group());
  GPU_UNROLL
  for (int i = 0; i < P; ++i) {
    GPU_UNROLL
    for (int e = 0; e < V; ++e) {
      const float d = gpu::sub(u[i][e], top), exp = gpu::fast_exp2(d);
      sum = gpu::add(sum, exp);
      u[i][e] = a.log ? d : exp;
    }
  }
  sum = group_sum(sum, part + 32, row_group());
  const float log_sum = a.log ? log_exact(sum) : 0.0f, inverse = gpu::div(1.0f, sum);
  GPU_UNROLL
  for (int i = 0; i < P; ++i) {
    GPU_UNROLL
    for (int e = 0; e < V; ++e) u[i][e] = a.log ? gpu::fma(u[i][e], kLn2, -log_sum) : gpu::mul(u[i][e], inverse);
    store_pack<Aligned>(a.out + row * a.cols, (first + i * threads) * V, a.cols, to_pack(u[i], x));
  }
}

/// One block a row. First pass: running maximum and sum (online), the row's packs kept in shared memory.
template <class T, bool Aligned, int kLongThreads>
GPU_KERNEL(kLongThreads, 1024 / kLongThreads)
void softmax_fwd_long_kernel(SoftmaxArgs<T> a) {
  constexpr int V = kPack<T>, kAtOnce = 4;
  SMEM(float, part, 2 * 32);
  DSMEM(Pack<T>, kept);
  const int packs = (a.cols + V - 1) / V;
  const float c = gpu::mul(a.scale, kLog2e);
  const T* x = a.x + int64_t(gpu::block_idx().x) * a.cols;
  float top = -1e30f, sum = 0;
  for (int base = gpu::tid(); base < packs; base += kAtOnce * kLongThreads) {
    Pack<T> p[kAtOnce];
    GPU_UNROLL
    for (int i = 0; i < kAtOnce; ++i) p[i] = load_pack<Aligned>(x, (base + i * kLongThreads) * V, a.cols);
    GPU_UNROLL
    for (int i = 0; i < kAtOnce; ++i) {
      const int pack = base + i * kLongThreads;
      if (pack >= packs) break;
      if (pack < a.kept) kept[pack] = p[i];
      float u[V], higher = top, add = 0;
      scaled<Aligned, T>(u, p[i], pack * V, a.cols, c);
      GPU_UNROLL
      for (int e = 0; e < V; ++e) higher = gpu::max(higher, u[e]);
      GPU_UNROLL
      for (int e = 0; e < V; ++e) add = gpu::add(add, gpu::fast_exp2(gpu::sub(u[e], higher)));
      sum = gpu::fma(sum, gpu::fast_exp2(gpu::sub(top, higher)), add);
      top = higher;
    }
  }
  const Group group{gpu::warp(), kLongThreads / 32};
  const float highest = group_max(top, part, group);
  sum = group_sum(gpu::mul(sum, gpu::fast_exp2(gpu::sub(top, highest))), part + 32, group);
  const float log_sum = a.log ? log_exact(sum) : 0.0f;
  for (int pack = gpu::tid(); pack < packs; pack += kLongThreads) {  // each thread's own packs: no barrier needed
    float u[V];
    scaled<Aligned, T>(u, pack < a.kept ? kept[pack] : load_pack<Aligned>(x, pack * V, a.cols), pack * V, a.cols, c);
    finish<T>(u, highest, sum, log_sum, a.log);
    store_pack<Aligned>(a.out + (x - a.x), pack * V, a.cols, to_pack(u, x));
  }
}

/// A pack of dx from dy and y.
template <class T>
GPU_DEVICE void gradient(float (&d)[kPack<T>], const Pack<T>& dy, const Pack<T>& y, float sum,
                         const SoftmaxArgs<T>& a) {
  float q[kPack<T>];
  to_floats<T>(d, dy);
  to_floats<T>(q, y);
  GPU_UNROLL
  for (int e = 0; e < kPack<T>; ++e) {
    const float z = a.log ? gpu::sub(d[e], gpu::mul(gpu::fast_exp(q[e]), sum)) : gpu::mul(q[e], gpu::sub(d[e], sum));
    d[e] = gpu::mul(z, a.scale);
  }
}
/// sum += dy (log) or dy y.
template <class T>
GPU_DEVICE void add_to(float& sum, const Pack<T>& dy, const Pack<T>& y, bool log) {
  float d[kPack<T>], q[kPack<T>];
  to_floats<T>(d, dy);
  to_floats<T>(q, y);
  GPU_UNROLL
  for (int e = 0; e < kPack<T>; ++e) sum = log ? gpu::add(sum, d[e]) : gpu::fma(d[e], q[e], sum);
}

template <class T, int P, bool Aligned>
GPU_KERNEL(P == 4 ? 256 : 512)
void softmax_bwd_kernel(SoftmaxArgs<T> a) {
  constexpr int V = kPack<T>;
  SMEM(float, part, 32);
  const int64_t row = int64_t(gpu::block_idx().x) * gpu::block_dim().y + gpu::thread_idx().y;
  if (row >= a.rows) return;
  const int threads = int(gpu::block_dim().x), first = int(gpu::thread_idx().x);
  const T *dy = a.x + row * a.cols, *y = a.y + row * a.cols;
  Pack<T> pd[P], py[P];
  GPU_UNROLL
  for (int i = 0; i < P; ++i) {
    pd[i] = load_pack<Aligned>(dy, (first + i * threads) * V, a.cols);
    py[i] = load_pack<Aligned>(y, (first + i * threads) * V, a.cols);
  }
  float sum = 0;
  GPU_UNROLL
  for (int i = 0; i < P; ++i) add_to<T>(sum, pd[i], py[i], a.log);
  sum = group_sum(sum, part, row_group());
  GPU_UNROLL
  for (int i = 0; i < P; ++i) {
    float d[V];
    gradient<T>(d, pd[i], py[i], sum, a);
    store_pack<Aligned>(a.out + row * a.cols, (first + i * threads) * V, a.cols, to_pack(d, dy));
  }
}

template <class T, bool Aligned, int kLongThreads>
GPU_KERNEL(kLongThreads, 1024 / kLongThreads)
void softmax_bwd_long_kernel(SoftmaxArgs<T> a) {
  constexpr int V = kPack<T>, kAtOnce = 2;
  const int half = a.kept / 2;
  SMEM(float, part, 32);
  DSMEM(Pack<T>, kept);  // dy, then y
  const int packs = (a.cols + V - 1) / V;
  const int64_t at = int64_t(gpu::block_idx().x) * a.cols;
  const T *dy = a.x + at, *y = a.y + at;
  float sum = 0;
  for (int base = gpu::tid(); base < packs; base += kAtOnce * kLongThreads) {
    Pack<T> pd[kAtOnce], py[kAtOnce];
    GPU_UNROLL
    for (int i = 0; i < kAtOnce; ++i) {
      pd[i] = load_pack<Aligned>(dy, (base + i * kLongThreads) * V, a.cols);
      py[i] = load_pack<Aligned>(y, (base + i * kLongThreads) * V, a.cols);
    }
    GPU_UNROLL
    for (int i = 0; i < kAtOnce; ++i) {
      const int pack = base + i * kLongThreads;
      if (pack < packs && pack < half) kept[pack] = pd[i], kept[half + pack] = py[i];
      add_to<T>(sum, pd[i], py[i], a.log);
    }
  }
  sum = group_sum(sum, part, {gpu::warp(), kLongThreads / 32});
  for (int pack = gpu::tid(); pack < packs; pack += kLongThreads) {
    float d[V];
    if (pack < half)
      gradient<T>(d, kept[pack], kept[half + pack], sum, a);
    else
      gradient<T>(d, load_pack<Aligned>(dy, pack * V, a.cols), load_pack<Aligned>(y, pack * V, a.cols), sum, a);
    store_pack<Aligned>(a.out + at, pack * V, a.cols, to_pack(d, dy));
  }
}

template <bool Backward, class T>
void softmax(const Exec& ex, SoftmaxArgs<T> a) {
  if (a.rows == 0 || a.cols == 0) return;
  const bool aligned = packs_fit(a.out, a.cols, a.cols) && packs_fit(a.x, a.cols, a.cols) &&
                       (!Backward || packs_fit(a.y, a.cols, a.cols));
  const RowShape s = row_shape<T>(a.cols, Backward ? 2 : 4, 512);
  const char* name = Backward ? "softmax_bwd" : "softmax_fwd";
  if (s.packs > 4 || (Backward && s.packs == 4 && s.rows == 1)) {
    // Two blocks of 512 threads share a multiprocessor where their rows fit, else one of 1024 has it.
    const int64_t packs = ceil_div(a.cols, kPack<T>) * (Backward ? 2 : 1);
    const bool two = packs * 16 <= 100 * 1024;
    const auto room = int64_t(gpu::device_info(gpu::current_device()).smem_per_block / 16) - 64;  // the sums' part off
    a.kept = int(std::min({packs, int64_t{kKeptPacks}, room})) / 2 * 2;
    const gpu::Launch at{
        .name = name, .grid = a.rows, .block = two ? 512 : 1024, .smem = size_t(a.kept) * 16, .stream = ex.stream};
    const auto choose = [&](auto threads) {
      constexpr int N = decltype(threads)::value;
      if constexpr (Backward)
        gpu::launch(at, aligned ? softmax_bwd_long_kernel<T, true, N> : softmax_bwd_long_kernel<T, false, N>, a);
      else
        gpu::launch(at, aligned ? softmax_fwd_long_kernel<T, true, N> : softmax_fwd_long_kernel<T, false, N>, a);
    };
    if (two)
      choose(std::integral_constant<int, 512>{});
    else
      choose(std::integral_constant<int, 1024>{});
    return;
  }
  const gpu::Launch at{
      .name = name, .grid = ceil_div(a.rows, s.rows), .block = {s.threads, uint32_t(s.rows)}, .stream = ex.stream};
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
