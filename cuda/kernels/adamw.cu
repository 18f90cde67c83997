// Twin of kernels/adamw.h: one pass, four reads and three writes (or four) a parameter; the clip factor is read from
// the norm that sum_squares left on the device, so no number travels to the host. Paper: [V3 §4.2].
#include "kernels/adamw.h"

#include "common/map.cuh"

namespace r1::cuda {

namespace {

constexpr int kThreads = 256;

struct Step {
  float lr, beta1, beta2, eps, weight_decay, correction1, correction2, grad_scale, rest1, rest2;
  const double* squares;
  float max_norm;
};

template <bool Aligned, class G>
GPU_KERNEL(kThreads)
void adamw_kernel(gpu::bf16* w16, float* w, float* m, float* v, const G* g, int64_t n, Step a) {
  constexpr int V = kPack<G>;
  const int64_t i = (int64_t(gpu::block_idx().x) * kThreads + gpu::tid()) * V;
  if (i >= n) return;
  float weight[V], m1[V], v1[V], grad[V];
  load_floats<Aligned>(grad, g + i, n - i);
  load_floats<Aligned>(m1, m + i, n - i);
  load_floats<Aligned>(v1, v + i, n - i);
  load_floats<Aligned>(weight, w + i, n - i);
  float factor = a.grad_scale;
  if (a.squares) {
    const double norm = ::sqrt(*a.squares);
    if (norm > double(a.max_norm)) factor = gpu::mul(factor, float(double(a.max_norm) / norm));
  }
  GPU_UNROLL
  for (int e = 0; e < V; ++e) {
    const float d = gpu::mul(grad[e], factor);
    m1[e] = gpu::fma(a.beta1, m1[e], gpu::mul(d, a.rest1));
    v1[e] = gpu::fma(a.beta2, v1[e], gpu::mul(gpu::mul(d, d), a.rest2));
    const float down = gpu::add(gpu::sqrt(gpu::div(v1[e], a.correction2)), a.eps);
    const float step = gpu::add(gpu::div(gpu::div(m1[e], a.correction1), down), gpu::mul(weight[e], a.weight_decay));
    weight[e] = gpu::sub(weight[e], gpu::mul(step, a.lr));
  }
  store_floats<Aligned>(m + i, m1, n - i);
  store_floats<Aligned>(v + i, v1, n - i);
  store_floats<Aligned>(w + i, weight, n - i);
  if constexpr (sizeof(G) == 2) store_floats<Aligned>(w16 + i, weight, n - i);
}

template <class G>
void launch_adamw(const Exec& ex, gpu::bf16* w16, float* w, float* m, float* v, const G* g, int64_t n,
                  const AdamWArgs& a) {
  if (n == 0) return;
  const Step s{a.lr,          a.beta1,      a.beta2,        a.eps,          a.weight_decay, a.correction1,
               a.correction2, a.grad_scale, 1.0f - a.beta1, 1.0f - a.beta2, a.squares,      a.max_norm};
  constexpr int V = kPack<G>;
  const bool aligned = packs_fit(w, 0, n) && packs_fit(m, 0, n) && packs_fit(v, 0, n) && packs_fit(g, 0, n) &&
                       n % V == 0 && (!w16 || packs_fit(w16, 0, n));
  gpu::launch({.name = "adamw", .grid = ceil_div(n, int64_t{kThreads} * V), .block = kThreads, .stream = ex.stream},
              aligned ? adamw_kernel<true, G> : adamw_kernel<false, G>, w16, w, m, v, g, n, s);
}

}  // namespace

void adamw(const Exec& ex, float* w, float* m, float* v, const float* g, int64_t n, const AdamWArgs& a) {
  launch_adamw(ex, static_cast<gpu::bf16*>(nullptr), w, m, v, g, n, a);
}
void adamw(const Exec& ex, bf16* w16, float* w, float* m, float* v, const bf16* g, int64_t n, const AdamWArgs& a) {
  launch_adamw(ex, dev(w16), w, m, v, dev(g), n, a);
}

}  // namespace r1::cuda
