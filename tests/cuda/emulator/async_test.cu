// cp.async, mbarriers and TMA in the emulator: late or early, with the waits that are right and with those that are
// not.
#include <cmath>

#include "support.hpp"

using namespace emu_test;

namespace {

/// Sum over tiles of 128 floats, three stages; `Wait` is the count that must be right.
template <int Wait, bool Commit>
GPU_KERNEL(32)
void pipeline(float* out, const float* in, int tiles) {
  SMEM(float, s, 3 * 128);
  float sum = 0;
  const auto fetch = [&](int t) {
    if (t < tiles) gpu::cp_async<16>(s + t % 3 * 128 + gpu::lane() * 4, in + t * 128 + gpu::lane() * 4);
    if (Commit) gpu::cp_async_commit();
  };
  fetch(0);
  fetch(1);
  for (int t = 0; t < tiles; ++t) {
    gpu::cp_async_wait<Wait>();
    gpu::syncwarp();
    for (int i = 0; i < 4; ++i) sum += s[t % 3 * 128 + (gpu::lane() ^ 1) * 4 + i];
    fetch(t + 2);
  }
  out[gpu::lane()] = sum;
}

GPU_KERNEL(32) void zero_fill(float* out, const float* in, int n) {
  SMEM(float, s, 128);
  const int left = n - gpu::lane() * 4, bytes = left <= 0 ? 0 : left >= 4 ? 16 : left * 4;
  gpu::cp_async<16>(s + gpu::lane() * 4, bytes ? in + gpu::lane() * 4 : in, bytes);
  gpu::cp_async_commit();
  gpu::cp_async_wait<0>();
  gpu::syncwarp();
  for (int i = 0; i < 4; ++i) out[gpu::lane() * 4 + i] = s[gpu::lane() * 4 + i];
}
GPU_KERNEL(32) void cp_misaligned(const float* in) {
  SMEM(float, s, 132);
  gpu::cp_async<16>(s + gpu::lane() * 4 + 1, in + gpu::lane() * 4);
}
GPU_KERNEL(32) void cp_outside(const float* in) {
  SMEM(float, s, 128);
  gpu::cp_async<16>(s + gpu::lane() * 4, in + 64 + gpu::lane() * 4);
}
GPU_KERNEL(32) void cp_to_global(float* out, const float* in) { gpu::cp_async<16>(out, in); }

/// Producer warp 0, consumer warps 1..2, a ring of two stages.
template <int Arrivals>
GPU_KERNEL(96)
void ring(int* out, int rounds) {
  SMEM(int, s, 2 * 32);
  SMEM(gpu::Mbar, full, 2);
  SMEM(gpu::Mbar, empty, 2);
  if (gpu::tid() == 0) {
    for (int i = 0; i < 2; ++i) {
      gpu::mbar_init(full + i, 32);
      gpu::mbar_init(empty + i, Arrivals);
    }
    gpu::fence_mbar_init();
  }
  gpu::sync();
  int sum = 0;
  for (int r = 0; r < rounds; ++r) {
    const int stage = r % 2, parity = r / 2 % 2;
    if (gpu::warp() == 0) {
      gpu::mbar_wait(empty + stage, parity ^ 1);
      s[stage * 32 + gpu::lane()] = r * 32 + gpu::lane();
      gpu::mbar_arrive(full + stage);
    } else {
      while (!gpu::mbar_try_wait(full + stage, parity)) {
      }
      sum += s[stage * 32 + 31 - gpu::lane()];
      gpu::mbar_arrive(empty + stage);
    }
  }
  out[gpu::tid()] = sum;
}
GPU_KERNEL(32) void not_initialised() {
  SMEM(gpu::Mbar, b, 1);
  gpu::mbar_arrive(b);
}
GPU_KERNEL(32) void too_many_bytes(const float* in) {
  SMEM_ALIGNED(float, s, 64, 128);
  SMEM(gpu::Mbar, b, 1);
  if (gpu::tid() == 0) {
    gpu::mbar_init(b, 1);
    gpu::fence_mbar_init();
    gpu::mbar_arrive_expect_tx(b, 512);  // 256 come
    gpu::tma_load_bytes(s, in, 256, b);
  }
  gpu::sync();
  gpu::mbar_wait(b, 0);
}

enum class Published : uint8_t { kNot, kByFence, kByProxyFence };
GPU_KERNEL(32) void unpublished(float* out, const float* in, Published p) {
  SMEM_ALIGNED(float, s, 64, 128);
  SMEM(gpu::Mbar, b, 1);
  if (gpu::tid() == 0) {
    gpu::mbar_init(b, 1);
    if (p == Published::kByFence) gpu::fence_mbar_init();
    if (p == Published::kByProxyFence) gpu::fence_proxy_async();
    gpu::mbar_arrive_expect_tx(b, 256);
    gpu::tma_load_bytes(s, in, 256, b);
  }
  gpu::sync();
  gpu::mbar_wait(b, 0);
  out[gpu::tid()] = s[gpu::tid()];
}
/// Each block of a cluster of two arrives at the other's barrier. `published` is false: by no fence; `stays` is false:
/// a block may be gone when the other one arrives.
GPU_KERNEL(32) void across(bool published, bool stays) {
  SMEM(gpu::Mbar, b, 1);
  if (gpu::tid() == 0) {
    gpu::mbar_init(b, 1);
    if (published) gpu::fence_mbar_init();
  }
  gpu::cluster_sync();
  if (gpu::tid() == 0) gpu::mbar_arrive_cluster(b, gpu::cluster_rank() ^ 1u);
  if (stays) gpu::cluster_sync();
}

GPU_KERNEL(64)
void tma_copy(float* out, const GPU_GRID_CONSTANT gpu::TensorMap from, const GPU_GRID_CONSTANT gpu::TensorMap to, int x,
              int y, bool fenced) {
  SMEM_ALIGNED(float, tile, 8 * 16, 1024);
  SMEM(gpu::Mbar, full, 1);
  if (gpu::tid() == 0) {
    gpu::mbar_init(full, 1);
    gpu::fence_mbar_init();
    gpu::mbar_arrive_expect_tx(full, sizeof(float) * 128);
    gpu::tma_load(tile, from, full, x, y);
  }
  gpu::sync();
  gpu::mbar_wait(full, 0);
  for (int i = gpu::tid(); i < 128; i += 64) out[i] = tile[i];
  for (int i = gpu::tid(); i < 128; i += 64) tile[i] += 1;
  if (fenced) gpu::fence_proxy_async();
  gpu::sync();
  if (gpu::tid() == 0) {
    gpu::tma_store(to, tile, x, y);
    gpu::tma_store_commit();
    gpu::tma_store_wait<0>();
  }
}

gpu::TensorMapArgs tile_map(void* base, gpu::Swizzle s) {
  gpu::TensorMapArgs a;
  a.type = gpu::TileType::kFloat;
  a.base = base;
  a.size[0] = 20;
  a.size[1] = 30;
  a.stride_bytes[0] = 96;
  a.box[0] = 8;
  a.box[1] = 16;
  a.swizzle = s;
  return a;
}

}  // namespace

