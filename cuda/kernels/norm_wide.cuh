// RMSNorm of rows too wide for a block's registers: element by element, read twice (the second time from L2). Any
// width, any alignment. Paper: [V3 §2.1.1].
#pragma once
#include "common/pack.cuh"
#include "common/reduce.cuh"
#include "kernels/norm.h"

namespace r1::cuda {

constexpr int kWideThreads = 512;

template <class T>
struct NormForward {
  T* y;
  int64_t ldy;
  float* rstd;
  const T *x, *w;
  int64_t ldx;
  T* h;        ///< with a residual: x + r, dense
  const T* r;  ///< dense
  int64_t rows;
  int cols;
  float eps;
};

template <class T>
struct NormBackward {
  T* dx;
  float* share;  ///< [chunks, cols]
  const T *dy, *x, *w;
  const float* rstd;
  int64_t lddx, lddy, ldx, rows;
  int cols;
  bool accumulate;
};

template <class T, bool Residual>
GPU_KERNEL(kWideThreads)
void rmsnorm_fwd_wide_kernel(NormForward<T> a) {
  SMEM(float, part, 32);
  const int64_t row = gpu::block_idx().x;
  const T* x = a.x + row * a.ldx;
  float sum = 0;
  for (int c = gpu::tid(); c < a.cols; c += kWideThreads) {
    T v = x[c];
    if constexpr (Residual) {
      narrow(v, gpu::add(gpu::to_float(v), gpu::to_float(a.r[row * a.cols + c])));
      a.h[row * a.cols + c] = v;
    }
    sum = gpu::fma(gpu::to_float(v), gpu::to_float(v), sum);
  }
  sum = group_sum(sum, part, {gpu::warp(), kWideThreads / 32});
  const float s = gpu::div(1.0f, gpu::sqrt(gpu::add(gpu::div(sum, float(a.cols)), a.eps)));
  if (a.rstd && gpu::tid() == 0) a.rstd[row] = s;
  for (int c = gpu::tid(); c < a.cols; c += kWideThreads) {
    const T v = Residual ? a.h[row * a.cols + c] : x[c];  // this thread's own writes
    narrow(a.y[row * a.ldy + c], gpu::mul(gpu::mul(gpu::to_float(v), s), gpu::to_float(a.w[c])));
  }
}

template <class T>
GPU_KERNEL(kWideThreads)
void rmsnorm_bwd_wide_kernel(NormBackward<T> a) {
  SMEM(float, part, 32);
  const int64_t row = gpu::block_idx().x;
  const T *x = a.x + row * a.ldx, *dy = a.dy + row * a.lddy;
  const float s = a.rstd[row];
  float sum = 0;
  for (int c = gpu::tid(); c < a.cols; c += kWideThreads)
    sum = gpu::fma(gpu::mul(gpu::to_float(dy[c]), gpu::to_float(a.w[c])), gpu::mul(gpu::to_float(x[c]), s), sum);
  sum = group_sum(sum, part, {gpu::warp(), kWideThreads / 32});
  const float mean = gpu::mul(gpu::div(sum, float(a.cols)), s);
  T* dx = a.dx + row * a.lddx;
  for (int c = gpu::tid(); c < a.cols; c += kWideThreads) {
    const float t = gpu::mul(gpu::to_float(dy[c]), gpu::to_float(a.w[c]));
    const float d = gpu::mul(gpu::fma(gpu::to_float(x[c]), -mean, t), s);
    narrow(dx[c], a.accumulate ? gpu::add(gpu::to_float(dx[c]), d) : d);
  }
}

/// A thread a column: its share of dw from the rows of one chunk.
template <class T>
GPU_KERNEL(256)
void rmsnorm_share_wide_kernel(NormBackward<T> a) {
  const int c = int(gpu::block_idx().x) * 256 + gpu::tid();
  if (c >= a.cols) return;
  const int64_t begin = int64_t(gpu::block_idx().y) * kNormChunk;
  const int64_t end = begin + kNormChunk < a.rows ? begin + kNormChunk : a.rows;
  float sum = 0;
  for (int64_t r = begin; r < end; ++r)
    sum = gpu::fma(gpu::to_float(a.dy[r * a.lddy + c]), gpu::mul(gpu::to_float(a.x[r * a.ldx + c]), a.rstd[r]), sum);
  a.share[int64_t(gpu::block_idx().y) * a.cols + c] = sum;
}

}  // namespace r1::cuda
