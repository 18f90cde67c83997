// What becomes of a Hopper GEMM's tile: stored as bf16 or float, over or added to what was there. Paper: none.
#pragma once
#include "kernels/gemm.h"
#include "kernels/gemm_sm90.cuh"

namespace r1::cuda::sm90 {

/// C, 16 bytes a lane (bf16) or 8 (float).
template <class Out>
struct Store {
  Out* c;
  int64_t ldc;
  bool accumulate;
  GPU_DEVICE void operator()(float (&d)[128], int row, int col, const Sizes& p) const;
};

#if defined(__CUDA_ARCH_FEAT_SM90_ALL) || defined(R1_GPU_EMULATED)
/// Four lanes of a quad hold columns 2t, 2t + 1 of four groups of eight columns: afterwards lane t holds all of group
/// t.
GPU_DEVICE void transpose_quad(uint32_t (&r)[4]) {
  const int t = gpu::lane() & 3;
  GPU_UNROLL
  for (int d = 1; d <= 2; d *= 2) {
    const bool up = (t & d) != 0;
    GPU_UNROLL
    for (int i = 0; i < 4; ++i) {
      if (i & d) continue;
      const uint32_t give = up ? r[i] : r[i + d];
      const uint32_t got = gpu::shfl_xor(give, d);
      if (up)
        r[i] = got;
      else
        r[i + d] = got;
    }
  }
}

template <>
GPU_DEVICE void Store<gpu::bf16>::operator()(float (&d)[128], int row, int col, const Sizes& p) const {
  const int t = gpu::lane() & 3;
  GPU_UNROLL
  for (int j = 0; j < 32; j += 4) {
    GPU_UNROLL
    for (int half = 0; half < 2; ++half) {
      const int at = row + gpu::lane() / 4 + 8 * half, first = col + 8 * (j + t);
      uint32_t r[4];
      GPU_UNROLL
      for (int i = 0; i < 4; ++i) {
        float x = d[4 * (j + i) + 2 * half], y = d[4 * (j + i) + 2 * half + 1];
        const int own = col + 8 * (j + i) + 2 * t;
        if (accumulate && at < p.m) {  // before the only rounding
          const gpu::bf16* old = c + int64_t(at) * ldc + own;
          if (own < p.n) x = gpu::add(gpu::to_float(old[0]), x);
          if (own + 1 < p.n) y = gpu::add(gpu::to_float(old[1]), y);
        }
        r[i] = gpu::pack_bf16(x, y);
      }
      transpose_quad(r);
      if (accumulate) gpu::syncwarp();  // others of the quad have read what this lane writes
      if (at >= p.m || first >= p.n) continue;
      gpu::bf16* to = c + int64_t(at) * ldc + first;
      if (first + 8 <= p.n) {
        gpu::Vec<uint32_t, 4> v;
        GPU_UNROLL
        for (int i = 0; i < 4; ++i) v[i] = r[i];
        gpu::store_vec(reinterpret_cast<uint32_t*>(to), v);
      } else {
        GPU_UNROLL
        for (int e = 0; e < 8; ++e)
          if (first + e < p.n) to[e].bits = uint16_t(r[e / 2] >> (16 * (e & 1)));
      }
    }
  }
}
template <>
GPU_DEVICE void Store<float>::operator()(float (&d)[128], int row, int col, const Sizes& p) const {
  const int first = col + 2 * (gpu::lane() & 3);
  GPU_UNROLL
  for (int half = 0; half < 2; ++half) {
    const int at = row + gpu::lane() / 4 + 8 * half;
    if (at >= p.m) continue;
    float* line = c + int64_t(at) * ldc;
    GPU_UNROLL
    for (int j0 = 0; j0 < 32; j0 += 8) {
      gpu::Vec<float, 2> v[8];
      GPU_UNROLL
      for (int j = 0; j < 8; ++j) {  // all old values are under way before the first is used
        const int at_col = first + 8 * (j0 + j);
        v[j][0] = v[j][1] = 0.0f;
        if (accumulate && at_col + 1 < p.n)
          v[j] = gpu::load_vec<2>(static_cast<const float*>(line) + at_col);
        else if (accumulate && at_col < p.n)
          v[j][0] = line[at_col];
      }
      GPU_UNROLL
      for (int j = 0; j < 8; ++j) {
        const int at_col = first + 8 * (j0 + j);
        const float x = d[4 * (j0 + j) + 2 * half], y = d[4 * (j0 + j) + 2 * half + 1];
        v[j][0] = accumulate ? gpu::add(v[j][0], x) : x, v[j][1] = accumulate ? gpu::add(v[j][1], y) : y;
        if (at_col + 1 < p.n)
          gpu::store_vec(line + at_col, v[j]);
        else if (at_col < p.n)
          line[at_col] = v[j][0];
      }
    }
  }
}
#endif

/// TMA needs 16-byte aligned bases and rows; the stores of C do too.
template <class Out>
inline bool fits(const GemmArgsOf<bf16, Out>& g) {
  const auto aligned = [](const void* p, int64_t bytes) {
    return reinterpret_cast<uintptr_t>(p) % 16 == 0 && bytes % 16 == 0;
  };
  return aligned(g.a, g.lda * 2) && aligned(g.b, g.ldb * 2) && aligned(g.c, g.ldc * int64_t{sizeof(Out)}) && g.k > 0;
}

template <int Cluster, class Out>
void launch_gemm(const GemmArgsOf<bf16, Out>& g, void* stream) {
  const Sizes p{int(g.m), int(g.n), int(g.k)};
  for (int64_t i = 0; i < g.batch; ++i) {
    const gpu::bf16 *a = dev(g.a) + i * g.stride_a, *b = dev(g.b) + i * g.stride_b;
    const Store<typename DeviceType<Out>::type> c{dev(g.c) + i * g.stride_c, g.ldc, g.accumulate};
    const char* name = "gemm_sm90";
    if (!g.trans_a && g.trans_b) launch_product<Cluster, true, true>(name, a, g.lda, b, g.ldb, p, c, stream);
    if (!g.trans_a && !g.trans_b) launch_product<Cluster, true, false>(name, a, g.lda, b, g.ldb, p, c, stream);
    if (g.trans_a && g.trans_b) launch_product<Cluster, false, true>(name, a, g.lda, b, g.ldb, p, c, stream);
    if (g.trans_a && !g.trans_b) launch_product<Cluster, false, false>(name, a, g.lda, b, g.ldb, p, c, stream);
  }
}

}  // namespace r1::cuda::sm90
