// Twins of kernels/logp.h. Forward: one read of the logits; each thread keeps a running maximum with the sum of
// exponentials and of e * d below it (online softmax), joined by a fixed tree. Paper: [R1 Eq. 1].
#include "kernels/logp.h"

#include "common/math.cuh"
#include "common/row.cuh"

namespace r1::cuda {

namespace {

constexpr int kThreads = 512;
constexpr int kUnroll = 4;

/// Of some logits z (scaled by 1 / T): top = max z, sum = sum e^(z - top), weighted = sum e^(z - top) (z - top).
struct Online {
  float top = -1e30f, sum = 0, weighted = 0;
  /// Measures from a maximum that is at least `top`.
  template <bool Fast>
  GPU_DEVICE void raise(float to) {
    if (!(to > top)) return;
    const float d = top - to, f = exp_of<Fast>(d);
    weighted = f * (weighted + (d < -1e4f ? 0.0f : d) * sum);
    sum *= f;
    top = to;
  }
};
template <bool Fast>
GPU_DEVICE Online join(Online a, Online b) {
  const float top = gpu::max(a.top, b.top);
  a.raise<Fast>(top);
  b.raise<Fast>(top);
  return {top, a.sum + b.sum, a.weighted + b.weighted};
}

template <class T>
struct LogpArgs {
  float *logp, *lse, *entropy;
  T* dlogits;
  const T* logits;
  const float *lse_in, *dlogp;
  const int32_t* targets;
  int vocab;
  float inv_temperature;
};

template <class T, bool Aligned>
GPU_KERNEL(kThreads) void logp_rows_kernel(LogpArgs<T> a) {
  constexpr int V = kPack<T>;
  constexpr bool kFastMath = kFast<T>;
  SMEM(Online, part, kThreads / 32);
  const int64_t row = gpu::block_idx().x;
  const T* z = a.logits + row * a.vocab;
  const int packs = (a.vocab + V - 1) / V;
  Online o;
  for (int base = gpu::tid(); base < packs; base += kUnroll * kThreads) {
    Pack<T> p[kUnroll];
    GPU_UNROLL
    for (int i = 0; i < kUnroll; ++i) p[i] = load_pack<Aligned>(z, (base + i * kThreads) * V, a.vocab);
    GPU_UNROLL
    for (int i = 0; i < kUnroll; ++i) {
      const int at = (base + i * kThreads) * V;
      if (at >= a.vocab) break;
      float u[V], top = o.top;
      to_floats<T>(u, p[i]);
      GPU_UNROLL
      for (int e = 0; e < V; ++e) {
        u[e] = Aligned || at + e < a.vocab ? gpu::mul(u[e], a.inv_temperature) : -1e30f;
        top = gpu::max(top, u[e]);
      }
      o.raise<kFastMath>(top);
      GPU_UNROLL
      for (int e = 0; e < V; ++e) {
        const float d = gpu::sub(u[e], o.top), x = exp_of<kFastMath>(d);
        o.sum = gpu::add(o.sum, x);
        o.weighted = gpu::fma(x, d < -1e4f ? 0.0f : d, o.weighted);
      }
    }
  }
  GPU_UNROLL
  for (int d = 16; d > 0; d /= 2)
    o = join<kFastMath>(o, {gpu::shfl_xor(o.top, d), gpu::shfl_xor(o.sum, d), gpu::shfl_xor(o.weighted, d)});
  if (gpu::lane() == 0) part[gpu::warp()] = o;
  gpu::sync();
  if (gpu::tid() != 0) return;
  o = part[0];
  for (int w = 1; w < kThreads / 32; ++w) o = join<kFastMath>(o, part[w]);
  const float log_sum = log_exact(o.sum), lse = gpu::add(o.top, log_sum);
  a.lse[row] = lse;
  a.logp[row] = gpu::sub(gpu::mul(gpu::to_float(z[a.targets[row]]), a.inv_temperature), lse);
  if (a.entropy) a.entropy[row] = gpu::sub(log_sum, gpu::div(o.weighted, o.sum));
}

template <class T, bool Aligned>
GPU_KERNEL(kThreads) void logp_rows_bwd_kernel(LogpArgs<T> a) {
  constexpr int V = kPack<T>;
  const int64_t row = gpu::block_idx().x;
  const T* z = a.logits + row * a.vocab;
  const int packs = (a.vocab + V - 1) / V, target = a.targets[row];
  const float g = gpu::mul(a.dlogp[row], a.inv_temperature), lse = a.lse_in[row];
  for (int base = gpu::tid(); base < packs; base += kUnroll * kThreads) {
    Pack<T> p[kUnroll];
    GPU_UNROLL
    for (int i = 0; i < kUnroll; ++i) p[i] = load_pack<Aligned>(z, (base + i * kThreads) * V, a.vocab);
    GPU_UNROLL
    for (int i = 0; i < kUnroll; ++i) {
      const int at = (base + i * kThreads) * V;
      float u[V];
      to_floats<T>(u, p[i]);
      GPU_UNROLL
      for (int e = 0; e < V; ++e) {
        u[e] = gpu::mul(exp_of<kFast<T>>(gpu::sub(gpu::mul(u[e], a.inv_temperature), lse)), -g);
        if (at + e == target) u[e] = gpu::add(u[e], g);
      }
      store_pack<Aligned>(a.dlogits + row * a.vocab, at, a.vocab, to_pack(u, z));
    }
  }
}

template <bool Backward, class T>
void launch_logp(const Exec& ex, const LogpArgs<T>& a, int64_t rows) {
  if (rows == 0 || a.vocab == 0) return;
  const bool aligned = packs_fit(a.logits, a.vocab, a.vocab) && (!Backward || packs_fit(a.dlogits, a.vocab, a.vocab));
  const gpu::Launch at{
      .name = Backward ? "logp_rows_bwd" : "logp_rows", .grid = rows, .block = kThreads, .stream = ex.stream};
  if constexpr (Backward)
    gpu::launch(at, aligned ? logp_rows_bwd_kernel<T, true> : logp_rows_bwd_kernel<T, false>, a);
  else
    gpu::launch(at, aligned ? logp_rows_kernel<T, true> : logp_rows_kernel<T, false>, a);
}

}  // namespace

void logp_rows(const Exec& ex, float* logp, float* lse, float* entropy, const float* logits, const int32_t* targets,
               int64_t rows, int64_t vocab, float inv_temperature) {
  launch_logp<false>(ex, LogpArgs<float>{logp, lse, entropy, nullptr, logits, nullptr, nullptr, targets, int(vocab),
                                         inv_temperature}, rows);
}
void logp_rows(const Exec& ex, float* logp, float* lse, float* entropy, const bf16* logits, const int32_t* targets,
               int64_t rows, int64_t vocab, float inv_temperature) {
  launch_logp<false>(ex, LogpArgs<gpu::bf16>{logp, lse, entropy, nullptr, dev(logits), nullptr, nullptr, targets,
                                             int(vocab), inv_temperature}, rows);
}
void logp_rows_bwd(const Exec& ex, float* dlogits, const float* logits, const float* lse, const int32_t* targets,
                   const float* dlogp, int64_t rows, int64_t vocab, float inv_temperature) {
  launch_logp<true>(ex, LogpArgs<float>{nullptr, nullptr, nullptr, dlogits, logits, lse, dlogp, targets, int(vocab),
                                        inv_temperature}, rows);
}
void logp_rows_bwd(const Exec& ex, bf16* dlogits, const bf16* logits, const float* lse, const int32_t* targets,
                   const float* dlogp, int64_t rows, int64_t vocab, float inv_temperature) {
  launch_logp<true>(ex, LogpArgs<gpu::bf16>{nullptr, nullptr, nullptr, dev(dlogits), dev(logits), lse, dlogp, targets,
                                            int(vocab), inv_temperature}, rows);
}

}  // namespace r1::cuda
