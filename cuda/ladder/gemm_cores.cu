// GEMM ladder, steps 1 to 3: on the ordinary cores. Each step says what it gains on the one before. Paper: none.
#include "common/pack.cuh"
#include "ladder/ladder.h"

namespace r1::cuda::ladder {

namespace {

struct Sizes {
  int m, n, k;
  int64_t lda, ldb, ldc;
};
Sizes sizes_of(const Product& g) { return {int(g.m), int(g.n), int(g.k), g.lda, g.ldb, g.ldc}; }

/// 1: a thread an element. Every operand is read from memory n or m times; caches do what they can.
GPU_KERNEL(256) void naive_kernel(gpu::bf16* c, const gpu::bf16* a, const gpu::bf16* b, Sizes s) {
  const int col = int(gpu::block_idx().x) * 16 + int(gpu::thread_idx().x);
  const int row = int(gpu::block_idx().y) * 16 + int(gpu::thread_idx().y);
  if (row >= s.m || col >= s.n) return;
  float sum = 0;
  for (int k = 0; k < s.k; ++k)
    sum = gpu::fma(gpu::to_float(a[row * s.lda + k]), gpu::to_float(b[col * s.ldb + k]), sum);
  narrow(c[row * s.ldc + col], sum);
}

/// 2: a block brings 32 x 32 tiles into shared memory, coalesced; each value read serves 32 products.
GPU_KERNEL(256) void shared_kernel(gpu::bf16* c, const gpu::bf16* a, const gpu::bf16* b, Sizes s) {
  SMEM(float, ta, 32 * 33);
  SMEM(float, tb, 32 * 33);
  const int row = int(gpu::block_idx().y) * 32, col = int(gpu::block_idx().x) * 32;
  const int x = gpu::tid() % 32, y = gpu::tid() / 32;
  float sum[4] = {};
  for (int k0 = 0; k0 < s.k; k0 += 32) {
    for (int i = 0; i < 4; ++i) {
      const int line = y + 8 * i;
      ta[line * 33 + x] = row + line < s.m && k0 + x < s.k ? gpu::to_float(a[(row + line) * s.lda + k0 + x]) : 0.0f;
      tb[line * 33 + x] = col + line < s.n && k0 + x < s.k ? gpu::to_float(b[(col + line) * s.ldb + k0 + x]) : 0.0f;
    }
    gpu::sync();
    for (int k = 0; k < 32; ++k) {
      GPU_UNROLL
      for (int i = 0; i < 4; ++i) sum[i] = gpu::fma(ta[(y + 8 * i) * 33 + k], tb[x * 33 + k], sum[i]);
    }
    gpu::sync();
  }
  for (int i = 0; i < 4; ++i)
    if (row + y + 8 * i < s.m && col + x < s.n) narrow(c[(row + y + 8 * i) * s.ldc + col + x], sum[i]);
}

/// 3: a thread makes 8 x 8: sixteen reads of shared memory feed 64 products instead of two feeding one.
GPU_KERNEL(256, 1) void registers_kernel(gpu::bf16* c, const gpu::bf16* a, const gpu::bf16* b, Sizes s) {
  SMEM(float, ta, 16 * 132);
  SMEM(float, tb, 16 * 132);
  const int row = int(gpu::block_idx().y) * 128, col = int(gpu::block_idx().x) * 128;
  const int tm = gpu::tid() / 16, tn = gpu::tid() % 16;
  float d[8][8] = {};
  for (int k0 = 0; k0 < s.k; k0 += 16) {
    for (int i = 0; i < 8; ++i) {
      const int e = gpu::tid() + i * 256, line = e / 16, k = e % 16;
      ta[k * 132 + line] = row + line < s.m && k0 + k < s.k ? gpu::to_float(a[(row + line) * s.lda + k0 + k]) : 0.0f;
      tb[k * 132 + line] = col + line < s.n && k0 + k < s.k ? gpu::to_float(b[(col + line) * s.ldb + k0 + k]) : 0.0f;
    }
    gpu::sync();
    GPU_NO_UNROLL
    for (int k = 0; k < 16; ++k) {
      float fa[8], fb[8];
      GPU_UNROLL
      for (int i = 0; i < 8; i += 4) {
        const auto va = gpu::load_vec<4>(ta + k * 132 + (i / 4) * 64 + 4 * tm);
        const auto vb = gpu::load_vec<4>(tb + k * 132 + (i / 4) * 64 + 4 * tn);
        GPU_UNROLL
        for (int e = 0; e < 4; ++e) fa[i + e] = va[e], fb[i + e] = vb[e];
      }
      GPU_UNROLL
      for (int i = 0; i < 8; ++i) {
        GPU_UNROLL
        for (int j = 0; j < 8; ++j) d[i][j] = gpu::fma(fa[i], fb[j], d[i][j]);
      }
    }
    gpu::sync();
  }
  GPU_UNROLL
  for (int i = 0; i < 8; ++i) {
    GPU_UNROLL
    for (int j = 0; j < 8; ++j) {
      const int r = row + (i / 4) * 64 + 4 * tm + i % 4, n = col + (j / 4) * 64 + 4 * tn + j % 4;
      if (r < s.m && n < s.n) narrow(c[r * s.ldc + n], d[i][j]);
    }
  }
}

template <class K>
void run(const Exec& ex, const Product& g, const char* name, K kernel, int tile, gpu::Dim block) {
  gpu::launch(
      {.name = name, .grid = {ceil_div(g.n, tile), uint32_t(ceil_div(g.m, tile))}, .block = block, .stream = ex.stream},
      kernel, dev(g.c), dev(g.a), dev(g.b), sizes_of(g));
}

}  // namespace

void gemm_1_naive(const Exec& ex, const Product& g) { run(ex, g, "gemm_1_naive", naive_kernel, 16, {16, 16}); }
void gemm_2_shared(const Exec& ex, const Product& g) { run(ex, g, "gemm_2_shared", shared_kernel, 32, 256); }
void gemm_3_registers(const Exec& ex, const Product& g) { run(ex, g, "gemm_3_registers", registers_kernel, 128, 256); }

}  // namespace r1::cuda::ladder
