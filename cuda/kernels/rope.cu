// Twin of kernels/rope.h: a thread turns a pack of pairs. Float has the CPU's
// roundings. Paper: [V3 Eq. 4], [V3 Eq. 8].
#include "kernels/rope.h"

#include "common/pack.cuh"

namespace r1::cuda {

namespace {

constexpr int kThreads = 256;

template <class T>
struct Turn {
  const T* src;
  T* dst;
  int64_t src_ld, src_head, dst_ld, dst_head, rows;
  int heads, d;
  const float* table;
  const int32_t* positions;
  bool inverse, accumulate;
};

/// Cosine and sine of pair i are table[2 i], table[2 i + 1].
template <bool Aligned, int N>
GPU_DEVICE void load_angles(float (&t)[N], const float* table, int left) {
  GPU_UNROLL
  for (int i = 0; i < N; i += 4) {
    if constexpr (Aligned) {
      const auto v = gpu::load_vec<4>(table + i);
      GPU_UNROLL
      for (int e = 0; e < 4; ++e) t[i + e] = v[e];
    } else {
      GPU_UNROLL
      for (int e = 0; e < 4; ++e) t[i + e] = i + e < left ? table[i + e] : 0.0f;
    }
  }
}

/// A thread: a pack of neighbours, or a pack of the first half with its pack of the second.
template <bool Interleave, bool Aligned, class T>
GPU_KERNEL(kThreads)
void rope_kernel(Turn<T> a) {
  constexpr int V = kPack<T>;
  const int width = Interleave ? a.d : a.d / 2, units = (width + V - 1) / V;
  const int64_t i = int64_t(gpu::block_idx().x) * kThreads + gpu::tid(), cell = i / units;
  const int at = int(i - cell * units) * V, head = int(cell % a.heads);
  const int64_t row = cell / a.heads;
  if (row >= a.rows) return;
  const T* x = a.src + row * a.src_ld + head * a.src_head;
  T* y = a.dst + row * a.dst_ld + head * a.dst_head;
  const float* table = a.table + int64_t(a.positions[row]) * a.d;
  const float sign = a.inverse ? -1.0f : 1.0f;
  if constexpr (Interleave) {
    float u[V], t[V], r[V];
    to_floats<T>(u, load_pack<Aligned>(x, at, a.d));
    load_angles<Aligned>(t, table + at, a.d - at);
    GPU_UNROLL
    for (int e = 0; e < V; e += 2) {
      const float c = t[e], s = gpu::mul(sign, t[e + 1]);
      r[e] = gpu::add(gpu::mul(u[e], c), gpu::mul(u[e + 1], -s));
      r[e + 1] = gpu::add(gpu::mul(u[e + 1], c), gpu::mul(u[e], s));
    }
    if (a.accumulate) {
      to_floats<T>(u, load_pack<Aligned>(static_cast<const T*>(y), at, a.d));
      GPU_UNROLL
      for (int e = 0; e < V; ++e) r[e] = gpu::add(u[e], r[e]);
    }
    store_pack<Aligned>(y, at, a.d, to_pack(r, x));
  } else {
    float p[V], q[V], t[2 * V], u[V], w[V];
    to_floats<T>(p, load_pack<Aligned>(x, at, width));
    to_floats<T>(q, load_pack<Aligned>(x + width, at, width));
    load_angles<Aligned>(t, table + 2 * at, a.d - 2 * at);
    GPU_UNROLL
    for (int e = 0; e < V; ++e) {
      const float c = t[2 * e], s = gpu::mul(sign, t[2 * e + 1]);
      u[e] = gpu::sub(gpu::mul(p[e], c), gpu::mul(q[e], s));
      w[e] = gpu::add(gpu::mul(p[e], s), gpu::mul(q[e], c));
    }
    if (a.accumulate) {
      to_floats<T>(p, load_pack<Aligned>(static_cast<const T*>(y), at, width));
      to_floats<T>(q, load_pack<Aligned>(static_cast<const T*>(y) + width, at, width));
      GPU_UNROLL
      for (int e = 0; e < V; ++e) u[e] = gpu::add(p[e], u[e]), w[e] = gpu::add(q[e], w[e]);
    }
    store_pack<Aligned>(y, at, width, to_pack(u, x));
    store_pack<Aligned>(y + width, at, width, to_pack(w, x));
  }
}

template <class T, class Args>
void launch_rope(const Exec& ex, const Args& a) {
  const Turn<T> t{dev(a.src),   dev(a.dst), a.src_ld, a.src_head,  a.dst_ld,  a.dst_head,  a.rows,
                  int(a.heads), int(a.d),   a.table,  a.positions, a.inverse, a.accumulate};
  const int64_t width = a.interleave ? a.d : a.d / 2, units = a.rows * a.heads * ceil_div(width, kPack<T>);
  if (units == 0) return;
  const bool aligned = packs_fit(t.src, t.src_ld, width) && t.src_head % kPack<T> == 0 &&
                       packs_fit(t.dst, t.dst_ld, width) && t.dst_head % kPack<T> == 0 && packs_fit(a.table, a.d, a.d);
  const auto kernel = a.interleave ? (aligned ? rope_kernel<true, true, T> : rope_kernel<true, false, T>)
                                   : (aligned ? rope_kernel<false, true, T> : rope_kernel<false, false, T>);
  gpu::launch({.name = "rope", .grid = ceil_div(units, kThreads), .block = kThreads, .stream = ex.stream}, kernel, t);
}

}  // namespace

void rope(const Exec& ex, const RopeArgs& a) { launch_rope<float>(ex, a); }
void rope(const Exec& ex, const RopeArgsOf<bf16>& a) { launch_rope<gpu::bf16>(ex, a); }

}  // namespace r1::cuda