TEST_CASE("cp.async with the right wait gives the sum, with a wrong one NaN or a report") {
  const Fresh fresh;
  const Buffer<float> in(ramp(6 * 128), "in"), out(32, "out");
  double expected[32];
  for (int l = 0; l < 32; ++l) {
    expected[l] = 0;
    for (int t = 0; t < 6; ++t)
      for (int i = 0; i < 4; ++i) expected[l] += double(ramp(6 * 128)[size_t(t * 128 + (l ^ 1) * 4 + i)]);
  }
  const auto wrong_found = [&](auto kernel) {  // by poison in the plain build, by report in the race build
    try {
      gpu::launch({.name = "pipeline", .grid = 1, .block = 32}, kernel, out.p, in.p, 6);
      for (const float x : out.read())
        if (std::isnan(x)) return true;
      return false;
    } catch (const r1::Error& e) {
      return std::string(e.what()).find("asynchronous copy to it is under way") != std::string::npos;
    }
  };
  int off_by_one = 0, no_commit = 0;
  each_schedule(16, [&](uint64_t) {
    gpu::launch({.name = "pipeline", .grid = 1, .block = 32}, pipeline<1, true>, out.p, in.p, 6);
    const auto r = out.read();
    for (int l = 0; l < 32; ++l) CHECK(double(r[size_t(l)]) == expected[l]);
    off_by_one += wrong_found(pipeline<2, true>);
    no_commit += wrong_found(pipeline<1, false>);
  });
  CHECK(off_by_one == 16);
  CHECK(no_commit == 16);
}

