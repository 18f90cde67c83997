// What "run it again" means: on a GPU just that, in the emulator another order of its threads. Paper: none.
#include "harness/emulated.h"

#ifdef R1_GPU_EMULATED
#include "emulator/emulator.hpp"
#endif

namespace r1::harness {

#ifdef R1_GPU_EMULATED
void next_schedule(int run) { gpu::emu::use_schedule(static_cast<uint64_t>(run)); }
bool sees_plain_accesses() {
  static const bool instrumented = gpu::emu::race_build();  // first asked before a reader's file is loaded
  return instrumented;
}
void detect_races(bool readers_kernel) { gpu::emu::use_race_detector(sees_plain_accesses() || readers_kernel); }
#else
void next_schedule(int) {}
bool sees_plain_accesses() { return false; }
void detect_races(bool) {}
#endif

}  // namespace r1::harness
