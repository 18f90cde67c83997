// One thread, a few packs: y[i] = f(x0[i], x1[i], ...) over n elements. Loads of all packs are issued before the first
// is used, so that each thread has 64 bytes in flight. Paper: none.
#pragma once
#include "common/pack.cuh"

namespace r1::cuda {

constexpr int kMapThreads = 256;
/// Packs a thread: four loads under way, whatever the number of inputs.
template <class F>
constexpr int kMapUnroll = F::kIn >= 4 ? 1 : 4 / F::kIn;

/// V elements at p, in 16-byte pieces.
template <bool Aligned, int V, class T>
GPU_DEVICE void load_floats(float (&x)[V], const T* p, int64_t left) {
  if constexpr (Aligned) {
    constexpr int kPiece = V < kPack<T> ? V : kPack<T>;
    GPU_UNROLL
    for (int j = 0; j < V; j += kPiece) {
      const auto piece = gpu::load_vec<kPiece>(p + j);
      GPU_UNROLL
      for (int i = 0; i < kPiece; ++i) x[j + i] = gpu::to_float(piece[i]);
    }
  } else {
    GPU_UNROLL
    for (int i = 0; i < V; ++i) x[i] = i < left ? gpu::to_float(p[i]) : 0.0f;
  }
}
template <bool Aligned, int V, class T>
GPU_DEVICE void store_floats(T* p, const float (&x)[V], int64_t left) {
  if constexpr (Aligned) {
    constexpr int kPiece = V < kPack<T> ? V : kPack<T>;
    GPU_UNROLL
    for (int j = 0; j < V; j += kPiece) {
      gpu::Vec<T, kPiece> piece;
      GPU_UNROLL
      for (int i = 0; i < kPiece; i += 2) {
        if constexpr (sizeof(T) == 2) {
          const uint32_t u = gpu::pack_bf16(x[j + i], x[j + i + 1]);
          piece[i].bits = uint16_t(u), piece[i + 1].bits = uint16_t(u >> 16);
        } else {
          piece[i] = x[j + i], piece[i + 1] = x[j + i + 1];
        }
      }
      gpu::store_vec(p + j, piece);
    }
  } else {
    GPU_UNROLL
    for (int i = 0; i < V; ++i)
      if (i < left) narrow(p[i], x[i]);
  }
}

/// F: types In and Out, kIn inputs in[kIn], output out, float operator()(const float* x) const.
template <bool Aligned, class F>
GPU_KERNEL(kMapThreads)
void map_kernel(F f, int64_t n) {
  constexpr int V = kPack<typename F::Out>;  // a store is 16 bytes
  const int64_t first = (int64_t(gpu::block_idx().x) * kMapUnroll<F> * kMapThreads + gpu::tid()) * V;
  float x[kMapUnroll<F>][F::kIn][V];
  GPU_UNROLL
  for (int u = 0; u < kMapUnroll<F>; ++u) {
    const int64_t i = first + int64_t(u) * kMapThreads * V;
    if (i >= n) break;
    GPU_UNROLL
    for (int k = 0; k < F::kIn; ++k) load_floats<Aligned>(x[u][k], f.in[k] + i, n - i);
  }
  GPU_UNROLL
  for (int u = 0; u < kMapUnroll<F>; ++u) {
    const int64_t i = first + int64_t(u) * kMapThreads * V;
    if (i >= n) break;
    float y[V];
    GPU_UNROLL
    for (int e = 0; e < V; ++e) {
      float args[F::kIn];
      GPU_UNROLL
      for (int k = 0; k < F::kIn; ++k) args[k] = x[u][k][e];
      y[e] = f(args);
    }
    store_floats<Aligned>(f.out + i, y, n - i);
  }
}

template <class F>
void launch_map(const char* name, void* stream, const F& f, int64_t n) {
  if (n <= 0) return;
  constexpr int V = kPack<typename F::Out>;  // a store is 16 bytes
  bool aligned = packs_fit(f.out, 0, n) && n % V == 0;
  for (int k = 0; k < F::kIn; ++k) aligned = aligned && packs_fit(f.in[k], 0, n);
  const gpu::Launch at{.name = name,
                       .grid = ceil_div(n, int64_t{kMapThreads} * kMapUnroll<F> * V),
                       .block = kMapThreads,
                       .stream = stream};
  if (aligned)
    gpu::launch(at, map_kernel<true, F>, f, n);
  else
    gpu::launch(at, map_kernel<false, F>, f, n);
}

}  // namespace r1::cuda
