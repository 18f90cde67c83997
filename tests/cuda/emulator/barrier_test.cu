// Barriers of the emulator: what they order, and the reports about barriers that are wrong.
#include "support.hpp"

using namespace emu_test;

namespace {

GPU_KERNEL(256) void reverse(int* out, const int* in) {
  SMEM(int, s, 256);
  s[gpu::tid()] = in[gpu::tid()];
  gpu::sync();
  out[gpu::tid()] = s[gpu::block_size() - 1 - gpu::tid()];
}

GPU_KERNEL(256) void votes(int* out) {
  const int n = gpu::sync_count(gpu::tid() % 3 == 0);
  const bool some = gpu::sync_or(gpu::tid() == 77), none = gpu::sync_or(false);
  out[gpu::tid()] = n + (some ? 1000 : 0) + (none ? 10000 : 0);
}

/// Warp 0 fills, warps 1..3 read; two named barriers, one of which the producer only arrives at.
GPU_KERNEL(128) void named(int* out) {
  SMEM(int, s, 32);
  int sum = 0;
  for (int round = 0; round < 4; ++round) {
    if (gpu::warp() == 0) {
      if (round > 0) gpu::bar_sync(2, 128);
      s[gpu::lane()] = round * 100 + gpu::lane();
      gpu::bar_arrive(1, 128);
    } else {
      gpu::bar_sync(1, 128);
      sum += s[31 - gpu::lane()];
      if (round < 3) gpu::bar_arrive(2, 128);
    }
  }
  out[gpu::tid()] = sum;
}

GPU_KERNEL(64) void grid_wide(int* out, int* scratch) {
  const int i = int(gpu::block_idx().x) * 64 + gpu::tid(), n = int(gpu::grid_dim().x) * 64;
  scratch[i] = i * i;
  gpu::grid_sync();
  out[i] = scratch[n - 1 - i];
}

GPU_KERNEL(64) void cluster_wide(int* out, int* scratch) {
  const int i = int(gpu::block_idx().x) * 64 + gpu::tid(), mine = int(gpu::block_idx().x - gpu::cluster_rank()) * 64;
  scratch[i] = i;
  gpu::cluster_sync();
  out[i] = scratch[mine + (i - mine + 64) % 128];
}

GPU_KERNEL(64) void first_half(int* half) {
  gpu::griddep_launch();
  half[gpu::block_idx().x * 64 + gpu::tid()] = gpu::tid() + 1;
}
GPU_KERNEL(64) void second_half(int* out, const int* half) {
  SMEM(int, s, 64);
  s[gpu::tid()] = gpu::tid() * 100;  // what needs no device memory may come before
  gpu::sync();
  gpu::griddep_wait();
  gpu::store_vec(out + gpu::tid(), gpu::Vec<int, 1>{{s[63 - gpu::tid()] + gpu::load_vec<1>(half + gpu::tid())[0]}});
}

// Wrong ones.
GPU_KERNEL(64) void reads_early(int* out, const int* half) {
  const int v = gpu::load_vec<1>(half + gpu::tid())[0];
  gpu::griddep_wait();
  out[gpu::tid()] = v;
}
GPU_KERNEL(64) void adds_early(int* out, const int*) {
  gpu::atomic_add(out, 1);
  gpu::griddep_wait();
}
GPU_KERNEL(64) void never_waits(int*, const int*) {
  if (gpu::tid() < 63) gpu::griddep_wait();
}
GPU_KERNEL(64) void divergent(int* out) {
  if (gpu::tid() < 40)
    gpu::sync();
  else
    gpu::sync();
  out[gpu::tid()] = 1;
}
GPU_KERNEL(64) void early_exit(int* out) {
  if (gpu::tid() >= 48) return;
  gpu::sync();
  out[gpu::tid()] = 1;
}
GPU_KERNEL(64) void half_waits(int* out) {
  if (gpu::tid() < 32) gpu::bar_sync(3, 64);
  out[gpu::tid()] = 1;
}
GPU_KERNEL(64) void crossed(int* out) {
  gpu::bar_sync(gpu::warp() == 0 ? 1 : 2, 64);
  gpu::bar_sync(gpu::warp() == 0 ? 2 : 1, 64);
  out[gpu::tid()] = 1;
}
GPU_KERNEL(64) void counts_differ(int* out) {
  gpu::bar_sync(1, gpu::warp() == 0 ? 64 : 32);
  out[gpu::tid()] = 1;
}
GPU_KERNEL(64) void odd_count(int* out) {
  gpu::bar_sync(1, 48);
  out[gpu::tid()] = 1;
}
GPU_KERNEL(64) void bad_id(int* out) {
  gpu::bar_sync(16, 64);
  out[gpu::tid()] = 1;
}

}  // namespace

