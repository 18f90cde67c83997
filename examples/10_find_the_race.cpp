// Lesson 10: find the race: a block adds 64 numbers and forgets a barrier. Right by luck, wrong by seed, found anyway.
// You should see (about 1 s, 40 MB, no GPU):
//   no barrier, threads in order: 2016
//   no barrier, random order: seed 1: 1787, seed 2: 717, seed 3: 562, seed 4: 640; 100 of 100 wrong
//   the race detector, threads in order:
//     kernel 'block_sum', block (0,0,0), thread (48,0,0): race on byte 128 of shared 'part' (256
//     bytes): read here and write by block 0, thread (32,0,0) at 10_find_the_race.cpp:32 with
//     nothing between them that orders the two, at 10_find_the_race.cpp:31 [GPU_EMU_SEED=1]
//   found with 100 of 100 seeds; with the barrier 0 reports and 2016 every time
// Each round adds the lower half of what is left to the upper half; the last thread holds the sum, 2016. A round reads
// what other threads wrote in the round before, so a barrier belongs between them. Thread after thread, as a debugger
// runs them, the sum is right without it. The emulator (cuda/emulator) runs threads as fibers in an order that a seed
// decides; this file is compiled with -fsanitize=thread, so its race detector sees every access. It reports two by two
// threads, one of them a write, with no barrier between, in every order, also in those that give 2016. Then read
// paper_notes/emulator.md.
#include <cstdio>

#include "base/check.h"
#include "emulator/emulator.hpp"
#include "gpu.hpp"

constexpr int kThreads = 64;

GPU_KERNEL(kThreads) void block_sum(float* sum, const float* x, bool barrier) {
  SMEM(float, part, kThreads);
  const int t = gpu::tid();
  part[t] = x[t];
  gpu::sync();
  for (int n = kThreads / 2; n > 0; n /= 2) {
    if (t >= kThreads - n) {
      const float other = part[t - n];
      part[t] += other;
    }
    if (barrier) gpu::sync();  // the planted race: without it, who says that part[t - n] is ready?
  }
  if (t == kThreads - 1) *sum = part[t];
}

struct Result {
  float sum = 0;
  std::string race;  ///< what the detector says
};
static Result run(bool barrier, bool detector, gpu::emu::Schedule schedule, uint64_t seed) {
  gpu::emu::use_race_detector(detector);
  gpu::emu::options() = {.seed = seed, .schedule = schedule};
  gpu::emu::reset_device();
  float x[kThreads];
  for (int i = 0; i < kThreads; ++i) x[i] = float(i);
  auto* dx = static_cast<float*>(gpu::malloc_device(sizeof x, "x"));
  auto* sum = static_cast<float*>(gpu::malloc_device(sizeof(float), "sum"));
  gpu::copy(dx, x, sizeof x, gpu::Copy::kToDevice);
  Result r;
  try {
    gpu::launch({.name = "block_sum", .grid = 1, .block = kThreads}, block_sum, sum, dx, barrier);
    gpu::copy(&r.sum, sum, sizeof r.sum, gpu::Copy::kToHost);  // waits for the kernel
  } catch (const r1::Error& e) {
    r.race = e.what();
  }
  return r;
}

/// A long line in lines of 94 columns.
static std::string folded(std::string s) {
  std::string out;
  for (size_t cut; s.size() > 94 && (cut = s.rfind(' ', 94)) != std::string::npos; s = s.substr(cut + 1))
    out += "  " + s.substr(0, cut) + "\n";
  return out + "  " + s + "\n";
}

static void lesson() {
  using gpu::emu::Schedule;
  const float in_order = run(false, false, Schedule::kInOrder, 1).sum;
  R1_CHECK(in_order == 2016, "in order the sum is ", in_order, ", expected 2016");
  std::printf("no barrier, threads in order: %.0f\n", in_order);
  std::printf("no barrier, random order:");
  int wrong = 0, found = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    const float sum = run(false, false, Schedule::kRandom, seed).sum;
    wrong += sum != 2016;
    if (seed <= 4) std::printf(" seed %d: %.0f%s", int(seed), sum, seed < 4 ? "," : ";");
  }
  std::printf(" %d of 100 wrong\n", wrong);
  R1_CHECK(wrong > 0, "no seed of 100 shows the race");
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    const Schedule s = seed % 2 ? Schedule::kInOrder : Schedule::kRandom;
    const Result bad = run(false, true, s, seed), good = run(true, true, s, seed);
    const size_t here = bad.race.find(" at "), there = bad.race.rfind(" at ");  // both places in the source
    found += bad.race.find("race on") != std::string::npos && here < there;
    if (seed == 1) std::printf("the race detector, threads in order:\n%s", folded(bad.race).c_str());
    R1_CHECK(good.race.empty() && good.sum == 2016, "seed ", seed, " with the barrier: ", good.sum, " ", good.race);
  }
  std::printf("found with %d of 100 seeds; with the barrier 0 reports and 2016 every time\n", found);
  R1_CHECK(found == 100, "found with ", found, " of 100 seeds, expected all");
}

int main() try { lesson(); } catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
