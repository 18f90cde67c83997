// The race detector: planted races on shared and device memory, each found under every schedule, even one that happens
// to give the right numbers. Only in the build whose kernels are instrumented.
#include "good_kernels.cuh"

using namespace emu_test;

namespace {

enum class Fault {
  kNone,
  kNoSync,
  kNoSecondSync,
  kSyncwarpOnly,
  kShuffleIsNoFence,
  kSameWord,
  kPlainCounter,
  kNoFence,
  kWarForgotten
};

GPU_KERNEL(64) void faulty(float* out, const float* in, Fault f) {
  SMEM(float, s, 64);
  const int t = gpu::tid();
  for (int round = 0; round < 2; ++round) {
    s[t] = in[t] + float(round);
    if (f == Fault::kSyncwarpOnly)
      gpu::syncwarp();
    else if (f != Fault::kNoSync)
      gpu::sync();
    out[t] = s[63 - t];
    if (f != Fault::kNoSecondSync) gpu::sync();
  }
}
GPU_KERNEL(32) void through_shuffle(float* out, bool syncs) {
  SMEM(float, s, 32);
  s[gpu::lane()] = 1;
  const float x = gpu::shfl_xor(1.0f, 1);  // synchronises the lanes, orders no memory
  if (syncs) gpu::syncwarp();
  out[gpu::lane()] = s[31 - gpu::lane()] + x;
}
GPU_KERNEL(32) void same_word(int* out, bool atomics) {
  if (gpu::tid() != 0) return;
  if (atomics)
    gpu::atomic_add(out, 1);
  else
    *out = *out + 1;  // two blocks
}
GPU_KERNEL(32) void handover(float* data, unsigned* flag, bool fences) {
  if (gpu::tid() != 0) return;
  if (gpu::block_idx().x == 0) {
    *data = 5;
    if (fences) gpu::fence();
    gpu::atomic_exchange(flag, 1u);
  } else {
    while (gpu::atomic_add(flag, 0u) == 0) {
    }
    gpu::fence();
    *data = *data + 1;
  }
}
GPU_KERNEL(64) void neighbours(uint16_t* out) {
  out[gpu::tid()] = uint16_t(gpu::tid());
}  // two threads to a word: no race
GPU_KERNEL(64) void in_turns(float* out) {
  SMEM(float, s, 1);
  for (int i = 0; i < 4; ++i) {
    if (gpu::tid() == i * 16) s[0] = float(i);
    gpu::sync();
    out[gpu::tid()] = s[0];
    gpu::sync();
  }
}
GPU_KERNEL(32) void wrong_flag(int* flag, int* out) {
  if (gpu::block_idx().x == 0 && gpu::tid() == 0) *flag = 1;  // plain store, volatile load
  if (gpu::block_idx().x == 1 && gpu::tid() == 0) out[0] = gpu::load_volatile(flag);
}
GPU_KERNEL(64) void refill(float* out, const float* in, bool waits) {
  SMEM(float, s, 64);
  for (int r = 0; r < 3; ++r) {
    gpu::cp_async<4>(s + gpu::tid(), in + gpu::tid());
    gpu::cp_async_commit();
    gpu::cp_async_wait<0>();
    gpu::sync();
    out[gpu::tid()] = s[63 - gpu::tid()];
    if (waits) gpu::sync();  // else the next copy overwrites what others still read
  }
}
GPU_KERNEL(64) void own_wait_only(float* out, const float* in) {
  SMEM(float, s, 64);
  gpu::cp_async<4>(s + gpu::tid(), in + gpu::tid());
  gpu::cp_async_commit();
  gpu::sync();  // too early: the copy may land after it
  gpu::cp_async_wait<0>();
  out[gpu::tid()] = s[63 - gpu::tid()];
}
GPU_KERNEL(32) void device_unwritten(float* out, const float* in) { out[gpu::tid()] = in[gpu::tid()]; }
GPU_KERNEL(32) void odd_address(char* p) { *reinterpret_cast<int*>(p + 1) = 1; }

}  // namespace

