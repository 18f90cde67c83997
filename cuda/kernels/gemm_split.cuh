// Fast mode of a product whose tiles leave most of the chip idle (few rows, as in decoding): parts of k go to blocks of
// their own, their sums to the workspace in float, and a second kernel adds them in the order of k. The same bits run
// to run; but how k is split depends on m and n, so a row's bits depend on the batch. Paper: none.
#pragma once
#include "kernels/gemm_mma.cuh"

namespace r1::cuda::mma {

/// c (=|+=) the parts [parts, m, n], a thread four neighbours. Wide: these lie in 16 bytes, all of them inside.
template <class Out, bool Wide>
GPU_KERNEL(256)
void add_parts_kernel(Out* c, int64_t ldc, const float* parts, int count, int m, int n, bool accumulate) {
  constexpr int kAtOnce = 4;
  const int fours = (n + 3) / 4;
  const int64_t i = int64_t(gpu::block_idx().x) * 256 + gpu::tid(), row = i / fours;
  if (row >= m) return;
  const int col = int(i - row * fours) * 4;
  const float* from = parts + row * n + col;
  float sum[4] = {};
  for (int k = 0; k < count; k += kAtOnce) {
    gpu::Vec<float, 4> v[kAtOnce];
    GPU_UNROLL
    for (int j = 0; j < kAtOnce; ++j)
      v[j] = load_pack<Wide>(from + (k + j) * int64_t{m} * n, 0, k + j < count ? n - col : 0);
    GPU_UNROLL
    for (int j = 0; j < kAtOnce; ++j) {
      GPU_UNROLL
      for (int e = 0; e < 4; ++e) sum[e] = gpu::add(sum[e], v[j][e]);
    }
  }
  GPU_UNROLL
  for (int e = 0; e < 4; e += 2) store_two(c, ldc, int(row), col + e, m, n, sum[e], sum[e + 1], accumulate);
}

/// `parts`: gemm_fast_workspace bytes.
template <class Kind, class In, class Out>
void launch_split(const GemmArgsOf<In, Out>& g, float* parts, void* stream) {
  const int64_t each = gemm_part(g.m, g.n, g.k);
  GemmArgsOf<In, float> p;
  p.m = g.m, p.n = g.n, p.k = g.k;
  p.a = g.a, p.lda = g.lda, p.trans_a = g.trans_a, p.stride_a = g.trans_a ? each * g.lda : each;
  p.b = g.b, p.ldb = g.ldb, p.trans_b = g.trans_b, p.stride_b = g.trans_b ? each : each * g.ldb;
  p.c = parts, p.ldc = g.n, p.stride_c = g.m * g.n, p.batch = ceil_div(g.k, each);
  launch_gemm<Kind>(p, stream, int(each));
  using D = typename DeviceType<Out>::type;
  gpu::launch({.name = "gemm_add_parts", .grid = ceil_div(g.m * ceil_div(g.n, 4), 256), .block = 256, .stream = stream},
              g.n % 4 == 0 ? add_parts_kernel<D, true> : add_parts_kernel<D, false>, dev(g.c), g.ldc, parts,
              int(p.batch), int(g.m), int(g.n), g.accumulate);
}

}  // namespace r1::cuda::mma