TEST_CASE("barriers order shared memory under every schedule") {
  const Fresh fresh;
  std::vector<int> in(256);
  for (size_t i = 0; i < in.size(); ++i) in[i] = int(i) * 3;
  const Buffer<int> a(in, "in"), out(256, "out"), scratch(512, "scratch"), wide(512, "wide");
  each_schedule(12, [&](uint64_t) {
    gpu::launch({.name = "reverse", .grid = 1, .block = 256}, reverse, out.p, a.p);
    auto r = out.read();
    for (int i = 0; i < 256; ++i) CHECK(r[size_t(i)] == (255 - i) * 3);
    gpu::launch({.name = "votes", .grid = 1, .block = 200}, votes, out.p);
    r = out.read();
    for (int i = 0; i < 200; ++i) CHECK(r[size_t(i)] == 67 + 1000);
    gpu::launch({.name = "named", .grid = 1, .block = 128}, named, out.p);
    r = out.read();
    for (int i = 32; i < 128; ++i) CHECK(r[size_t(i)] == 600 + 4 * (31 - i % 32));
    gpu::launch({.name = "grid_wide", .grid = 8, .block = 64, .cooperative = true}, grid_wide, wide.p, scratch.p);
    r = wide.read();
    for (int i = 0; i < 512; ++i) CHECK(r[size_t(i)] == (511 - i) * (511 - i));
    gpu::launch({.name = "cluster_wide", .grid = 8, .block = 64, .cluster = 2}, cluster_wide, wide.p, scratch.p);
    r = wide.read();
    for (int i = 0; i < 512; ++i) CHECK(r[size_t(i)] == i / 128 * 128 + (i % 128 + 64) % 128);
  });
}

TEST_CASE("wrong barriers are reported with the thread and the place") {
  const Fresh fresh;
  const Buffer<int> out(64, "out");
  const auto go = [&](const char* name, auto kernel) {
    gpu::launch({.name = name, .grid = 1, .block = 64}, kernel, out.p);
  };
  each_schedule(8, [&](uint64_t) {
    CHECK_FAILS(go("divergent", divergent), "kernel 'divergent'", "divergence at a barrier",
                "barrier_test.cu:", "thread (");
    CHECK_FAILS(go("early_exit", early_exit), "early exit before a barrier", "barrier_test.cu:");
    CHECK_FAILS(go("half_waits", half_waits), "deadlock", "threads 0-31 wait on named barrier 3 (32 of 64 came)",
                "barrier_test.cu:");
    CHECK_FAILS(go("crossed", crossed), "deadlock", "named barrier 1 (32 of 64 came)", "named barrier 2");
    CHECK_FAILS(go("counts_differ", counts_differ), "named barrier 1",
                "barrier_test.cu:");  // or, if one came first, the deadlock
    CHECK_FAILS(go("odd_count", odd_count), "for 48 threads", "multiple of 32");
    CHECK_FAILS(go("bad_id", bad_id), "named barrier 16", "0..15");
  });
}

TEST_CASE("a kernel that may start early waits before it touches device memory") {
  const Fresh fresh;
  const Buffer<int> half(256, "half"), out(64, "out");
  const auto go = [&](const char* name, auto kernel) {
    gpu::launch({.name = "first_half", .grid = 4, .block = 64}, first_half, half.p);
    gpu::launch({.name = name, .grid = 1, .block = 64, .early = true}, kernel, out.p, half.p);
  };
  each_schedule(6, [&](uint64_t) {
    go("second_half", second_half);
    const auto r = out.read();
    for (int i = 0; i < 64; ++i) CHECK(r[size_t(i)] == (63 - i) * 100 + i + 1);
    CHECK_FAILS(go("reads_early", reads_early), "kernel 'reads_early'", "load of byte", "buffer 'half'",
                "before griddep_wait(): the kernel before may still run", "barrier_test.cu:");
    CHECK_FAILS(go("adds_early", adds_early), "atomic of byte", "before griddep_wait()");
    CHECK_FAILS(go("never_waits", never_waits), "returns without griddep_wait()", "thread (63,0,0)");
  });
}

TEST_CASE("grid_sync needs a cooperative launch that fits") {
  const Fresh fresh;
  const Buffer<int> out(1 << 16, "out"), scratch(1 << 16, "scratch");
  CHECK_FAILS(gpu::launch({.name = "grid_wide", .grid = 4, .block = 64}, grid_wide, out.p, scratch.p),
              "grid_sync() in a launch that is not cooperative");
  CHECK_FAILS(
      gpu::launch({.name = "grid_wide", .grid = 1000, .block = 64, .cooperative = true}, grid_wide, out.p, scratch.p),
      "1000 blocks in a cooperative launch", "expected at most");
}
