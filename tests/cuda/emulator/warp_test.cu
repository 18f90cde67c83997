// Warp collectives: values against their definition, and the reports about masks and mixed operations.
#include "support.hpp"

using namespace emu_test;

namespace {

GPU_KERNEL(64) void shuffles(int* out) {
  const int v = gpu::tid() * 10, t = gpu::tid();
  out[t] = gpu::shfl(v, 3);
  out[64 + t] = gpu::shfl_xor(v, 5);
  out[128 + t] = gpu::shfl_down(v, 4);
  out[192 + t] = gpu::shfl_up(v, 4);
  const double wide = gpu::shfl_xor(double(v) + 0.5, 1);
  out[256 + t] = int(wide * 2);
}

GPU_KERNEL(32) void collectives(uint32_t* out) {
  const int l = gpu::lane();
  uint32_t* o = out + l * 8;
  o[0] = gpu::ballot(l % 3 == 0);
  o[1] = gpu::any(l == 9);
  o[2] = gpu::all(l < 31);
  o[3] = gpu::match_any(l / 4);
  o[4] = uint32_t(gpu::warp_add(l - 4));
  o[5] = uint32_t(gpu::warp_max(l - 40));
  o[6] = uint32_t(gpu::warp_min(l - 40));
  o[7] = uint32_t(gpu::popcount(gpu::ballot(gpu::elect())));
}

/// Lanes of different masks at the same time, then all together: allowed.
GPU_KERNEL(32) void halves(int* out) {
  const uint32_t mask = gpu::lane() < 16 ? 0x0000ffffu : 0xffff0000u;
  int v = gpu::lane();
  for (int d = 8; d > 0; d /= 2) v += gpu::shfl_xor(v, d, mask);
  gpu::syncwarp();
  out[gpu::lane()] = v;
}

GPU_KERNEL(32) void inactive_source(float* out) {
  if (gpu::lane() < 16) out[gpu::lane()] = gpu::shfl_down(1.0f, 8, 0xffffu);
}

// Wrong ones.
GPU_KERNEL(32) void not_in_mask(int* out) { out[gpu::lane()] = gpu::shfl(1, 0, 0xfffffffeu); }
GPU_KERNEL(32) void lane_left(int* out) {
  if (gpu::lane() == 5) return;
  out[gpu::lane()] = gpu::shfl_xor(1, 1);
}
GPU_KERNEL(32) void two_operations(int* out) {
  out[gpu::lane()] = gpu::lane() < 16 ? gpu::shfl_xor(1, 1) : int(gpu::ballot(true));
}
GPU_KERNEL(32) void two_masks(int* out) { out[gpu::lane()] = gpu::shfl_xor(1, 1, gpu::lane() == 0 ? 3u : 0xffffffffu); }
GPU_KERNEL(32) void divergent_shuffle(int* out) {
  if (gpu::lane() < 8) out[gpu::lane()] = gpu::shfl_xor(1, 1);
}
GPU_KERNEL(48) void short_warp(int* out) { out[gpu::tid()] = gpu::shfl_xor(1, 1); }

}  // namespace

TEST_CASE("shuffles and votes do what the PTX ISA says") {
  const Fresh fresh;
  const Buffer<int> out(320, "out");
  const Buffer<uint32_t> all(256, "all");
  const Buffer<float> f(32, "f");
  each_schedule(12, [&](uint64_t) {
    gpu::launch({.name = "shuffles", .grid = 1, .block = 64}, shuffles, out.p);
    const auto r = out.read();
    for (int t = 0; t < 64; ++t) {
      const int w = t / 32 * 32, l = t % 32;
      CHECK(r[size_t(t)] == (w + 3) * 10);
      CHECK(r[size_t(64 + t)] == (w + (l ^ 5)) * 10);
      CHECK(r[size_t(128 + t)] == (l + 4 < 32 ? t + 4 : t) * 10);
      CHECK(r[size_t(192 + t)] == (l >= 4 ? t - 4 : t) * 10);
      CHECK(r[size_t(256 + t)] == (w + (l ^ 1)) * 20 + 1);
    }
    gpu::launch({.name = "collectives", .grid = 1, .block = 32}, collectives, all.p);
    const auto c = all.read();
    for (uint32_t l = 0; l < 32; ++l) {
      CHECK(c[l * 8] == 0x49249249u);
      CHECK(c[l * 8 + 1] == 1);
      CHECK(c[l * 8 + 2] == 0);
      CHECK(c[l * 8 + 3] == 0xfu << (l / 4 * 4));
      CHECK(int(c[l * 8 + 4]) == 31 * 16 - 4 * 32);
      CHECK(int(c[l * 8 + 5]) == -9);
      CHECK(int(c[l * 8 + 6]) == -40);
      CHECK(c[l * 8 + 7] == 1);
    }
    gpu::launch({.name = "halves", .grid = 1, .block = 32}, halves, out.p);
    const auto h = out.read();
    for (int l = 0; l < 32; ++l) CHECK(h[size_t(l)] == (l < 16 ? 120 : 376));
    gpu::launch({.name = "inactive_source", .grid = 1, .block = 32}, inactive_source, f.p);
    const auto s = f.read();
    CHECK(s[7] == 1.0f);
    CHECK(s[8] != s[8]);  // lane 16 takes no part: poison
  });
}

TEST_CASE("wrong masks and mixed operations are reported") {
  const Fresh fresh;
  const Buffer<int> out(64, "out");
  const auto go = [&](const char* name, auto kernel, int block = 32) {
    gpu::launch({.name = name, .grid = 1, .block = block}, kernel, out.p);
  };
  each_schedule(8, [&](uint64_t) {
    CHECK_FAILS(go("not_in_mask", not_in_mask), "mask 0xfffffffe does not name the calling lane 0", "warp_test.cu:");
    CHECK_FAILS(go("lane_left", lane_left), "thread", "ret");
    CHECK_FAILS(go("two_operations", two_operations), "different operations", "shfl_xor", "ballot");
    CHECK_FAILS(go("two_masks", two_masks), "mask 0x", "0xffffffff", "warp_test.cu:");
    CHECK_FAILS(go("divergent_shuffle", divergent_shuffle), "ret");
    CHECK_FAILS(go("short_warp", short_warp, 48), "names lanes that the block does not have");
  });
}
