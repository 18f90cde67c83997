// Schedules: a seed is one order, modes differ, missing barriers show as other bits, spinning ends, the trace tells it
// all.
#include <set>
#include <sstream>

#include "emulator/step.hpp"
#include "good_kernels.cuh"

using namespace emu_test;

namespace {

/// The order in which threads pass here.
GPU_KERNEL(256) void order(int* out, int* next) {
  gpu::sync();
  out[gpu::atomic_add(next, 1)] = int(gpu::block_idx().x) * 1000 + gpu::tid();
}
GPU_KERNEL(256) void no_barrier(float* y, const float* x) {
  SMEM(float, s, 256);
  s[gpu::tid()] = x[gpu::tid()];
  y[gpu::tid()] = s[gpu::tid() ^ 37];  // sync() is missing
}
GPU_KERNEL(32) void spin(int* flag) {
  while (gpu::load_volatile(flag) == 0) {
  }
}
GPU_KERNEL(64) void waits_for_flag(int* flag, int* out) {
  if (gpu::block_idx().x == 0 && gpu::tid() == 0) {
    gpu::fence();
    gpu::atomic_exchange(flag, 1);
  }
  if (gpu::block_idx().x == 1)
    while (gpu::load_volatile(flag) == 0) {
    }
  out[int(gpu::block_idx().x) * 64 + gpu::tid()] = 1;
}
GPU_KERNEL(32) void strided(float* out, const float* in, int stride) {
  SMEM(float, s, 32 * 33);
  s[gpu::lane() * stride] = gpu::load_vec<1>(in + gpu::lane() * stride)[0];
  gpu::syncwarp();
  gpu::store_vec(out + gpu::lane(), gpu::Vec<float, 1>{{gpu::load_vec<1>(s + gpu::lane() * stride)[0]}});
}

std::vector<int> order_of(int grid) {
  const Buffer<int> out(std::vector<int>(size_t(grid) * 64, -1), "out"), next(std::vector<int>{0}, "next");
  gpu::launch({.name = "order", .grid = grid, .block = 64}, order, out.p, next.p);
  return out.read();
}

}  // namespace

TEST_CASE("a seed gives one order again and again, other seeds and modes give others") {
  const Fresh fresh;
  std::set<std::vector<int>> seen;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    gpu::emu::options().seed = seed;
    // A launch is numbered, and its order is a function of seed and number: a fresh device numbers from the same start
    // only in a fresh process, so compare within one launch number by asking for the mode that ignores it.
    gpu::emu::options().schedule = gpu::emu::Schedule::kInOrder;
    const auto in_order = order_of(2);
    for (size_t i = 0; i < in_order.size(); ++i) CHECK(in_order[i] == int(i / 64) * 1000 + int(i % 64));
    gpu::emu::options().schedule = gpu::emu::Schedule::kReverse;
    CHECK(order_of(2)[0] == 1063);
    gpu::emu::options().schedule = gpu::emu::Schedule::kRandom;
    seen.insert(order_of(2));
  }
  CHECK(seen.size() == 8);
}

TEST_CASE("a missing barrier is visible as a difference between schedules") {
  const Fresh fresh;
  const Buffer<float> x(ramp(256), "x");
  int wrong = 0;
  if (gpu::emu::race_build()) {
    const Buffer<float> y(256, "y");
    CHECK_FAILS(gpu::launch({.name = "no_barrier", .grid = 1, .block = 256}, no_barrier, y.p, x.p), "shared 's'");
    return;
  }
  each_schedule(16, [&](uint64_t) {
    const Buffer<float> y(256, "y");
    gpu::launch({.name = "no_barrier", .grid = 1, .block = 256}, no_barrier, y.p, x.p);
    const auto r = y.read();
    for (size_t i = 0; i < 256; ++i)
      if (r[i] != ramp(256)[i ^ 37]) {
        ++wrong;
        break;
      }
  });
  CHECK(wrong == 16);
}

TEST_CASE("waiting for what never comes ends with a report") {
  const Fresh fresh;
  gpu::emu::options().spin_limit = 20000;
  const Buffer<int> flag(std::vector<int>{0}, "flag"), out(128, "out");
  CHECK_FAILS(gpu::launch({.name = "spin", .grid = 1, .block = 32}, spin, flag.p), "no progress after 20000 switches",
              "threads 0-31 can run, last seen at schedule_test.cu:");
  gpu::launch({.name = "waits_for_flag", .grid = 2, .block = 64, .cooperative = true}, waits_for_flag, flag.p, out.p);
  gpu::sync_device();  // together they end; one after another, in reverse, they cannot
  gpu::fill_async(flag.p, 0, 4, nullptr);
  gpu::emu::options().schedule = gpu::emu::Schedule::kReverse;
  CHECK_FAILS(gpu::launch({.name = "waits_for_flag", .grid = 2, .block = 64}, waits_for_flag, flag.p, out.p),
              "no progress");
}

