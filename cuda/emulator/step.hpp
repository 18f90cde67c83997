// Walking one thread of a kernel from event to event, for people: each barrier, collective and memory access with its
// line of source. `r1 bench cuda --emu-step block,thread` is this. Paper: none.
#pragma once
#include <cstdint>
#include <iosfwd>
#include <string>

namespace gpu::emu {

struct StepPlan {
  std::string kernel;  ///< Launch::name; empty: every kernel
  int64_t block = 0;   ///< linear index in the grid
  int thread = 0;      ///< linear index in the block
  uint64_t limit = 10000;
};
/// "3,17": block 3, thread 17; throws r1::Error for anything else.
StepPlan parse_step(const std::string& text, const std::string& kernel = "");
/// Until stop_steps(), every event of that thread is written to `out`. With `keys`,
/// waits for a line before each: empty goes on by one event, "b" to the next barrier, "c" to the end, "q" is silent.
void step_thread(const StepPlan& plan, std::istream* keys, std::ostream& out);
/// Ends that; returns how many events were seen.
uint64_t stop_steps();

}  // namespace gpu::emu
