// Figures of the emulator, printed; hidden from a plain run: `emulator_tests "[speed]"`. A loose bound is always held.
#include <chrono>
#include <cstdio>

#include "good_kernels.cuh"

using namespace emu_test;

namespace {

GPU_KERNEL(256) void barriers(int n) {
  for (int i = 0; i < n; ++i) gpu::sync();
}

double seconds(const std::function<void()>& f) {
  const auto begin = std::chrono::steady_clock::now();
  f();
  gpu::sync_device();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

template <class F>
double best_of(int n, const F& f) {
  double best = 1e9;
  for (int i = 0; i < n; ++i) best = std::min(best, seconds(f));
  return best;
}

void print_barrier(gpu::emu::Schedule s, const char* name) {
  gpu::emu::options().schedule = s;
  for (const int block : {64, 256, 1024}) {
    const double t = best_of(5, [&] { gpu::launch({.name = "barriers", .grid = 1, .block = block}, barriers, 400); });
    std::printf("barrier, %s, %d threads: %.1f ns a thread\n", name, block, t * 1e9 / (400.0 * block));
  }
}

}  // namespace

TEST_CASE("speed of barriers and of a tensor-core GEMM", "[.speed]") {
  const Fresh fresh;
  print_barrier(gpu::emu::Schedule::kRandom, "random");
  print_barrier(gpu::emu::Schedule::kInOrder, "in order");
  print_barrier(gpu::emu::Schedule::kPriorities, "priorities");
  gpu::emu::options().schedule = gpu::emu::Schedule::kRandom;
  const Buffer<gpu::bf16> a(bf16_ramp(128 * 256, 5), "a"), b(bf16_ramp(128 * 256, 7), "b");
  const Buffer<float> c(128 * 128, "c");
  const double mma = best_of(5, [&] {
    gpu::launch({.name = "gemm_mma", .grid = {2, 2}, .block = 128}, gemm_mma<8>, c.p, a.p, b.p, 128, 256);
  });
  const double hopper = best_of(5, [&] {
    gpu::launch({.name = "gemm_wgmma", .grid = {2, 2}, .block = 160}, gemm_wgmma, c.p, bf16_map(a.p, 128, 256),
                bf16_map(b.p, 128, 256), 128, 256);
  });
  std::printf("GEMM 128 x 128 x 256 bf16: mma %.1f ms, wgmma %.1f ms\n", mma * 1e3, hopper * 1e3);
}

TEST_CASE("a barrier costs well under a microsecond a thread") {
  const Fresh fresh;
  const double t = best_of(3, [&] { gpu::launch({.name = "barriers", .grid = 1, .block = 256}, barriers, 100); });
  CHECK(t / (100 * 256) < 2e-6);  // also on a busy machine and under sanitizers
}