TEST_CASE("counters show sectors and bank conflicts") {
  const Fresh fresh;
  const Buffer<float> in(ramp(32 * 33), "in"), out(32, "out");
  const auto run = [&](int stride) {
    gpu::emu::reset_counters();
    gpu::launch({.name = "strided", .grid = 1, .block = 32}, strided, out.p, in.p, stride);
    gpu::sync_device();
    return gpu::emu::counters();
  };
  const auto one = run(1), wide = run(32), odd = run(33);
  const uint64_t store = one.global_requests == 2 ? 4 : 0;  // the race build also sees plain accesses
  CHECK(one.global_sectors == 4 + store);
  CHECK(wide.global_sectors == 32 + store);
  CHECK(one.bank_conflicts == 0);
  CHECK(odd.bank_conflicts == 0);
  CHECK(wide.bank_conflicts == (gpu::emu::race_build() ? 62u : 31u));
  const auto a = bf16_ramp(64 * 64, 5);
  const Buffer<gpu::bf16> da(a, "a");
  const Buffer<float> c(64 * 64, "c");
  const auto conflicts = [&](auto kernel) {
    gpu::emu::reset_counters();
    gpu::launch({.name = "gemm_mma", .grid = 1, .block = 128}, kernel, c.p, da.p, da.p, 64, 64);
    gpu::sync_device();
    CHECK(gpu::emu::counters().mma == 4 * 2 * 2 * 8);
    return gpu::emu::counters().bank_conflicts;
  };
  // Rows of 80 bytes: no ldmatrix conflicts, but each of the 128 passes of cp.async (two rows of 64 bytes each) wraps
  // around the banks. Rows of 64 bytes: cp.async is clean, ldmatrix hits two banks four times.
  CHECK(conflicts(gemm_mma<8>) == 128);
  CHECK(conflicts(gemm_mma<0>) == 768);
}

TEST_CASE("the trace walks one thread from event to event") {
  const Fresh fresh;
  const Buffer<float> x(ramp(512), "x"), y(1, "y");
  std::vector<std::string> seen;
  gpu::emu::trace_thread("row_sums", 0, 32, [&](const gpu::emu::TraceEvent& e) {
    CHECK(e.number == seen.size());
    seen.push_back(e.what);
  });
  gpu::launch({.name = "row_sums", .grid = 1, .block = 128}, row_sums, y.p, x.p, 512);
  gpu::sync_device();
  const auto has = [&](const std::string& s) { return std::find(seen.begin(), seen.end(), s) != seen.end(); };
  CHECK(has("load 16 bytes, byte 512 of buffer 'x' (2048 bytes)"));
  CHECK(std::count(seen.begin(), seen.end(), "shfl_xor") == 5);
  CHECK(has("sync"));
  if (gpu::emu::race_build()) CHECK(has("write 4 bytes, byte 4 of shared 'part' (32 bytes)"));
}

TEST_CASE("steps show the source line of each event, one by one or to the next barrier") {
  const Fresh fresh;
  const Buffer<float> x(ramp(512), "x"), y(1, "y");
  std::istringstream keys("\nb\nq\n");  // one event; on to the barrier; then silence
  std::ostringstream out;
  gpu::emu::step_thread(gpu::emu::parse_step("0,5", "row_sums"), &keys, out);
  gpu::launch({.name = "row_sums", .grid = 1, .block = 128}, row_sums, y.p, x.p, 512);
  gpu::sync_device();
  gpu::emu::stop_steps();
  const std::string s = out.str();
  INFO(s);
  CHECK(s.find("#0  load 16 bytes, byte 80 of buffer 'x' (2048 bytes)  at good_kernels.cuh:") != std::string::npos);
  CHECK(s.find("const auto v = gpu::load_vec<4>(row + c);") != std::string::npos);
  CHECK(s.find("s = gpu::add(s, gpu::shfl_xor(s, d));") != std::string::npos);
  CHECK(s.find("sync  at good_kernels.cuh:") != std::string::npos);
  size_t prompts = 0;
  for (size_t at = s.find("\n> "); at != std::string::npos; at = s.find("\n> ", at + 1)) ++prompts;
  CHECK(prompts == 3);
  CHECK_THROWS_AS(gpu::emu::parse_step("0"), r1::Error);
  CHECK_THROWS_AS(gpu::emu::parse_step("0,2000"), r1::Error);
}
