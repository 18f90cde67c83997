// A kernel of your own, for `r1 bench cuda --kernel rmsnorm_fwd --file examples/my_rmsnorm.cu`: it is compiled, put in
// the place of the project's kernel, tested against the CPU on the same problems (odd sizes, odd alignment, other
// schedules, races), then timed beside it, or in an emulated build counted beside it. This one has a block of 256
// threads a row and does nothing clever. The functions are twins of src/kernels/norm.h: same names, same arguments,
// namespace r1::cuda. It defines the bf16 one alone, so the float cases run on ours and the program says so. Try: take
// out a gpu::sync(). Paper: [V3 §2.1.1]
#include "common/pack.cuh"
#include "gpu.hpp"
#include "kernels/norm.h"

namespace r1::cuda {

namespace {

constexpr int kThreads = 256;

/// y = x / sqrt(mean(x^2) + eps) * w for each row; x [rows, cols], rows ldx apart.
GPU_KERNEL(kThreads)
void my_rmsnorm(gpu::bf16* y, int64_t ldy, float* rstd, const gpu::bf16* x, int64_t ldx, const gpu::bf16* w, int cols,
                float eps) {
  SMEM(float, part, kThreads);
  const int64_t row = gpu::block_idx().x;
  float sum = 0;
  for (int c = gpu::tid(); c < cols; c += kThreads) {
    const float v = gpu::to_float(x[row * ldx + c]);
    sum = gpu::fma(v, v, sum);
  }
  part[gpu::tid()] = sum;
  gpu::sync();
  for (int n = kThreads / 2; n > 0; n /= 2) {
    if (gpu::tid() < n) part[gpu::tid()] = gpu::add(part[gpu::tid()], part[gpu::tid() + n]);
    gpu::sync();
  }
  const float scale = gpu::div(1.0f, gpu::sqrt(gpu::add(gpu::div(part[0], float(cols)), eps)));
  for (int c = gpu::tid(); c < cols; c += kThreads)
    narrow(y[row * ldy + c], gpu::mul(gpu::mul(gpu::to_float(x[row * ldx + c]), scale), gpu::to_float(w[c])));
  if (gpu::tid() == 0 && rstd) rstd[row] = scale;
}

}  // namespace

void rmsnorm_fwd(const Exec& ex, bf16* y, int64_t ldy, float* rstd, const RmsNormArgsOf<bf16>& a) {
  gpu::launch({.name = "my_rmsnorm", .grid = a.rows, .block = kThreads, .stream = ex.stream}, my_rmsnorm, dev(y), ldy,
              rstd, dev(a.x), a.ldx, dev(a.w), int(a.cols), a.eps);
}

}  // namespace r1::cuda
