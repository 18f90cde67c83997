// What "run it again" means: on a GPU just that, in the emulator another order of its threads. Paper: none.
#ifdef R1_GPU_EMULATED
#include "emulator/emulator.hpp"
#endif

namespace r1::harness {

void next_schedule([[maybe_unused]] int run) {
#ifdef R1_GPU_EMULATED
  gpu::emu::use_schedule(static_cast<uint64_t>(run));
#endif
}

}  // namespace r1::harness
