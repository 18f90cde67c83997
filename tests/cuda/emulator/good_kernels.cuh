// Right kernels of the kinds that the project writes, for "no alarm, the same bits": block reduction, last block that
// sums, grid-wide steps, a tensor-core GEMM fed by cp.async, a Hopper GEMM fed by TMA with a producer warp. Paper:
// none.
#pragma once
#include "support.hpp"

namespace emu_test {

GPU_KERNEL(256) void row_sums(float* y, const float* x, int cols) {
  SMEM(float, part, 8);
  const float* row = x + size_t(gpu::block_idx().x) * size_t(cols);
  float s = 0;
  for (int c = gpu::tid() * 4; c < cols; c += gpu::block_size() * 4) {
    const auto v = gpu::load_vec<4>(row + c);
    for (int i = 0; i < 4; ++i) s = gpu::add(s, v[i]);
  }
  for (int d = 16; d > 0; d /= 2) s = gpu::add(s, gpu::shfl_xor(s, d));
  if (gpu::lane() == 0) part[gpu::warp()] = s;
  gpu::sync();
  if (gpu::tid() == 0) {
    for (int w = 1; w < gpu::block_size() / 32; ++w) s = gpu::add(s, part[w]);
    y[gpu::block_idx().x] = s;
  }
}

/// Partial sums, and the block that comes last adds them in order: the same bits whichever it is.
GPU_KERNEL(64) void last_block(float* out, float* partial, unsigned* ticket, const float* x, int n) {
  SMEM(float, s, 64);
  SMEM(unsigned, last, 1);
  const int blocks = int(gpu::grid_dim().x), each = (n + blocks - 1) / blocks, first = int(gpu::block_idx().x) * each;
  float sum = 0;
  for (int i = first + gpu::tid(); i < n && i < first + each; i += 64) sum += x[i];
  s[gpu::tid()] = sum;
  gpu::sync();
  if (gpu::tid() == 0) {
    float t = 0;
    for (int i = 0; i < 64; ++i) t += s[i];
    partial[gpu::block_idx().x] = t;
    gpu::fence();
    last[0] = gpu::atomic_add(ticket, 1u) == unsigned(blocks - 1);
  }
  gpu::sync();
  if (last[0] && gpu::tid() == 0) {
    gpu::fence();
    float t = 0;
    for (int i = 0; i < blocks; ++i) t += partial[i];
    *out = t;
    *ticket = 0;
  }
}

/// Jacobi steps over the whole grid.
GPU_KERNEL(64) void diffuse(float* a, float* b, int n, int steps) {
  for (int s = 0; s < steps; ++s) {
    for (int i = int(gpu::block_idx().x) * 64 + gpu::tid(); i < n; i += int(gpu::grid_dim().x) * 64)
      b[i] = 0.25f * (a[(i + n - 1) % n] + a[(i + 1) % n]) + 0.5f * a[i];
    gpu::grid_sync();
    float* t = a;
    a = b;
    b = t;
  }
}

/// C [M, N] = A [M, K] B^T, bf16, blocks of 64 x 64, four warps of 32 x 32, K in steps of 32, three stages of cp.async.
/// Rows of shared memory are padded by 16 bytes against bank conflicts (Pad 0 shows them).
template <int Pad>
GPU_KERNEL(128)
void gemm_mma(float* c, const gpu::bf16* a, const gpu::bf16* b, int n, int k) {
  constexpr int kRow = 32 + Pad, kStages = 3;
  SMEM(gpu::bf16, sa, kStages * 64 * kRow);
  SMEM(gpu::bf16, sb, kStages * 64 * kRow);
  const int m0 = int(gpu::block_idx().y) * 64, n0 = int(gpu::block_idx().x) * 64, steps = k / 32;
  const int wm = gpu::warp() / 2 * 32, wn = gpu::warp() % 2 * 32, l = gpu::lane();
  const auto fetch = [&](int step) {
    if (step < steps)
      for (int i = gpu::tid(); i < 64 * 4; i += 128) {
        const int r = i / 4, piece = i % 4 * 8, to = (step % kStages * 64 + r) * kRow + piece;
        gpu::cp_async<16>(sa + to, a + size_t(m0 + r) * size_t(k) + size_t(step * 32 + piece));
        gpu::cp_async<16>(sb + to, b + size_t(n0 + r) * size_t(k) + size_t(step * 32 + piece));
      }
    gpu::cp_async_commit();
  };
  float d[2][4][4] = {};
  fetch(0);
  fetch(1);
  for (int step = 0; step < steps; ++step) {
    gpu::cp_async_wait<1>();
    gpu::sync();
    fetch(step + 2);
    const gpu::bf16 *ta = sa + step % kStages * 64 * kRow, *tb = sb + step % kStages * 64 * kRow;
    for (int kk = 0; kk < 32; kk += 16) {
      uint32_t ra[2][4], rb[4][2];
      for (int i = 0; i < 2; ++i) gpu::ldmatrix_x4(ra[i], ta + (wm + i * 16 + l % 16) * kRow + kk + l / 16 * 8);
      for (int j = 0; j < 4; ++j) gpu::ldmatrix_x2(rb[j], tb + (wn + j * 8 + l % 8) * kRow + kk + l / 8 % 2 * 8);
      for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 4; ++j) gpu::mma_m16n8k16<gpu::bf16>(d[i][j], ra[i], rb[j]);
    }
  }
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 4; ++j)
      for (int v = 0; v < 2; ++v) {
        const int row = m0 + wm + i * 16 + l / 4 + v * 8, col = n0 + wn + j * 8 + l % 4 * 2;
        gpu::store_vec(c + size_t(row) * size_t(n) + size_t(col),
                       gpu::Vec<float, 2>{{d[i][j][2 * v], d[i][j][2 * v + 1]}});
      }
}

