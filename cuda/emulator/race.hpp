// Race detector: happens-before clocks for the threads of a launch and a shadow cell for every two bytes of device and
// shared memory. Active in the race build only (kernels compiled with -fsanitize=thread, which calls our __tsan_*).
// What orders two accesses: barriers, syncwarp (not shuffles), mbarriers, and fence + atomic. Paper: none.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "emulator/api.hpp"

namespace gpu::emu {
struct Fiber;
struct Block;
}  // namespace gpu::emu

namespace gpu::emu::race {

/// Times of the threads of one block, shared by all who passed the same barrier.
using Times = std::shared_ptr<const std::vector<uint32_t>>;
/// The same of several blocks, sorted by block.
using BlockTimes = std::vector<std::pair<uint64_t, Times>>;
using Others = std::shared_ptr<const BlockTimes>;

/// A place where knowledge is left and picked up: an mbarrier's phase, an atomic's address, a copy under way.
struct Sync {
  BlockTimes left;
};

struct Clock {
  uint32_t time = 1;        ///< of this thread; counts its releases
  uint32_t proxy_time = 0;  ///< its writes up to here are visible to TMA and wgmma
  Times own;                ///< what it knows of its block
  Others others;            ///< and of other blocks
  Sync fenced;              ///< what it knew at its last fence
};

bool enabled();
void begin_launch(uint64_t id);
void begin_thread(Fiber& f);
void join(Fiber* const* f, size_t n);  ///< a barrier of these threads
void release(Fiber& f, Sync& s);
void acquire(Fiber& f, const Sync& s);
void fence(Fiber& f);
void on_atomic(Fiber& f, const void* p, size_t bytes, bool writes, Site at);
void proxy_fence(Fiber& f);
/// Accesses by the emulator on behalf of f (vector loads, ldmatrix, copies).
void read(Fiber& f, const void* p, size_t bytes, Site at);
void write(Fiber& f, const void* p, size_t bytes, Site at);
/// A read by TMA or wgmma: also an error if generic writes were not made visible.
void async_read(Fiber& f, const void* p, size_t bytes, Site at);
/// Bytes that a copy under way will write: any access to them is an error until `landed`. `bulk`: by TMA.
void in_flight(Fiber& f, const void* p, size_t bytes, bool bulk, Site at);
void landed(const void* p, size_t bytes);
/// Bytes that hold a value (host copies) or none again (fresh memory).
void set_written(const void* p, size_t bytes, bool written);

}  // namespace gpu::emu::race
