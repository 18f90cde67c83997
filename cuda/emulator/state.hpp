// What the emulator knows of a running kernel: threads (fibers), warps, blocks, and the set of blocks that run together
// (one block; a cluster; the whole grid of a cooperative launch). Private to cuda/emulator. Paper: none.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "emulator/emulator.hpp"
#include "emulator/fiber.hpp"
#include "emulator/race.hpp"

namespace gpu::emu {

struct Block;
struct Fiber;
struct Warp;

enum class Wait : uint8_t { kNothing, kBlock, kNamed, kWarp, kMbar, kGrid, kCluster, kDone };

struct CpAsync {
  std::byte* to;
  const std::byte* from;
  uint8_t bytes, valid;
  bool done;
};

struct BulkStore {
  std::function<void()> run;
  const std::byte* smem;
  size_t bytes;
};

struct WarpGroup {
  uint32_t mask = 0, arrived = 0;
  WarpOp op{};
  Site at;
  void* operand[32];
};

/// One warp-wide access in the making: the lanes that made it so far.
struct Request {
  uint32_t lanes = 0;
  const std::byte* address[32];
};
/// What a warp does at one place in the source since it last synchronised: the n-th time of each lane is one request.
struct RequestLine {
  const void* key;
  int line;
  uint32_t bytes;
  bool shared;
  uint64_t counted = 0;  ///< requests that are no longer in `open`
  uint64_t times[32] = {};
  std::deque<Request> open;
};

struct Warp {
  uint32_t lanes = 0, exited = 0;  ///< lanes that exist; that have returned
  Fiber* fiber[32] = {};
  std::vector<WarpGroup> groups;
  std::vector<RequestLine> requests;
};

struct NamedBarrier {
  int expected = 0, arrived = 0;
  std::vector<Fiber*> waiting, came;
  Site first;
};

struct SharedArray {
  const void* key;
  const char* name;
  std::byte* data;
  size_t bytes;
};

struct MbarState {
  Mbar* address = nullptr;
  int count = 0, pending = 0;
  int64_t bytes = 0;  ///< expected minus arrived
  uint64_t phase = 0;
  const Fiber* maker = nullptr;  ///< who initialised it, until its fence tells TMA and the cluster
  std::vector<Fiber*> waiting;
  race::Sync released, passed;
};

struct PendingWgmma;

/// A warpgroup: four warps whose wgmma calls go together.
struct WarpGroup4 {
  uint32_t arrived = 0;  ///< threads
  int first = 0;         ///< the one that came first
  Site at;
  std::vector<Fiber*> waiting;
  Wgmma operand[128];
  std::deque<std::shared_ptr<PendingWgmma>> queue;  ///< issued, not yet computed, in order
};

/// What one thread knows of its products.
struct WgmmaThread {
  uint64_t fences = 0, fences_at_issue = 0, fences_at_commit = 0;
  std::vector<std::shared_ptr<PendingWgmma>> open;
  std::deque<std::vector<std::shared_ptr<PendingWgmma>>> groups;
  std::vector<std::pair<const float*, std::vector<float>>> left;  ///< accumulators as the last product left them
};

struct Fiber : Thread {
  WgmmaThread wgmma;
  Context context;
  Stack stack;
  Block* block = nullptr;
  Warp* warp = nullptr;
  uint32_t bit = 0;  ///< number in the set's ready bitmap
  int lane = 0;
  bool started = false, traced = false;
  bool early = false;  ///< Launch::early and griddep_wait() not yet called: the kernel before may still run
  Wait wait = Wait::kNothing;
  uint32_t wait_arg = 0;  ///< barrier id, mask or parity
  const void* wait_object = nullptr;
  Site at;
  uint32_t accesses = 0;
  std::vector<CpAsync> open_copies;              ///< not yet committed
  std::deque<std::vector<CpAsync>> copy_groups;  ///< committed, oldest first
  std::vector<BulkStore> open_stores;            ///< TMA stores
  std::deque<std::vector<BulkStore>> store_groups;
  race::Clock clock;
};

struct Block {
  Index idx{};
  uint64_t linear = 0;
  uint32_t slot = 0, rank = 0;
  int threads = 0, exited = 0, arrived = 0;
  int votes = 0, result = 0;
  Site barrier_at, exit_at;
  std::byte* arena = nullptr;
  std::byte* dynamic = nullptr;
  size_t used = 0, static_bytes = 0;
  std::vector<SharedArray> arrays;
  std::vector<Warp> warps;
  std::vector<Fiber*> fibers;
  std::vector<std::unique_ptr<WarpGroup4>> warpgroups;
  NamedBarrier named[16];
  std::vector<std::unique_ptr<MbarState>> mbars;
  uint32_t proxy_fences = 0;
  std::vector<std::byte> async_view;        ///< shared memory as the async proxy last saw it
  std::vector<uint32_t> async_view_fences;  ///< per 16 bytes: proxy_fences then
};

struct AsyncEvent {
  std::function<void()> run;
};

/// One launch.
struct Run {
  Launch config;
  std::function<void()> body;
  uint64_t id = 0;
  std::string error;  ///< of the first thread that failed
  Index grid{}, block_dim{};
  int threads = 0;
};

/// Blocks that run together.
struct Set {
  std::vector<std::unique_ptr<Block>> blocks;
  std::vector<uint64_t> ready;  ///< bit per fiber: can run and does not
  uint32_t ready_count = 0, alive = 0, position = 0;
  uint32_t fibers = 0;
  std::vector<uint32_t> warp_order;  ///< kAhead, kPriorities: numbers of half-words of `ready`
  uint64_t idle_switches = 0;        ///< since a barrier completed, a thread ended or an event happened
  std::vector<AsyncEvent> events;
  int grid_arrived = 0;
  Site grid_at;
};

extern Run* g_run;
extern Set g_set;
inline Fiber* current() { return static_cast<Fiber*>(g_self); }

class Random {
 public:
  explicit Random(uint64_t seed = 1) { reset(seed); }
  void reset(uint64_t seed) { s_ = seed * 0x9e3779b97f4a7c15ull + 0x1234567ull; }
  uint64_t next() {
    s_ ^= s_ >> 12;
    s_ ^= s_ << 25;
    s_ ^= s_ >> 27;
    return s_ * 0x2545f4914f6cdd1dull;
  }
  uint32_t below(uint32_t n) { return uint32_t(((next() >> 32) * n) >> 32); }
  bool one_in(uint32_t n) { return below(n) == 0; }

