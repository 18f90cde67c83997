// wgmma in the emulator: every layout against the plain product, and the reports about fences, waits and descriptors.
#include <cmath>

#include "support.hpp"

using namespace emu_test;

namespace {

constexpr int kN = 32;

/// Tiles as TMA with the 128-byte swizzle leaves them: row r of 64 bf16, 16-byte piece p at place p ^ (r % 8).
struct Faults {
  bool no_proxy_fence = false, no_fence = false, no_commit = false, wrong_wait = false, early_read = false,
       bad_descriptor = false, touch = false, one_warp = false, no_wait = false;
};

GPU_KERNEL(128) void product(float* out, const uint16_t* in, Faults f) {
  SMEM_ALIGNED(uint16_t, a, 64 * 64, 1024);
  SMEM_ALIGNED(uint16_t, b, kN * 64, 1024);
  for (int i = gpu::tid(); i < 64 * 64; i += 128) a[i / 64 * 64 + ((i % 64 / 8) ^ (i / 64 % 8)) * 8 + i % 8] = in[i];
  for (int i = gpu::tid(); i < kN * 64; i += 128)
    b[i / 64 * 64 + ((i % 64 / 8) ^ (i / 64 % 8)) * 8 + i % 8] = in[4096 + i];
  if (!f.no_proxy_fence) gpu::fence_proxy_async();
  gpu::sync();
  float d[kN / 2];
  for (float& x : d) x = 2;
  if (f.one_warp && gpu::warp() > 0) {
    gpu::sync();
    return;
  }
  if (!f.no_fence) gpu::wgmma_fence(d);
  for (int k = 0; k < 4; ++k) {
    const uint64_t da = gpu::wgmma_descriptor(a + (f.bad_descriptor ? 512 : 0) + 16 * k, gpu::Swizzle::k128, 16, 1024);
    gpu::wgmma<gpu::bf16>(d, da, gpu::wgmma_descriptor(b + 16 * k, gpu::Swizzle::k128, 16, 1024));
  }
  if (!f.no_commit) gpu::wgmma_commit();
  if (f.early_read) out[gpu::tid() * (kN / 2)] = d[0];
  if (f.wrong_wait)
    gpu::wgmma_wait<1>(d);
  else if (!f.no_wait)
    gpu::wgmma_wait<0>(d);
  if (f.touch) {
    d[3] += 1;
    gpu::wgmma<gpu::bf16>(d, gpu::wgmma_descriptor(a, gpu::Swizzle::k128, 16, 1024),
                          gpu::wgmma_descriptor(b, gpu::Swizzle::k128, 16, 1024));
    gpu::wgmma_commit();
    gpu::wgmma_wait<0>(d);
  }
  for (int i = f.early_read ? 1 : 0; i < kN / 2; ++i) out[gpu::tid() * (kN / 2) + i] = d[i];
  if (f.one_warp) gpu::sync();
}

/// The PTX ISA's figure of D: warp w of the group owns rows 16w..16w+15; each lane two neighbours of a row, eight
/// columns on.
void place(int thread, int value, int& row, int& col) {
  const int lane = thread % 32;
  row = thread / 32 * 16 + lane / 4;
  col = lane % 4 * 2;
  for (int v = 0; v < value; ++v) {  // walk the registers in their order
    if (v % 2 == 0) ++col;           // right neighbour
    if (v % 4 == 1) --col, row += 8;
    if (v % 4 == 3) row -= 8, col += 7;
  }
}

std::vector<uint16_t> inputs() {
  std::vector<uint16_t> in(4096 + kN * 64);
  uint32_t s = 5;
  for (uint16_t& x : in) {
    s = s * 1664525u + 1013904223u;
    x = gpu::to_bf16(float(int(s >> 24) % 9 - 4)).bits;
  }
  return in;
}

}  // namespace

TEST_CASE("wgmma gives the product under every schedule, early or late") {
  const Fresh fresh;
  const auto host = inputs();
  const Buffer<uint16_t> in(host, "in");
  const Buffer<float> out(64 * kN, "out");
  std::vector<float> expected(64 * kN);
  for (int t = 0; t < 128; ++t)
    for (int v = 0; v < kN / 2; ++v) {
      int row, col;
      place(t, v, row, col);
      float sum = 2;
      for (int k = 0; k < 64; ++k)
        sum += gpu::to_float(gpu::bf16{host[size_t(row * 64 + k)]}) *
               gpu::to_float(gpu::bf16{host[size_t(4096 + col * 64 + k)]});
      expected[size_t(t * (kN / 2) + v)] = sum;
    }
  each_schedule(12, [&](uint64_t i) {
    gpu::emu::options().async = i % 3 == 0   ? gpu::emu::Async::kLate
                                : i % 3 == 1 ? gpu::emu::Async::kEarly
                                             : gpu::emu::Async::kRandom;
    gpu::launch({.name = "product", .grid = 1, .block = 128}, product, out.p, in.p, Faults{});
    CHECK(out.read() == expected);
  });
}

TEST_CASE("what wgmma forgives on paper and not on the chip is reported") {
  const Fresh fresh;
  const Buffer<uint16_t> in(inputs(), "in");
  const Buffer<float> out(64 * kN, "out");
  const auto go = [&](auto set) {
    Faults f;
    set(f);
    gpu::launch({.name = "product", .grid = 1, .block = 128}, product, out.p, in.p, f);
  };
  each_schedule(8, [&](uint64_t) {
    CHECK_FAILS(go([](Faults& f) { f.no_proxy_fence = true; }), "missing fence_proxy_async", "wgmma_test.cu:");
    CHECK_FAILS(go([](Faults& f) { f.no_fence = true; }), "missing wgmma_fence before the first wgmma");
    CHECK_FAILS(go([](Faults& f) { f.no_commit = true; }), "still under way", "missing wgmma_commit");
    CHECK_FAILS(go([](Faults& f) { f.wrong_wait = true; }), "still under way", "wrong wait count");
    CHECK_FAILS(go([](Faults& f) { f.no_wait = true; }), "returns while its wgmma is under way");
    CHECK_FAILS(go([](Faults& f) { f.bad_descriptor = true; }), "descriptor of A reaches", "shared");
    CHECK_FAILS(go([](Faults& f) { f.touch = true; }), "missing wgmma_fence: the accumulators were written");
    CHECK_FAILS(go([](Faults& f) { f.one_warp = true; }), "thread");
  });
  gpu::emu::options().async = gpu::emu::Async::kLate;
  gpu::emu::options().schedule = gpu::emu::Schedule::kInOrder;  // thread 0 reads before anybody waits
  gpu::launch({.name = "product", .grid = 1, .block = 128}, product, out.p, in.p, [] {
    Faults f;
    f.early_read = true;
    return f;
  }());
  CHECK(std::isnan(out.read()[0]));  // accumulators are poison until the wait
}
