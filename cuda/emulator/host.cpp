// Streams, events, copies: the host half of gpu.hpp in the emulator. Everything queued waits until someone must wait
// for it (the latest legal time), and then the streams' work is interleaved at random, so that a missing
// synchronisation gives wrong numbers here and not once a month on a GPU. Paper: none.
#include "gpu/host.hpp"

#include <cstring>
#include <map>
#include <mutex>

#include "emulator/memory.hpp"
#include "emulator/state.hpp"

namespace gpu {

namespace emu {
namespace {

struct Queue;
struct EventState {
  Queue* queue = nullptr;  ///< where it was last recorded
  uint64_t position = 0;   ///< done when the queue has passed it
  bool recorded = false;
};

struct Operation {
  std::function<void()> run;
  EventState wait_for;  ///< a copy of the event when the wait was queued
  bool waits = false;
};

struct Queue {
  std::deque<Operation> operations;
  uint64_t passed = 0, queued = 0;
  bool busy = false;  ///< on the way to a wait, to find waits in a circle
};

struct Host {
  std::recursive_mutex mutex;
  std::map<void*, std::unique_ptr<Queue>> streams;  // null: the default stream
  std::map<void*, std::unique_ptr<EventState>> events;
  Random random;
  uint64_t launches = 0, seed = 0;
  std::map<void*, std::unique_ptr<char[]>> pinned;
};

Host& host() {
  static Host h;
  return h;
}
using Lock = std::lock_guard<std::recursive_mutex>;

Queue& queue_of(Stream s) {
  auto& q = host().streams[s];
  if (!q) {
    if (s) r1::fail("stream ", s, " does not exist, or was destroyed");
    q = std::make_unique<Queue>();
  }
  return *q;
}

void drain(Queue& q, uint64_t until);

void run_one(Queue& q) {
  Operation op = std::move(q.operations.front());
  q.operations.pop_front();
  if (op.waits && op.wait_for.recorded) drain(*op.wait_for.queue, op.wait_for.position);
  ++q.passed;
  op.run();
}

/// Runs q up to a position; at times something of another stream comes first.
void drain(Queue& q, uint64_t until) {
  if (q.busy) return;
  const Visible visible;
  q.busy = true;
  while (q.passed < until && !q.operations.empty()) {
    if (host().streams.size() > 1 && host().random.one_in(3)) {
      auto other = host().streams.begin();
      std::advance(other, host().random.below(uint32_t(host().streams.size())));
      if (other->second && !other->second->busy && !other->second->operations.empty()) {
        other->second->busy = true;
        run_one(*other->second);
        other->second->busy = false;
        continue;
      }
    }
    run_one(q);
  }
  q.busy = false;
}

void push(Stream s, std::function<void()> run) {
  Queue& q = queue_of(s);
  q.operations.push_back({std::move(run), {}, false});
  ++q.queued;
}

void forget_work() {
  for (auto& [s, q] : host().streams) {
    if (!q) continue;
    q->operations.clear();
    q->passed = q->queued;
    q->busy = false;
  }
}

void execute(const Launch& c, const std::function<void()>& body) {
  Run run;
  run.config = c;
  run.body = body;
  run.id = ++host().launches;
  g_random.reset(options().seed * 1000003 + run.id);
  run_kernel(run);
  if (run.error.empty()) return;
  forget_work();
  throw r1::Error(r1::cat(run.error, " [GPU_EMU_SEED=", options().seed, "]"));
}

void check_copy(const void* p, size_t bytes, bool device, const char* which, Copy direction) {
  static const char* const names[] = {"host to device", "device to host", "on the device"};
  const char* name = names[int(direction)];
  if (bytes == 0) return;
  const bool is_device = space_of(p) == Space::kGlobal;
  if (is_device != device)
    r1::fail("copy of ", bytes, " bytes ", name, ": ", which, " is ", describe(p), ", expected ",
             device ? "device" : "host", " memory");
  if (!device) return;
  const Place place = place_of(p);
  if (place.bytes == 0 || place.offset + bytes > place.bytes)
    r1::fail("copy of ", bytes, " bytes ", name, ": ", which, " ends outside: it starts at ", describe(p));
}

void check_copy(void* dst, const void* src, size_t bytes, Copy direction) {
  check_copy(dst, bytes, direction != Copy::kToHost, "destination", direction);
  check_copy(src, bytes, direction != Copy::kToDevice, "source", direction);
}

void move(void* dst, const void* src, size_t bytes, Copy direction) {
  check_copy(dst, src, bytes, direction);  // again: a buffer may have been freed meanwhile
  std::memmove(dst, src, bytes);
  if (direction != Copy::kToHost && race::enabled()) race::set_written(dst, bytes, true);
}

}  // namespace

void queue_kernel(const Launch& c, std::function<void()> body) {
  const Lock lock(host().mutex);
  const auto bad = [&](const auto&... m) {
    r1::fail("launch of kernel '", c.name, "', grid (", c.grid.x, ",", c.grid.y, ",", c.grid.z, "), block (", c.block.x,
             ",", c.block.y, ",", c.block.z, "), ", c.smem, " bytes of shared memory: ", m...);
  };
  if (device_count() == 0) bad(no_device_reason());
  const uint64_t threads = uint64_t(c.block.x) * c.block.y * c.block.z;
  if (threads < 1 || threads > 1024 || c.block.z > 64) bad(threads, " threads, expected 1..1024 (z at most 64)");
  if (c.grid.x < 1 || c.grid.y < 1 || c.grid.z < 1) bad("an empty grid, expected at least one block");
  if (c.grid.x > 0x7fffffffu || c.grid.y > 65535 || c.grid.z > 65535) bad("grid y and z are at most 65535");
  if (c.smem > max_smem()) bad("expected at most ", max_smem(), " bytes of shared memory");
  const uint64_t blocks = uint64_t(c.grid.x) * c.grid.y * c.grid.z;
  const auto fit = uint64_t(resident_blocks(int(threads), c.smem)) * uint64_t(options().multiprocessors);
  if (c.cooperative && blocks > fit)
    bad(blocks, " blocks in a cooperative launch, expected at most the ", fit, " that fit");
  if (c.cluster < 1 || c.cluster > 8 || c.grid.x % c.cluster)
    bad("cluster of ", c.cluster, ", expected 1..8, dividing grid.x");
  push(c.stream, [c, body = std::move(body)] { execute(c, body); });
}

int resident_blocks(int block, size_t smem) {
  const int by_threads = 2048 / std::max(32, (block + 31) / 32 * 32);
  const auto by_smem = int((max_smem() + 1024) / (smem + 1024));
  return std::min({by_threads, by_smem, 32});
}

void queue_work(Stream s, std::function<void()> run) {
  const Lock lock(host().mutex);
  push(s, std::move(run));
}

void reset_device() {
  const Lock lock(host().mutex);
  forget_work();
  release_all();
  host().events.clear();
  host().streams.clear();
  host().pinned.clear();
  trace_thread("", -1, -1, nullptr);
}

}  // namespace emu

using emu::host;
using emu::Lock;

std::string no_device_reason() {
  constexpr int kRuntime = 12080;
  const emu::Options& o = emu::options();
  const auto version = [](int v) { return r1::cat(v / 1000, ".", v % 1000 / 10); };
  if (o.driver_version != 0 && o.driver_version < kRuntime)
    return r1::cat("driver is for CUDA ", version(o.driver_version), ", this program needs ", version(kRuntime),
                   ": install a newer driver");
  return o.devices == 0 ? "no CUDA device" : "";
}
int device_count() { return no_device_reason().empty() ? emu::options().devices : 0; }
int current_device() { return 0; }
void set_device(int device) {
  if (device_count() == 0) r1::fail("device ", device, ": ", no_device_reason());
  if (device != 0) r1::fail("device ", device, " does not exist, expected 0 (the emulator)");
}

const DeviceInfo& device_info(int device) {
  set_device(device);
  static DeviceInfo d;
  const emu::Options& o = emu::options();
  d.name = "emulated GPU";
  d.major = o.major;
  d.minor = o.minor;
  d.multiprocessors = o.multiprocessors;
  d.memory_bytes = o.memory_bytes;
  d.l2_bytes = size_t(4) << 20;
  d.smem_per_block = emu::max_smem();
  d.smem_per_multiprocessor = emu::max_smem() + 1024;
  d.threads_per_multiprocessor = 2048;
  d.cooperative = d.emulated = true;
  d.driver_version = o.driver_version;
  return d;
}
size_t free_memory() { return emu::options().memory_bytes - emu::memory_in_use(); }

void* malloc_device(size_t bytes, const char* what) {
  if (device_count() == 0) r1::fail("malloc_device of ", bytes, " bytes for ", what, ": ", no_device_reason());
  const Lock lock(host().mutex);
  return emu::allocate(bytes, what);
}
void free_device(void* p) {
  const Lock lock(host().mutex);
  if (p) sync_device();  // as cudaFree does
  emu::release(p);
}
void* malloc_pinned(size_t bytes, const char*) {
  const Lock lock(host().mutex);
  auto p = std::make_unique<char[]>(bytes ? bytes : 1);
  void* raw = p.get();
  host().pinned[raw] = std::move(p);
  return raw;
}
void free_pinned(void* p) {
  const Lock lock(host().mutex);
  if (p && host().pinned.erase(p) == 0) r1::fail("free_pinned(", p, "): not from malloc_pinned");
}

void copy(void* dst, const void* src, size_t bytes, Copy direction) {
  const Lock lock(host().mutex);
  emu::check_copy(dst, src, bytes, direction);
  sync_stream(nullptr);  // other streams are not waited for: they do not block the default one
  const emu::Visible visible;
  emu::move(dst, src, bytes, direction);
}
void copy_async(void* dst, const void* src, size_t bytes, Copy direction, Stream s) {
  const Lock lock(host().mutex);
  emu::check_copy(dst, src, bytes, direction);
  emu::push(s, [=] { emu::move(dst, src, bytes, direction); });
}
void fill_async(void* p, int byte, size_t bytes, Stream s) {
  const Lock lock(host().mutex);
  emu::check_copy(p, bytes, true, "fill", Copy::kOnDevice);
  emu::push(s, [=] {
    emu::check_copy(p, bytes, true, "fill", Copy::kOnDevice);
    if (bytes) std::memset(p, byte, bytes);
    if (emu::race::enabled()) emu::race::set_written(p, bytes, true);
  });
}

Stream create_stream() {
  const Lock lock(host().mutex);
  auto q = std::make_unique<emu::Queue>();
  Stream s = q.get();
  host().streams[s] = std::move(q);
  return s;
}
void destroy_stream(Stream s) {
  const Lock lock(host().mutex);
  if (!s) r1::fail("destroy_stream of the default stream");
  emu::queue_of(s);
  sync_stream(s);  // queued work still runs, as in CUDA
  host().streams.erase(s);
}
void sync_stream(Stream s) {
  const Lock lock(host().mutex);
  emu::Queue& q = emu::queue_of(s);
  emu::drain(q, q.queued);
}
void sync_device() {
  const Lock lock(host().mutex);
  for (bool more = true; more;) {
    more = false;
    for (auto& [s, q] : host().streams) {
      if (!q || q->operations.empty()) continue;
      more = true;
      emu::drain(*q, q->queued);
      break;
    }
  }
}

namespace {
emu::EventState& event_of(Event e) {
  const auto i = host().events.find(e);
  if (i == host().events.end()) r1::fail("event ", e, " does not exist, or was destroyed");
  return *i->second;
}
}  // namespace

Event create_event() {
  const Lock lock(host().mutex);
  auto e = std::make_unique<emu::EventState>();
  Event key = e.get();
  host().events[key] = std::move(e);
  return key;
}
void destroy_event(Event e) {
  const Lock lock(host().mutex);
  event_of(e);
  host().events.erase(e);
}
void record_event(Event e, Stream s) {
  const Lock lock(host().mutex);
  emu::EventState& state = event_of(e);
  emu::push(s, [] {});
  state.queue = &emu::queue_of(s);
  state.position = state.queue->queued;
  state.recorded = true;
}
void wait_event(Stream s, Event e) {
  const Lock lock(host().mutex);
  emu::Queue& q = emu::queue_of(s);
  q.operations.push_back({[] {}, event_of(e), true});
  ++q.queued;
}
void sync_event(Event e) {
  const Lock lock(host().mutex);
  const emu::EventState state = event_of(e);
  if (state.recorded) emu::drain(*state.queue, state.position);
}
bool event_done(Event e) {
  const Lock lock(host().mutex);
  const emu::EventState state = event_of(e);
  if (!state.recorded || state.queue->passed >= state.position) return true;
  if (!host().random.one_in(4)) return false;
  emu::drain(*state.queue, state.position);  // a loop that polls comes to an end
  return true;
}
float elapsed_ms(Event begin, Event end) {
  const Lock lock(host().mutex);
  for (const Event e : {begin, end}) {
    const emu::EventState& s = event_of(e);
    if (!s.recorded || s.queue->passed < s.position) r1::fail("elapsed_ms of an event that is not recorded and done");
  }
  return 0;  // no time passes in the emulator
}

void check_launch(const char*) {}  // launches report by themselves

}  // namespace gpu
