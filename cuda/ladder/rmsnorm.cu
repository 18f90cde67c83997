// RMSNorm ladder: from a thread a row to a row in registers. The kernel reads and writes each element once at best:
// what a step gains is fewer passes, whole sectors, more bytes under way. Paper: [V3 §2.1.1].
#include "common/pack.cuh"
#include "common/reduce.cuh"
#include "ladder/ladder.h"

namespace r1::cuda::ladder {

namespace {

struct Row {
  gpu::bf16* y;
  const gpu::bf16 *x, *w;
  int64_t rows;
  int cols;
  float eps;
};
GPU_DEVICE float scale_of(float sum, const Row& a) {
  return gpu::div(1.0f, gpu::sqrt(gpu::add(gpu::div(sum, float(a.cols)), a.eps)));
}
GPU_DEVICE void write_one(const Row& a, int64_t at, int c, float s) {
  narrow(a.y[at + c], gpu::mul(gpu::mul(gpu::to_float(a.x[at + c]), s), gpu::to_float(a.w[c])));
}

/// 1: a thread a row. Neighbouring threads read addresses a row apart: a sector for every two bytes.
GPU_KERNEL(128) void thread_kernel(Row a) {
  const int64_t row = int64_t(gpu::block_idx().x) * 128 + gpu::tid();
  if (row >= a.rows) return;
  float sum = 0;
  for (int c = 0; c < a.cols; ++c) {
    const float x = gpu::to_float(a.x[row * a.cols + c]);
    sum = gpu::fma(x, x, sum);
  }
  const float s = scale_of(sum, a);
  for (int c = 0; c < a.cols; ++c) write_one(a, row * a.cols, c, s);
}

/// 2: a block a row: coalesced; the sum by halving in shared memory, a barrier each time.
GPU_KERNEL(256) void block_kernel(Row a) {
  SMEM(float, part, 256);
  const int64_t at = int64_t(gpu::block_idx().x) * a.cols;
  float sum = 0;
  for (int c = gpu::tid(); c < a.cols; c += 256) {
    const float x = gpu::to_float(a.x[at + c]);
    sum = gpu::fma(x, x, sum);
  }
  part[gpu::tid()] = sum;
  gpu::sync();
  for (int n = 128; n > 0; n /= 2) {
    if (gpu::tid() < n) part[gpu::tid()] = gpu::add(part[gpu::tid()], part[gpu::tid() + n]);
    gpu::sync();
  }
  const float s = scale_of(part[0], a);
  for (int c = gpu::tid(); c < a.cols; c += 256) write_one(a, at, c, s);
}

/// 3: the same with shuffles: one barrier instead of nine.
GPU_KERNEL(256) void shuffle_kernel(Row a) {
  SMEM(float, part, 32);
  const int64_t at = int64_t(gpu::block_idx().x) * a.cols;
  float sum = 0;
  for (int c = gpu::tid(); c < a.cols; c += 256) {
    const float x = gpu::to_float(a.x[at + c]);
    sum = gpu::fma(x, x, sum);
  }
  const float s = scale_of(group_sum(sum, part, {gpu::warp(), 8}), a);
  for (int c = gpu::tid(); c < a.cols; c += 256) write_one(a, at, c, s);
}

/// 4: sixteen bytes an access: an eighth of the instructions, and more bytes under way.
GPU_KERNEL(256) void vector_kernel(Row a) {
  SMEM(float, part, 32);
  const int64_t at = int64_t(gpu::block_idx().x) * a.cols;
  float sum = 0, u[8], v[8];
  for (int c = gpu::tid() * 8; c < a.cols; c += 256 * 8) {
    to_floats<gpu::bf16>(u, load_pack<true>(a.x + at, c, a.cols));
    GPU_UNROLL
    for (int e = 0; e < 8; ++e) sum = gpu::fma(u[e], u[e], sum);
  }
  const float s = scale_of(group_sum(sum, part, {gpu::warp(), 8}), a);
  for (int c = gpu::tid() * 8; c < a.cols; c += 256 * 8) {
    to_floats<gpu::bf16>(u, load_pack<true>(a.x + at, c, a.cols));
    to_floats<gpu::bf16>(v, load_pack<true>(a.w, c, a.cols));
    GPU_UNROLL
    for (int e = 0; e < 8; ++e) u[e] = gpu::mul(gpu::mul(u[e], s), v[e]);
    store_pack<true>(a.y + at, c, a.cols, to_pack(u, a.x));
  }
}

template <class K>
void run(const Exec& ex, const char* name, K kernel, bf16* y, const Norm& a, int64_t grid, int block) {
  gpu::launch({.name = name, .grid = grid, .block = block, .stream = ex.stream}, kernel,
              Row{dev(y), dev(a.x), dev(a.w), a.rows, int(a.cols), a.eps});
}

}  // namespace

void rmsnorm_1_thread(const Exec& ex, bf16* y, const Norm& a) {
  run(ex, "rmsnorm_1_thread", thread_kernel, y, a, ceil_div(a.rows, 128), 128);
}
void rmsnorm_2_block(const Exec& ex, bf16* y, const Norm& a) {
  run(ex, "rmsnorm_2_block", block_kernel, y, a, a.rows, 256);
}
void rmsnorm_3_shuffle(const Exec& ex, bf16* y, const Norm& a) {
  run(ex, "rmsnorm_3_shuffle", shuffle_kernel, y, a, a.rows, 256);
}
void rmsnorm_4_vector(const Exec& ex, bf16* y, const Norm& a) {
  run(ex, "rmsnorm_4_vector", vector_kernel, y, a, a.rows, 256);
}
/// 5: the row stays in registers between sum and scaling: read once. The kernel of cuda/kernels.
void rmsnorm_5_registers(const Exec& ex, bf16* y, const Norm& a) { cuda::rmsnorm_fwd(ex, y, a.cols, nullptr, a); }

}  // namespace r1::cuda::ladder
