// Twins of kernels/logp.h. Forward: one read of the logits; each thread keeps a running maximum with the sum of
// exponentials below it (online softmax), joined by a fixed tree. It uses the hardware's 2^x, for float too: its own
// exp would cost more than the reads. Backward in float is bitwise the CPU kernel. Trap: inv_temperature must be
// positive. Paper: [R1 Eq. 1].
#include "kernels/logp.h"

#include "common/math.cuh"
#include "common/row.cuh"

namespace r1::cuda {

namespace {

constexpr int kThreads = 512;  ///< at most; short rows take fewer
constexpr int kUnroll = 4;
constexpr float kLog2e = 1.4426950408889634f, kLn2 = 0.6931471805599453f;

/// Of some logits: their maximum, and with d = log2(e) (z - top) / T the sums of 2^d and 2^d d.
struct Online {
  float top = -1e30f, sum = 0, weighted = 0;
  /// Measures from a maximum that is at least `top`.
  GPU_DEVICE void raise(float to, float c) {
    if (!(to > top)) return;
    const float d = gpu::max((top - to) * c, -1e4f), f = gpu::fast_exp2(d);
    weighted = f * gpu::fma(d, sum, weighted);
    sum *= f;
    top = to;
  }
};
/// Threads for a row: so few that each has `packs_each` packs, because small blocks overlap one's sums with another's
/// reads.
inline int threads_for(int64_t packs, int packs_each) {
  int t = 32;
  while (t < kThreads && int64_t{t} * packs_each < packs) t *= 2;
  return t;
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
GPU_KERNEL(kThreads)
void logp_rows_kernel(LogpArgs<T> a) {
  constexpr int V = kPack<T>;
  SMEM(float, part, 3 * 32);
  const int64_t row = gpu::block_idx().x;
  const T* z = a.logits + row * a.vocab;
  const int packs = (a.vocab + V - 1) / V, threads = gpu::block_size();
  const Group group{gpu::warp(), threads / 32};
  const float c = gpu::mul(a.inv_temperature, kLog2e);
  Online o;
  for (int base = gpu::tid(); base < packs; base += kUnroll * threads) {
    Pack<T> p[kUnroll];
    GPU_UNROLL
    for (int i = 0; i < kUnroll; ++i) p[i] = load_pack<Aligned>(z, (base + i * threads) * V, a.vocab);
    GPU_UNROLL
    for (int i = 0; i < kUnroll; ++i) {
      const int at = (base + i * threads) * V;
      if (at >= a.vocab) break;
      float u[V], top = o.top;
      to_floats<T>(u, p[i]);
      GPU_UNROLL
      for (int e = 0; e < V; ++e) {
        if (!Aligned && at + e >= a.vocab) u[e] = -1e30f;
        top = gpu::max(top, u[e]);
      }
      o.raise(top, c);
      const float offset = -(o.top * c);
      GPU_UNROLL
      for (int e = 0; e < V; ++e) {
        const float d = gpu::max(gpu::fma(u[e], c, offset), -1e4f), x = gpu::fast_exp2(d);  // 2^-1e4 is 0
        o.sum = gpu::add(o.sum, x);
        o.weighted = gpu::fma(x, d, o.weighted);
      }
    }
  }
  o.raise(group_max(o.top, part, group), c);
  const float sum = group_sum(o.sum, part + 32, group), weighted = group_sum(o.weighted, part + 64, group);
  if (gpu::tid() != 0) return;
  const float log_sum = log_exact(sum), lse = gpu::fma(o.top * c, kLn2, log_sum);
  a.lse[row] = lse;
  a.logp[row] = gpu::sub(gpu::mul(gpu::to_float(z[a.targets[row]]), a.inv_temperature), lse);
  if (a.entropy) a.entropy[row] = gpu::sub(log_sum, gpu::mul(gpu::div(weighted, sum), kLn2));
}

template <class T, bool Aligned>
GPU_KERNEL(kThreads)
void logp_rows_bwd_kernel(LogpArgs<T> a) {
  constexpr int V = kPack<T>;
  const int64_t row = gpu::block_idx().x;
  const T* z = a.logits + row * a.vocab;
  const int packs = (a.vocab + V - 1) / V, target = a.targets[row];
  const float g = gpu::mul(a.dlogp[row], a.inv_temperature), lse = a.lse_in[row];
  const int threads = gpu::block_size();
  for (int base = gpu::tid(); base < packs; base += kUnroll * threads) {
    Pack<T> p[kUnroll];
    GPU_UNROLL
    for (int i = 0; i < kUnroll; ++i) p[i] = load_pack<Aligned>(z, (base + i * threads) * V, a.vocab);
    GPU_UNROLL
    for (int i = 0; i < kUnroll; ++i) {
      const int at = (base + i * threads) * V;
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
  const gpu::Launch at{.name = Backward ? "logp_rows_bwd" : "logp_rows",
                       .grid = rows,
                       .block = threads_for(ceil_div(a.vocab, kPack<T>), Backward ? kUnroll : 4 * kUnroll),
                       .stream = ex.stream};
  if constexpr (Backward)
    gpu::launch(at, aligned ? logp_rows_bwd_kernel<T, true> : logp_rows_bwd_kernel<T, false>, a);
  else
    gpu::launch(at, aligned ? logp_rows_kernel<T, true> : logp_rows_kernel<T, false>, a);
}

}  // namespace

void logp_rows(const Exec& ex, float* logp, float* lse, float* entropy, const float* logits, const int32_t* targets,
               int64_t rows, int64_t vocab, float inv_temperature) {
  launch_logp<false>(
      ex, LogpArgs<float>{logp, lse, entropy, nullptr, logits, nullptr, nullptr, targets, int(vocab), inv_temperature},
      rows);
}
void logp_rows(const Exec& ex, float* logp, float* lse, float* entropy, const bf16* logits, const int32_t* targets,
               int64_t rows, int64_t vocab, float inv_temperature) {
  launch_logp<false>(ex,
                     LogpArgs<gpu::bf16>{logp, lse, entropy, nullptr, dev(logits), nullptr, nullptr, targets,
                                         int(vocab), inv_temperature},
                     rows);
}
void logp_rows_bwd(const Exec& ex, float* dlogits, const float* logits, const float* lse, const int32_t* targets,
                   const float* dlogp, int64_t rows, int64_t vocab, float inv_temperature) {
  launch_logp<true>(
      ex, LogpArgs<float>{nullptr, nullptr, nullptr, dlogits, logits, lse, dlogp, targets, int(vocab), inv_temperature},
      rows);
}
void logp_rows_bwd(const Exec& ex, bf16* dlogits, const bf16* logits, const float* lse, const int32_t* targets,
                   const float* dlogp, int64_t rows, int64_t vocab, float inv_temperature) {
  launch_logp<true>(ex,
                    LogpArgs<gpu::bf16>{nullptr, nullptr, nullptr, dev(dlogits), dev(logits), lse, dlogp, targets,
                                        int(vocab), inv_temperature},
                    rows);
}

}  // namespace r1::cuda