TEST_CASE("cp.async fills with zeros and checks extent, alignment and spaces") {
  const Fresh fresh;
  const Buffer<float> in(ramp(70), "in"), out(128, "out");
  for (const int n : {0, 1, 5, 69, 70}) {
    gpu::launch({.name = "zero_fill", .grid = 1, .block = 32}, zero_fill, out.p, in.p, n);
    const auto r = out.read();
    for (int i = 0; i < 128; ++i) CHECK(r[size_t(i)] == (i < n ? ramp(70)[size_t(i)] : 0.0f));
  }
  CHECK_FAILS(gpu::launch({.name = "zero_fill", .grid = 1, .block = 32}, zero_fill, out.p, in.p, 71), "out-of-bounds",
              "'in' (280 bytes)", "async_test.cu:");
  CHECK_FAILS(gpu::launch({.name = "cp_misaligned", .grid = 1, .block = 32}, cp_misaligned, in.p), "misaligned",
              "shared 's'");
  CHECK_FAILS(gpu::launch({.name = "cp_outside", .grid = 1, .block = 32}, cp_outside, in.p), "out-of-bounds", "'in'");
  CHECK_FAILS(gpu::launch({.name = "cp_to_global", .grid = 1, .block = 32}, cp_to_global, out.p, in.p),
              "expected shared memory");
}

TEST_CASE("a ring of mbarriers passes every value once; a wrong count or barrier is reported") {
  const Fresh fresh;
  const Buffer<int> out(96, "out");
  each_schedule(16, [&](uint64_t) {
    gpu::launch({.name = "ring", .grid = 1, .block = 96}, ring<64>, out.p, 9);
    const auto r = out.read();
    for (int t = 32; t < 96; ++t) CHECK(r[size_t(t)] == 32 * 36 + 9 * (31 - t % 32));
  });
  CHECK_FAILS(gpu::launch({.name = "ring", .grid = 1, .block = 96}, ring<65>, out.p, 9), "deadlock", "mbarrier at byte",
              "1 of 65 arrivals");
  CHECK_FAILS(gpu::launch({.name = "not_initialised", .grid = 1, .block = 32}, not_initialised), "was not initialised");
  const Buffer<float> in(64, "in");
  gpu::fill_async(in.p, 0, 256, nullptr);
  CHECK_FAILS(gpu::launch({.name = "too_many_bytes", .grid = 1, .block = 32}, too_many_bytes, in.p), "deadlock",
              "256 bytes missing");
}

TEST_CASE("an mbarrier that TMA or another block uses was published by a fence of who made it") {
  const Fresh fresh;
  const Buffer<float> in(ramp(64), "in"), out(32, "out");
  const auto load = [&](Published p) {
    gpu::launch({.name = "unpublished", .grid = 1, .block = 32}, unpublished, out.p, in.p, p);
    return out.read();
  };
  const auto first = [] {
    const auto all = ramp(64);
    return std::vector<float>(all.begin(), all.begin() + 32);
  }();
  const gpu::Launch pair{.name = "across", .grid = 2, .block = 32, .cluster = 2};
  int gone = 0;
  each_schedule(16, [&](uint64_t) {
    CHECK(load(Published::kByFence) == first);
    CHECK(load(Published::kByProxyFence) == first);
    CHECK_FAILS(load(Published::kNot), "missing fence_mbar_init: TMA", "shared 'b'", "async_test.cu:");
    gpu::launch(pair, across, true, true);
    gpu::sync_device();
    CHECK_FAILS(gpu::launch(pair, across, false, true), "missing fence_mbar_init: a block of the cluster");
    try {
      gpu::launch(pair, across, true, false);
      gpu::sync_device();
    } catch (const r1::Error& e) {
      gone += std::string(e.what()).find("the cluster_sync at its end is missing") != std::string::npos;
    }
  });
  CHECK(gone > 0);
}

