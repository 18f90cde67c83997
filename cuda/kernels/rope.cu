// Twin of kernels/rope.h: a thread turns one pair (halves) or one pack of pairs (neighbours). Float has the CPU's
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

template <bool Interleave, bool Aligned, class T>
GPU_KERNEL(kThreads) void rope_kernel(Turn<T> a) {
  constexpr int V = Interleave ? kPack<T> : 1;
  const int units = Interleave ? (a.d + V - 1) / V : a.d / 2;
  const int64_t i = int64_t(gpu::block_idx().x) * kThreads + gpu::tid(), cell = i / units;
  const int unit = int(i - cell * units), head = int(cell % a.heads);
  const int64_t row = cell / a.heads;
  if (row >= a.rows) return;
  const T* x = a.src + row * a.src_ld + head * a.src_head;
  T* y = a.dst + row * a.dst_ld + head * a.dst_head;
  const float* table = a.table + int64_t(a.positions[row]) * a.d;
  const float sign = a.inverse ? -1.0f : 1.0f;
  if constexpr (Interleave) {
    const int at = unit * V;
    float u[V], t[V], r[V];
    to_floats<T>(u, load_pack<Aligned>(x, at, a.d));
    GPU_UNROLL
    for (int e = 0; e < V; ++e) t[e] = at + e < a.d ? table[at + e] : 0.0f;
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
    const int half = a.d / 2;
    const float p = gpu::to_float(x[unit]), q = gpu::to_float(x[unit + half]);
    const float c = table[2 * unit], s = gpu::mul(sign, table[2 * unit + 1]);
    float u = gpu::sub(gpu::mul(p, c), gpu::mul(q, s)), w = gpu::add(gpu::mul(p, s), gpu::mul(q, c));
    if (a.accumulate) u = gpu::add(gpu::to_float(y[unit]), u), w = gpu::add(gpu::to_float(y[unit + half]), w);
    narrow(y[unit], u);
    narrow(y[unit + half], w);
  }
}

template <class T, class Args>
void launch_rope(const Exec& ex, const Args& a) {
  const Turn<T> t{dev(a.src), dev(a.dst),   a.src_ld, a.src_head,  a.dst_ld,  a.dst_head,  a.rows,
                  int(a.heads), int(a.d), a.table,  a.positions, a.inverse, a.accumulate};
  const int64_t units = a.rows * a.heads * (a.interleave ? ceil_div(a.d, kPack<T>) : a.d / 2);
  if (units == 0) return;
  const bool aligned = packs_fit(t.src, t.src_ld, a.d) && t.src_head % kPack<T> == 0 && packs_fit(t.dst, t.dst_ld, a.d) &&
                       t.dst_head % kPack<T> == 0;
  const auto kernel = !a.interleave ? rope_kernel<false, false, T>
                      : aligned     ? rope_kernel<true, true, T>
                                    : rope_kernel<true, false, T>;
  gpu::launch({.name = "rope", .grid = ceil_div(units, kThreads), .block = kThreads, .stream = ex.stream}, kernel, t);
}

}  // namespace

void rope(const Exec& ex, const RopeArgs& a) { launch_rope<float>(ex, a); }
void rope(const Exec& ex, const RopeArgsOf<bf16>& a) { launch_rope<gpu::bf16>(ex, a); }

}  // namespace r1::cuda
