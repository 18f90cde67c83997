// Twins of kernels/memory.h. Paper: none.
#include "kernels/memory.h"

#include "common/map.cuh"

namespace r1::cuda {

namespace {

constexpr int kFillUnroll = 4;

GPU_KERNEL(kMapThreads) void fill_kernel(float* y, float value, int64_t n) {
  const int64_t first = (int64_t(gpu::block_idx().x) * kFillUnroll * kMapThreads + gpu::tid()) * 4;
  GPU_UNROLL
  for (int u = 0; u < kFillUnroll; ++u) {
    const int64_t i = first + int64_t(u) * kMapThreads * 4;
    const float x[4] = {value, value, value, value};
    if (i + 4 <= n && reinterpret_cast<uintptr_t>(y) % 16 == 0)
      store_floats<true>(y + i, x, n - i);
    else
      store_floats<false>(y + i, x, n - i);
  }
}

template <class In_, class Out_>
struct Copy {
  using In = In_;
  using Out = Out_;
  static constexpr int kIn = 1;
  const In* in[1];
  Out* out;
  GPU_DEVICE float operator()(const float* x) const { return x[0]; }
};

}  // namespace

void fill(const Exec& ex, float* y, float value, int64_t n) {
  if (n <= 0) return;
  gpu::launch({.name = "fill",
               .grid = ceil_div(n, int64_t{kMapThreads} * kFillUnroll * 4),
               .block = kMapThreads,
               .stream = ex.stream},
              fill_kernel, y, value, n);
}
void copy(const Exec& ex, float* y, const float* x, int64_t n) {
  launch_map("copy", ex.stream, Copy<float, float>{{x}, y}, n);
}
void cast(const Exec& ex, bf16* y, const float* x, int64_t n) {
  launch_map("cast", ex.stream, Copy<float, gpu::bf16>{{x}, dev(y)}, n);
}
void cast(const Exec& ex, float* y, const bf16* x, int64_t n) {
  launch_map("cast", ex.stream, Copy<gpu::bf16, float>{{dev(x)}, y}, n);
}

}  // namespace r1::cuda
