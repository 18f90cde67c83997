// Twins of kernels/attention.h. bf16 heads of 64/64, 128/128 and (forward) 192/128 whose rows are aligned to 16 bytes
// go to the tensor cores, by wgmma where the chip is 9.0 and no document has a prefix, else by mma; the rest, float
// among it, to the ordinary ones. The choice never depends on the batch. Paper: [V3 Eq. 10].
#include "kernels/attention.h"

#include "kernels/attention_bwd_sm90.cuh"
#include "kernels/attention_mma.cuh"
#include "kernels/attention_mma_bwd.cuh"
#include "kernels/attention_simt.cuh"
#include "kernels/attention_sm90.cuh"

namespace r1::cuda {

namespace {

using namespace attn;

template <class T>
auto problem_of(const AttentionArgsOf<T>& a) {
  R1_CHECK(a.n_kv_heads > 0 && a.n_heads % a.n_kv_heads == 0, "attention: ", a.n_heads, " heads and ", a.n_kv_heads,
           " of keys, expected a multiple");
  R1_CHECK(a.dk <= 32 * kMostColumns && a.dv <= 32 * kMostColumns, "attention on the device: head width ", a.dk, " / ",
           a.dv, ", expected at most ", 32 * kMostColumns);
  using D = typename DeviceType<T>::type;
  return Problem<D>{
      a.n_tokens, a.ldq,      a.ldk,         a.ldv,   a.v_head_stride, a.ldo,    int(a.n_heads), int(a.n_kv_heads),
      int(a.dk),  int(a.dv),  int(a.n_docs), a.scale, a.cu_seqlens,    a.prefix, dev(a.q),       dev(a.k),
      dev(a.v),   dev(a.out), a.lse};
}
/// All rows of all heads start on 16 bytes.
bool rows_fit(const AttentionArgsOf<bf16>& a) {
  return packs_fit(a.q, a.ldq, a.dk) && packs_fit(a.k, a.ldk, a.dk) && packs_fit(a.v, a.ldv, a.dv) &&
         packs_fit(a.out, a.ldo, a.dv) && a.v_head_stride % 8 == 0;
}

template <class T>
void forward_simt(const Exec& ex, const Problem<T>& p) {
  gpu::launch(warps<T>("attention_simt", p.n_tokens * p.heads, ex.stream), simt_fwd_kernel<T>, p);
}
template <int DK, int DV>
void forward_mma(const Exec& ex, const Problem<gpu::bf16>& p) {
  gpu::launch({.name = "attention_mma",
               .grid = {most_tiles(p.n_tokens, p.docs, kRows), uint32_t(p.heads)},
               .block = kMmaThreads,
               .smem = kForwardSmem<DK, DV>,
               .stream = ex.stream},
              mma_fwd_kernel<DK, DV>, p);
}

template <class T>
float* dots_of(const Exec& ex, const Backward<T>& b) {
  const size_t need = attention_bwd_device_workspace(b.p.n_tokens, b.p.heads);
  R1_CHECK(ex.workspace_bytes >= need, "attention_bwd: workspace of ", ex.workspace_bytes, " bytes, expected ", need);
  float* dots = reinterpret_cast<float*>(ex.workspace);
  gpu::launch(warps<T>("attention_dots", b.p.n_tokens * b.p.heads, ex.stream), dots_kernel<T>, dots, b.p, b.dout);
  return dots;
}
template <class T>
void backward_simt(const Exec& ex, const Backward<T>& b) {
  gpu::launch(warps<T>("attention_simt_dq", b.p.n_tokens * b.p.heads, ex.stream), simt_dq_kernel<T>, b);
  gpu::launch(warps<T>("attention_simt_dkv", b.p.n_tokens * b.p.kv_heads, ex.stream), simt_dkv_kernel<T>, b);
}
template <int DK, int DV>
void backward_mma(const Exec& ex, const Backward<gpu::bf16>& b) {
  const uint32_t tiles = uint32_t(most_tiles(b.p.n_tokens, b.p.docs, kRows));
  gpu::launch({.name = "attention_mma_dq",
               .grid = {tiles, uint32_t(b.p.heads)},
               .block = kMmaThreads,
               .smem = kDqSmem<DK, DV>,
               .stream = ex.stream},
              mma_dq_kernel<DK, DV>, b);
  gpu::launch({.name = "attention_mma_dkv",
               .grid = {tiles, uint32_t(b.p.kv_heads)},
               .block = kMmaThreads,
               .smem = kDkvSmem<DK, DV>,
               .stream = ex.stream},
              mma_dkv_kernel<DK, DV>, b);
}
template <class T>
auto backward_of(const Exec& ex, const AttentionArgsOf<T>& a, const AttentionGradsOf<T>& g) {
  using D = typename DeviceType<T>::type;
  Backward<D> b{problem_of(a), dev(g.dout), dev(g.dq), dev(g.dk), dev(g.dv), nullptr, g.accumulate_dq};
  b.dots = dots_of(ex, b);
  return b;
}

}  // namespace

void attention_fwd(const Exec& ex, const AttentionArgs& a) {
  if (a.n_tokens > 0) forward_simt(ex, problem_of(a));
}
void attention_fwd(const Exec& ex, const AttentionArgsOf<bf16>& a) {
  if (a.n_tokens == 0) return;
  const Problem<gpu::bf16> p = problem_of(a);
  const bool fit = rows_fit(a);
  const gpu::DeviceInfo& info = gpu::device_info(gpu::current_device());
  if (fit && info.major == 9 && info.minor == 0 && !a.prefix) {
    if (a.dk == 64 && a.dv == 64) return sm90::launch_forward<64, 64>(p, ex.stream);
    if (a.dk == 128 && a.dv == 128) return sm90::launch_forward<128, 128>(p, ex.stream);
    if (a.dk == 192 && a.dv == 128) return sm90::launch_forward<192, 128>(p, ex.stream);
  }
  if (fit && a.dk == 64 && a.dv == 64) return forward_mma<64, 64>(ex, p);
  if (fit && a.dk == 128 && a.dv == 128) return forward_mma<128, 128>(ex, p);
  if (fit && a.dk == 192 && a.dv == 128) return forward_mma<192, 128>(ex, p);
  forward_simt(ex, p);
}
void attention_bwd(const Exec& ex, const AttentionArgs& a, const AttentionGrads& g) {
  if (a.n_tokens > 0) backward_simt(ex, backward_of(ex, a, g));
}
void attention_bwd(const Exec& ex, const AttentionArgsOf<bf16>& a, const AttentionGradsOf<bf16>& g) {
  if (a.n_tokens == 0) return;
  const Backward<gpu::bf16> b = backward_of(ex, a, g);
  const bool fit = rows_fit(a) && packs_fit(g.dout, a.ldo, a.dv) && packs_fit(g.dq, a.ldq, a.dk) &&
                   packs_fit(g.dk, a.ldk, a.dk) && packs_fit(g.dv, a.ldv, a.dv);
  const gpu::DeviceInfo& info = gpu::device_info(gpu::current_device());
  if (fit && info.major == 9 && info.minor == 0 && !a.prefix && g.dk != g.dv) {
    if (a.dk == 64 && a.dv == 64) return sm90::launch_backward<64, 64>(b, ex.stream);
    if (a.dk == 128 && a.dv == 128) return sm90::launch_backward<128, 128>(b, ex.stream);
  }
  // Where values are a part of keys, dk and dv overlap: the kernel for that adds one after the other.
  if (fit && g.dk != g.dv && a.dk == 64 && a.dv == 64) return backward_mma<64, 64>(ex, b);
  if (fit && g.dk != g.dv && a.dk == 128 && a.dv == 128) return backward_mma<128, 128>(ex, b);
  backward_simt(ex, b);
}

}  // namespace r1::cuda
