// Options of the emulator from the environment, and what they say of the device that is played. Paper: none.
#include <cstdlib>
#include <cstring>

#include "emulator/memory.hpp"
#include "emulator/state.hpp"

namespace gpu::emu {

namespace {

uint64_t number(const char* name, uint64_t otherwise) {
  const char* s = std::getenv(name);
  if (!s || !*s) return otherwise;
  char* end = nullptr;
  const uint64_t v = std::strtoull(s, &end, 10);
  if (*end) r1::fail("environment: ", name, "=", s, ", expected a number");
  return v;
}

template <size_t N>
int word(const char* name, const char* const (&words)[N], int otherwise) {
  const char* s = std::getenv(name);
  if (!s || !*s) return otherwise;
  std::string all;
  for (size_t i = 0; i < N; ++i) {
    if (!std::strcmp(s, words[i])) return int(i);
    all += std::string(i ? ", " : "") + words[i];
  }
  r1::fail("environment: ", name, "=", s, ", expected one of ", all);
}

Options from_environment() {
  Options o;
  o.seed = number("GPU_EMU_SEED", 1);
  o.schedule =
      Schedule(word("GPU_EMU_SCHEDULE", {"random", "in-order", "reverse", "lockstep", "ahead", "priorities"}, 0));
  o.accumulate = Accumulate(word("GPU_EMU_ACCUMULATE", {"exact", "sequential", "pairwise", "truncate"}, 0));
  o.async = Async(word("GPU_EMU_ASYNC", {"random", "late", "early"}, 0));
  const uint64_t cc = number("GPU_EMU_CC", 90);
  o.major = int(cc / 10);
  o.minor = int(cc % 10);
  o.count = number("GPU_EMU_COUNT", 1) != 0;
  o.hide_from_host = number("GPU_EMU_HIDE", 0) != 0;
  o.devices = int(number("GPU_EMU_DEVICES", 1));
  if (o.devices > 1) r1::fail("environment: GPU_EMU_DEVICES=", o.devices, ", expected 0 or 1");
  o.driver_version = int(number("GPU_EMU_DRIVER", 0));
  o.memory_bytes = number("GPU_EMU_MEMORY_MB", 2048) << 20;
  return o;
}

}  // namespace

Options& options() {
  static Options o = from_environment();
  return o;
}

void use_schedule(uint64_t i) {
  static const Schedule first[] = {Schedule::kInOrder, Schedule::kReverse, Schedule::kLockstep, Schedule::kAhead};
  options().seed = i + 1;
  options().schedule = i < 4        ? first[i]
                       : i % 3 == 0 ? Schedule::kPriorities
                       : i % 7 == 0 ? Schedule::kAhead
                                    : Schedule::kRandom;
}

const Counters& counters() { return g_counters; }
void reset_counters() { g_counters = {}; }

size_t max_smem() {
  return size_t(options().major >= 9 ? 227 : options().major == 8 && options().minor == 0 ? 163 : 99) * 1024;
}
size_t arena_bytes() { return 256 * 1024; }

}  // namespace gpu::emu
