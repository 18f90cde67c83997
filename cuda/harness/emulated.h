// What the harness asks of the emulator; in a build for a GPU these do nothing, or say that it takes an emulated build.
// Paper: none.
#pragma once

namespace r1::harness {

/// The next run of a kernel has schedule number `run`.
void next_schedule(int run);
/// The race detector is on for kernels that are compiled for it: a reader's always, ours in a build with R1_CUDA_RACE.
void detect_races(bool readers_kernel);
/// Plain accesses (a[i]) of our kernels are seen, by the race detector and by the counters.
bool sees_plain_accesses();

}  // namespace r1::harness
