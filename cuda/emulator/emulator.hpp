// The emulator's controls, for tests and tools: schedules, numerics, checks, counters, the trace of one thread. Kernels
// and launchers never include this. Environment: GPU_EMU_SEED, GPU_EMU_SCHEDULE (random, in-order, reverse, lockstep,
// ahead, priorities), GPU_EMU_ACCUMULATE (exact, sequential, pairwise, truncate), GPU_EMU_CC (90), GPU_EMU_MEMORY_MB,
// GPU_EMU_COUNT (1), GPU_EMU_HIDE (0), GPU_EMU_DEVICES (1), GPU_EMU_DRIVER (11080: for CUDA 11.8, too old).
// Paper: none.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "emulator/api.hpp"

namespace gpu::emu {

enum class Schedule : uint8_t {
  kRandom,      ///< any thread that can run
  kInOrder,     ///< thread 0 as far as it gets, then thread 1, ...
  kReverse,     ///< the last thread first
  kLockstep,    ///< round and round: warps stay close together
  kAhead,       ///< one warp runs as far ahead as it can
  kPriorities,  ///< random warp priorities that change a few times
};
/// How a tensor core may add: products are exact in all of them, none is the hardware's own order.
enum class Accumulate : uint8_t { kExact, kSequential, kPairwise, kTruncate };
/// When asynchronous copies and products take place between their issue and their wait.
enum class Async : uint8_t { kRandom, kLate, kEarly };

struct Options {
  uint64_t seed = 1;
  Schedule schedule = Schedule::kRandom;
  Accumulate accumulate = Accumulate::kExact;
  Async async = Async::kRandom;
  uint64_t noise_seed = 1;         ///< of the error in fast_exp and the like; 0: none
  uint64_t spin_limit = 20000000;  ///< switches without progress until threads count as spinning for ever
  int major = 9, minor = 0;        ///< the device that is played
  int devices = 1;                 ///< 0: a machine without a GPU
  int driver_version = 0;          ///< as CUDA numbers it, 11080; 0: new enough
  int multiprocessors = 4;
  size_t memory_bytes = size_t(2) << 30;
  int yield_every = 0;          ///< race build: also switch threads at every so many memory accesses; 0: never
  bool count = true;            ///< memory counters; without them a kernel runs almost twice as fast
  bool hide_from_host = false;  ///< host code that touches device memory ends the program with a line, as on a GPU
  bool check_unwritten_shared = true, check_unwritten_global = true;  ///< race build
};
/// The options in force; what changes takes effect with the next launch.
Options& options();
/// Sets seed and schedule together: schedule number i of a sweep, 0 is in order, 1 reverse, 2 lockstep, 3 ahead, the
/// rest random or with priorities.
void use_schedule(uint64_t i);

/// Counted over all launches since reset_counters(). Figures of a GPU that need no GPU.
struct Counters {
  uint64_t launches = 0, blocks = 0, switches = 0, barriers = 0, warp_ops = 0, mma = 0;
  uint64_t global_requests = 0;    ///< warp-wide accesses to global memory
  uint64_t global_sectors = 0;     ///< 32-byte pieces they touched: ideal is bytes / 32
  uint64_t global_bytes = 0;       ///< bytes they asked for
  uint64_t shared_requests = 0;    ///< warp-wide accesses to shared memory
  uint64_t shared_wavefronts = 0;  ///< passes they took: ideal is one per 128 bytes
  uint64_t bank_conflicts = 0;     ///< wavefronts beyond the ideal
  uint64_t tma_copies = 0;         ///< boxes, whose sectors and bytes are in those above
  uint64_t race_checks = 0;        ///< memory accesses seen by the race detector
};
const Counters& counters();
void reset_counters();

/// One thing that the traced thread did.
struct TraceEvent {
  std::string what;  ///< "sync", "shfl_xor", "load 16 bytes of shared tile+32", ...
  Site at;
  uint64_t number;  ///< counts from 0
};
/// Calls `see` for every event of one thread of every launch of kernel `name` (empty: all); null ends it.
void trace_thread(const std::string& name, int64_t block, int thread, std::function<void(const TraceEvent&)> see);

/// Forgets queued work and errors, frees all device memory: a fresh device between tests.
void reset_device();
/// Device buffers alive, for tests of leaks.
size_t live_buffers();
/// True in the build whose kernels are instrumented (-fsanitize=thread with the emulator's own runtime).
bool race_build();
/// For programs of both kinds of kernels: the detector must be off while one runs that is not instrumented, whose
/// writes it does not see.
void use_race_detector(bool on);

}  // namespace gpu::emu