/// The same on Hopper: 64 x 64 tiles, warpgroup 0 multiplies, warp 4 brings tiles by TMA through a ring of two stages.
GPU_KERNEL(160)
void gemm_wgmma(float* c, const GPU_GRID_CONSTANT gpu::TensorMap a, const GPU_GRID_CONSTANT gpu::TensorMap b, int n,
                int k) {
  SMEM_ALIGNED(gpu::bf16, sa, 2 * 64 * 64, 1024);
  SMEM_ALIGNED(gpu::bf16, sb, 2 * 64 * 64, 1024);
  SMEM(gpu::Mbar, full, 2);
  SMEM(gpu::Mbar, empty, 2);
  if (gpu::tid() == 0) {
    for (int i = 0; i < 2; ++i) {
      gpu::mbar_init(full + i, 1);
      gpu::mbar_init(empty + i, 1);
    }
    gpu::fence_mbar_init();
  }
  gpu::sync();
  const int m0 = int(gpu::block_idx().y) * 64, n0 = int(gpu::block_idx().x) * 64, steps = k / 64;
  if (gpu::warp() == 4) {
    for (int s = 0; s < steps && gpu::lane() == 0; ++s) {
      gpu::mbar_wait(empty + s % 2, (s / 2 & 1) ^ 1);
      gpu::mbar_arrive_expect_tx(full + s % 2, 2 * 64 * 64 * 2);
      gpu::tma_load(sa + s % 2 * 4096, a, full + s % 2, s * 64, m0);
      gpu::tma_load(sb + s % 2 * 4096, b, full + s % 2, s * 64, n0);
    }
    return;
  }
  float d[32];
  for (float& x : d) x = 0;
  for (int s = 0; s < steps; ++s) {
    gpu::mbar_wait(full + s % 2, s / 2 & 1);
    gpu::wgmma_fence(d);
    for (int i = 0; i < 4; ++i)
      gpu::wgmma<gpu::bf16>(d, gpu::wgmma_descriptor(sa + s % 2 * 4096 + i * 16, gpu::Swizzle::k128, 16, 1024),
                            gpu::wgmma_descriptor(sb + s % 2 * 4096 + i * 16, gpu::Swizzle::k128, 16, 1024));
    gpu::wgmma_commit();
    gpu::wgmma_wait<0>(d);
    gpu::bar_sync(1, 128);  // all four warps have read the stage
    if (gpu::tid() == 0) gpu::mbar_arrive(empty + s % 2);
  }
  for (int i = 0; i < 32; i += 2) {
    const int row = m0 + gpu::warp() * 16 + gpu::lane() / 4 + i / 2 % 2 * 8, col = n0 + i / 4 * 8 + gpu::lane() % 4 * 2;
    gpu::store_vec(c + size_t(row) * size_t(n) + size_t(col), gpu::Vec<float, 2>{{d[i], d[i + 1]}});
  }
}

inline gpu::TensorMap bf16_map(void* base, int rows, int cols) {
  gpu::TensorMapArgs m;
  m.base = base;
  m.size[0] = uint64_t(cols);
  m.size[1] = uint64_t(rows);
  m.stride_bytes[0] = uint64_t(cols) * 2;
  m.box[0] = m.box[1] = 64;
  m.swizzle = gpu::Swizzle::k128;
  return gpu::make_tensor_map(m, "operand");
}

inline std::vector<gpu::bf16> bf16_ramp(size_t n, int step) {
  std::vector<gpu::bf16> v(n);
  for (size_t i = 0; i < n; ++i) v[i] = gpu::to_bf16(float(int(i * size_t(step) % 13) - 6));
  return v;
}

inline std::vector<float> product(const std::vector<gpu::bf16>& a, const std::vector<gpu::bf16>& b, int m, int n,
                                  int k) {
  std::vector<float> c(size_t(m) * size_t(n));
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j) {
      float s = 0;
      for (int x = 0; x < k; ++x) s += gpu::to_float(a[size_t(i * k + x)]) * gpu::to_float(b[size_t(j * k + x)]);
      c[size_t(i * n + j)] = s;
    }
  return c;
}

}  // namespace emu_test
