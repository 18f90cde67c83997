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
constexpr float kLowest = -1e30f;  ///< stands for minus infinity, whose exponential times itself is not a number

/// Of some logits: their maximum, and with d = log2(e) (z - top) / T the sums of 2^d and 2^d d.
struct Online {
  float top = kLowest, sum = 0, weighted = 0;
  /// Measures from a maximum that is at least `top`.
  GPU_DEVICE void raise(float to, float c) {
    if (!(to > top)) return;
    const float d = gpu::max((top - to) * c, -1e4f), f = gpu::fast_exp2(d);
    weighted = f * gpu::fma(d, sum, weighted);
    sum *= f;
    top = to;
  }
  /// Takes in the logits of some packs: one look at the maximum for all of them.
  template <class T>
  GPU_DEVICE void take(Pack<T> (&p)[kUnroll], float c) {
    constexpr int V = kPack<T>;
    const float highest = bound<T>(p);
    if (highest < kLowest / 2) return;  // nothing here; and the differences below would be rounding errors
    raise(highest, c);
    const float offset = -(top * c);
    GPU_UNROLL
    for (int i = 0; i < kUnroll; ++i) {
      float u[V];
      to_floats<T>(u, p[i]);
      GPU_UNROLL
      for (int e = 0; e < V; ++e) {
        const float d = gpu::fma(u[e], c, offset), x = gpu::fast_exp2(d);
        sum = gpu::add(sum, x);
        weighted = gpu::fma(x, d, weighted);
      }
    }
  }
  /// Raises what is below kLowest to it and returns the maximum: as packed words for bf16, two elements at once.
  template <class T>
  GPU_DEVICE static float bound(Pack<T> (&p)[kUnroll]) {
    if constexpr (sizeof(T) == 2) {
      const uint32_t low = gpu::pack_bf16(kLowest, kLowest);
      uint32_t most = low;
      GPU_UNROLL
      for (int i = 0; i < kUnroll; ++i) {
        Words w = words_of<T>(p[i]);
        GPU_UNROLL
        for (int k = 0; k < 4; ++k) w.w[k] = gpu::max_bf16(w.w[k], low);
        most = gpu::max_bf16(most, gpu::max_bf16(gpu::max_bf16(w.w[0], w.w[1]), gpu::max_bf16(w.w[2], w.w[3])));
        p[i] = pack_of<T>(w);
      }
      return gpu::max(gpu::float_of(most << 16), gpu::float_of(most & 0xffff0000u));
    } else {
      float most = kLowest;
      GPU_UNROLL
      for (int i = 0; i < kUnroll; ++i) {
        GPU_UNROLL
        for (int e = 0; e < kPack<T>; ++e) p[i][e] = gpu::max(p[i][e], kLowest);
        most = gpu::max(most, gpu::max(gpu::max(p[i][0], p[i][1]), gpu::max(p[i][2], p[i][3])));
      }
      return most;
    }
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
  int64_t rows;
  int vocab;
  float inv_temperature;
};

/// A row belongs to block_dim().x threads, which walk rows: the packs they need next, of this row or of their next, are
/// always under way.
template <class T, bool Aligned>
GPU_KERNEL(kThreads, Aligned ? 2 : 1)
void logp_rows_kernel(LogpArgs<T> a) {
  constexpr int V = kPack<T>;
  SMEM(float, part, 3 * 32);
  const int packs = (a.vocab + V - 1) / V, threads = int(gpu::block_dim().x), first = int(gpu::thread_idx().x);
  const int64_t stride = int64_t(gpu::grid_dim().x) * gpu::block_dim().y;
  const Group group = row_group();
  const float c = gpu::mul(a.inv_temperature, kLog2e);
  T lowest;
  narrow(lowest, kLowest);
  int64_t row = int64_t(gpu::block_idx().x) * gpu::block_dim().y + gpu::thread_idx().y;
  const T* z = a.logits + row * a.vocab;
  int left = row < a.rows ? a.vocab : 0;
  Pack<T> next[kUnroll];
  const auto fetch = [&](int base) {
    GPU_UNROLL
    for (int i = 0; i < kUnroll; ++i) next[i] = load_pack<Aligned>(z, (base + first + i * threads) * V, left, lowest);
  };
  fetch(0);
  for (; row < a.rows; row += stride) {
    const float chosen = gpu::to_float(z[a.targets[row]]);
    Online o;
    for (int base = 0; base < packs;) {
      Pack<T> p[kUnroll];
      GPU_UNROLL
      for (int i = 0; i < kUnroll; ++i) p[i] = next[i];
      base += kUnroll * threads;
      if (base >= packs) z += stride * a.vocab, left = row + stride < a.rows ? a.vocab : 0;
      fetch(base < packs ? base : 0);
      o.take<T>(p, c);
    }
    o.raise(group_max(o.top, part, group), c);
    const float sum = group_sum(o.sum, part + 32, group), weighted = group_sum(o.weighted, part + 64, group);
    if (first != 0) continue;
    const float log_sum = log_exact(sum), lse = gpu::fma(o.top * c, kLn2, log_sum);
    a.lse[row] = lse;
    a.logp[row] = gpu::sub(gpu::mul(chosen, a.inv_temperature), lse);
    if (a.entropy) a.entropy[row] = gpu::sub(log_sum, gpu::mul(gpu::div(weighted, sum), kLn2));
  }
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

template <class T>
void launch_forward(const Exec& ex, const LogpArgs<T>& a) {
  if (a.rows == 0 || a.vocab == 0) return;
  const int threads = threads_for(ceil_div(a.vocab, kPack<T>), 4 * kUnroll), rows = threads == 32 ? 4 : 1;
  gpu::launch({.name = "logp_rows",
               .grid = even_grid(ceil_div(a.rows, rows), 1024 / (threads * rows)),
               .block = {threads, uint32_t(rows)},
               .stream = ex.stream},
              packs_fit(a.logits, a.vocab, a.vocab) ? logp_rows_kernel<T, true> : logp_rows_kernel<T, false>, a);
}

template <class T>
void launch_backward(const Exec& ex, const LogpArgs<T>& a) {
  if (a.rows == 0 || a.vocab == 0) return;
  const bool aligned = packs_fit(a.logits, a.vocab, a.vocab) && packs_fit(a.dlogits, a.vocab, a.vocab);
  gpu::launch({.name = "logp_rows_bwd",
               .grid = a.rows,
               .block = threads_for(ceil_div(a.vocab, kPack<T>), kUnroll),
               .stream = ex.stream},
              aligned ? logp_rows_bwd_kernel<T, true> : logp_rows_bwd_kernel<T, false>, a);
}

}  // namespace

void logp_rows(const Exec& ex, float* logp, float* lse, float* entropy, const float* logits, const int32_t* targets,
               int64_t rows, int64_t vocab, float inv_temperature) {
  launch_forward(ex, LogpArgs<float>{logp, lse, entropy, nullptr, logits, nullptr, nullptr, targets, rows, int(vocab),
                                     inv_temperature});
}
void logp_rows(const Exec& ex, float* logp, float* lse, float* entropy, const bf16* logits, const int32_t* targets,
               int64_t rows, int64_t vocab, float inv_temperature) {
  launch_forward(ex, LogpArgs<gpu::bf16>{logp, lse, entropy, nullptr, dev(logits), nullptr, nullptr, targets, rows,
                                         int(vocab), inv_temperature});
}
void logp_rows_bwd(const Exec& ex, float* dlogits, const float* logits, const float* lse, const int32_t* targets,
                   const float* dlogp, int64_t rows, int64_t vocab, float inv_temperature) {
  launch_backward(ex, LogpArgs<float>{nullptr, nullptr, nullptr, dlogits, logits, lse, dlogp, targets, rows, int(vocab),
                                      inv_temperature});
}
void logp_rows_bwd(const Exec& ex, bf16* dlogits, const bf16* logits, const float* lse, const int32_t* targets,
                   const float* dlogp, int64_t rows, int64_t vocab, float inv_temperature) {
  launch_backward(ex, LogpArgs<gpu::bf16>{nullptr, nullptr, nullptr, dev(dlogits), dev(logits), lse, dlogp, targets,
                                          rows, int(vocab), inv_temperature});
}

}  // namespace r1::cuda