TEST_CASE("races on shared memory are found under every schedule") {
  if (!gpu::emu::race_build()) return;
  const Fresh fresh;
  const Buffer<float> in(ramp(64), "in"), out(64, "out");
  const auto go = [&](Fault f) { gpu::launch({.name = "faulty", .grid = 1, .block = 64}, faulty, out.p, in.p, f); };
  each_schedule(16, [&](uint64_t) {
    go(Fault::kNone);
    CHECK_NOTHROW(gpu::sync_device());
    CHECK_FAILS(go(Fault::kNoSync), "shared 's'");
    CHECK_FAILS(go(Fault::kNoSecondSync), "race on byte", "of shared 's' (256 bytes)", "by block 0, thread (", ") at ",
                " with nothing between them", ", at ");
    CHECK_FAILS(go(Fault::kSyncwarpOnly), "shared 's'");
    CHECK_FAILS(gpu::launch({.name = "through_shuffle", .grid = 1, .block = 32}, through_shuffle, out.p, false),
                "race on");
    gpu::launch({.name = "through_shuffle", .grid = 1, .block = 32}, through_shuffle, out.p, true);
    gpu::launch({.name = "in_turns", .grid = 1, .block = 64}, in_turns, out.p);
    gpu::launch({.name = "refill", .grid = 1, .block = 64}, refill, out.p, in.p, true);
    CHECK_NOTHROW(gpu::sync_device());
    CHECK_FAILS(gpu::launch({.name = "refill", .grid = 1, .block = 64}, refill, out.p, in.p, false), "race on");
    CHECK_FAILS(gpu::launch({.name = "own_wait_only", .grid = 1, .block = 64}, own_wait_only, out.p, in.p),
                "shared 's'");
  });
}

TEST_CASE("races between blocks are found although blocks run one after another") {
  if (!gpu::emu::race_build()) return;
  const Fresh fresh;
  each_schedule(16, [&](uint64_t) {
    const Buffer<int> word(std::vector<int>{0}, "word"), out(std::vector<int>{0}, "out");
    CHECK_FAILS(gpu::launch({.name = "same_word", .grid = 2, .block = 32}, same_word, word.p, false),
                "race on byte 0 of buffer 'word'");
    gpu::launch({.name = "same_word", .grid = 2, .block = 32}, same_word, word.p, true);
    CHECK_NOTHROW(gpu::sync_device());
    const Buffer<float> data(std::vector<float>{0}, "data");
    Buffer<unsigned> flag(std::vector<unsigned>{0}, "flag");
    gpu::launch({.name = "handover", .grid = 2, .block = 32, .cooperative = true}, handover, data.p, flag.p, true);
    CHECK(data.read()[0] == 6.0f);
    flag.write({0});
    CHECK_FAILS(
        gpu::launch({.name = "handover", .grid = 2, .block = 32, .cooperative = true}, handover, data.p, flag.p, false),
        "race on byte 0 of buffer 'data'");
    CHECK_FAILS(gpu::launch({.name = "wrong_flag", .grid = 2, .block = 32}, wrong_flag, word.p, out.p), "race on",
                "atomic access");
    const Buffer<uint16_t> shorts(64, "shorts");
    gpu::launch({.name = "neighbours", .grid = 1, .block = 64}, neighbours, shorts.p);
    CHECK_NOTHROW(gpu::sync_device());
  });
}

TEST_CASE("what was never written and what is misaligned is found at the access itself") {
  if (!gpu::emu::race_build()) return;
  const Fresh fresh;
  const Buffer<float> in(32, "in"), out(32, "out");
  CHECK_FAILS(gpu::launch({.name = "device_unwritten", .grid = 1, .block = 32}, device_unwritten, out.p, in.p),
              "read of unwritten device memory", "'in'");
#ifndef __SANITIZE_UNDEFINED__
  CHECK_FAILS(gpu::launch({.name = "odd_address", .grid = 1, .block = 32}, odd_address, reinterpret_cast<char*>(out.p)),
              "misaligned write of 4 bytes", "expected");
#endif
}