 private:
  uint64_t s_ = 1;
};
extern Random g_random;
extern Counters g_counters;

// Scheduler.
void run_kernel(Run& run);            ///< the whole grid; leaves run.error empty or says what went wrong
void block_current(Wait w, Site at);  ///< until make_ready()
void make_ready(Fiber* f);
void make_block_ready(Block& b);  ///< all threads but the current one
void yield_current(Site at);
bool late();  ///< coin flip of Options::async
void add_event(std::function<void()> run);
inline void progress() { g_set.idle_switches = 0; }
/// Ends the launch: "kernel K, block (x,y,z), thread (x,y,z): message, at file:line".
[[noreturn]] void fail_thread(const std::string& message, Site at);
/// The same for an error that belongs to no thread.
[[noreturn]] void fail_run(const std::string& message);
std::string where(const Fiber& f);
std::string str(const Site& s);
/// File and line of an instruction, line 0 if that is not known; and in words (symbol.cpp).
Site source_of(const void* pc);
std::string str_of_address(const void* pc);
constexpr int kPlainAccess = -1;  ///< Site::line of an access that the compiler instrumented; file is its address
std::string waits_dump();

void abandon();                                ///< leaves the current fiber and all others for good
void thread_exits(Fiber& f);                   ///< errors of a thread that returns (barrier.cpp)
void thread_ends_async(Fiber& f);              ///< its copies and products (cp_async.cpp) ...
void finish_stores(Fiber& f, size_t pending);  ///< ... TMA stores (tma.cpp)
void wgmma_thread_ends(Fiber& f);              ///< ... and wgmma (wgmma.cpp)
void install_signal_handlers(bool on);
bool on_kernel_thread();  ///< the caller is the OS thread that runs kernels now
int resident_blocks(int block, size_t smem);

// Trace.
void note(Fiber& f, const std::string& what, Site at);
bool trace_wanted(const Run& run, uint64_t block, int thread);

// Memory (memory.cpp).
enum class Space : uint8_t { kNone, kGlobal, kShared };
struct Place {
  Space space = Space::kNone;
  std::string name;              ///< "buffer 'weights'", "shared array 'tile'"
  size_t offset = 0, bytes = 0;  ///< of the address; of the object
};
Space space_of(const void* p);
Place place_of(const void* p);
std::string describe(const void* p);
/// Error unless [p, p + bytes) lies in one buffer or array and p is aligned.
void check_access(const void* p, size_t bytes, size_t align, const char* what, Site at);
/// Error if p is device memory, for a thread that has not called griddep_wait().
void check_early(const void* p, const char* what, Site at);
void check_shared(const void* p, size_t bytes, size_t align, const char* what, Site at);
void check_global(const void* p, size_t bytes, size_t align, const char* what, Site at);
void open_arena(Block& b, size_t dynamic_bytes);
/// Red zones of the block's shared memory and of all device buffers (mended then); empty, or what was overwritten.
std::string check_zones(Block& b);
std::string check_heap_zones();
/// Red zone of shared memory at arena offset etc.
size_t arena_bytes();

// Counters (counters.cpp): addresses of one warp-wide request.
/// From now on host code that touches device memory ends the program with one line.
void report_host_faults();
void count_request(const Fiber& f, const void* p, size_t bytes, Site at);
void count_matrix(const void* const* rows, int n);
void count_row(const void* p, size_t bytes);  ///< of a TMA box, in global memory
void flush_requests(Warp& w);

}  // namespace gpu::emu