TEST_CASE("TMA moves boxes with zero fill and clipping; the proxy fence is needed") {
  const Fresh fresh;
  std::vector<float> tensor(24 * 30);
  for (size_t i = 0; i < tensor.size(); ++i) tensor[i] = float(i) + 1;
  for (const gpu::Swizzle s : {gpu::Swizzle::kNone, gpu::Swizzle::k32})
    for (const auto& [x, y] : {std::pair<int, int>{0, 0}, {4, 20}, {16, -5}, {40, 0}}) {
      const Buffer<float> from(tensor, "from"), to(std::vector<float>(24 * 30, -1.0f), "to"), out(128, "out");
      gpu::launch({.name = "tma_copy", .grid = 1, .block = 64}, tma_copy, out.p,
                  gpu::make_tensor_map(tile_map(from.p, s)), gpu::make_tensor_map(tile_map(to.p, s)), x, y, true);
      const auto r = out.read(), stored = to.read();
      std::vector<float> expected(24 * 30, -1.0f);
      for (int j = 0; j < 16; ++j)
        for (int i = 0; i < 8; ++i) {
          const bool inside = x + i >= 0 && x + i < 20 && y + j >= 0 && y + j < 30;
          // A row of 32 bytes; with the swizzle its halves change places in rows 4..7 of every 8.
          const int at = s == gpu::Swizzle::kNone ? j * 8 + i : j * 8 + (i ^ (j / 4 % 2 * 4));
          CHECK(r[size_t(at)] == (inside ? tensor[size_t((y + j) * 24 + x + i)] : 0.0f));
          if (inside) expected[size_t((y + j) * 24 + x + i)] = tensor[size_t((y + j) * 24 + x + i)] + 1;
        }
      CHECK(stored == expected);
    }
  const Buffer<float> from(tensor, "from"), out(128, "out");
  const gpu::TensorMap m = gpu::make_tensor_map(tile_map(from.p, gpu::Swizzle::kNone));
  each_schedule(8, [&](uint64_t) {
    CHECK_FAILS(gpu::launch({.name = "tma_copy", .grid = 1, .block = 64}, tma_copy, out.p, m, m, 0, 0, false),
                "missing fence_proxy_async", "tile", "async_test.cu:");
  });
}

TEST_CASE("a TMA store must not begin before the tensor") {
  const Fresh fresh;
  const Buffer<float> from(std::vector<float>(24 * 30, 1.0f), "from"), out(128, "out");
  const gpu::TensorMap m = gpu::make_tensor_map(tile_map(from.p, gpu::Swizzle::kNone));
  CHECK_FAILS(gpu::launch({.name = "tma_copy", .grid = 1, .block = 64}, tma_copy, out.p, m, m, -4, 0, true),
              "TMA store begins at x = -4", "expected 0 or more", "async_test.cu:");
}

TEST_CASE("a TMA box must begin at a multiple of 16 bytes") {
  const Fresh fresh;
  const Buffer<float> from(std::vector<float>(24 * 30, 1.0f), "from"), out(128, "out");
  const gpu::TensorMap m = gpu::make_tensor_map(tile_map(from.p, gpu::Swizzle::kNone));
  CHECK_FAILS(gpu::launch({.name = "tma_copy", .grid = 1, .block = 64}, tma_copy, out.p, m, m, 3, 0, true),
              "TMA box begins at x = 3, 12 bytes into the row", "multiple of 16 bytes", "async_test.cu:");
}

TEST_CASE("tensor maps that no GPU takes are refused") {
  const Fresh fresh;
  const Buffer<float> b(1024, "b");
  const auto with = [&](auto change) {
    gpu::TensorMapArgs a = tile_map(b.p, gpu::Swizzle::kNone);
    change(a);
    return gpu::make_tensor_map(a, "weights");
  };
  CHECK_FAILS(with([](auto& a) { a.stride_bytes[0] = 100; }), "tensor map of weights", "multiple of 16");
  CHECK_FAILS(with([](auto& a) { a.box[1] = 257; }), "box of 257", "1..256");
  CHECK_FAILS(with([](auto& a) { a.box[0] = 3; }), "box row of 12 bytes");
  CHECK_FAILS(with([](auto& a) { a.box[0] = 12, a.swizzle = gpu::Swizzle::k32; }), "at most the swizzle's 32");
  alignas(16) char host[16];
  CHECK_FAILS(with([&](auto& a) { a.base = host; }), "host address");
  CHECK_FAILS(with([](auto& a) { a.base = static_cast<char*>(a.base) + 4; }), "16-byte aligned");
}
