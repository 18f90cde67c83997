// Shadow memory of the race detector: for every two bytes the last write and two reads, for every byte whether it holds
// a value and whether an asynchronous copy is on its way there. Paper: none.
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "emulator/memory.hpp"
#include "emulator/state.hpp"

namespace gpu::emu::race {

void clear_atomics();
void atomic_sync(Fiber& f, const void* p);

bool g_instrumented = false;  // set by __tsan_init of any instrumented object

namespace {

// An access: who, when, how. Launch numbers wrap; the shadow is wiped when they do.
struct Access {
  uint64_t launch : 12, block : 20, thread : 10, time : 17, atomic : 1, async : 1, mask : 2, valid : 1;
};
static_assert(sizeof(Access) == 8);

/// Accesses and where in the source they stand (numbers of g_sites).
struct Cell {
  Access write, read[2];
  uint32_t write_at, read_at[2];
};

/// Places in the source by number: four bytes in the shadow instead of twelve.
class Sites {
 public:
  uint32_t number(Site s) {
    const size_t hash = (reinterpret_cast<uintptr_t>(s.file) >> 1) * 31 + size_t(s.line);
    uint32_t& cached = recent_[hash % std::size(recent_)];
    if (cached < all_.size() && same(all_[cached], s)) return cached;
    const auto [i, fresh] = numbers_.try_emplace({s.file, s.line}, uint32_t(all_.size()));
    if (fresh) all_.push_back(s);
    return cached = i->second;
  }
  Site operator[](uint32_t n) const { return n < all_.size() ? all_[n] : Site{}; }

 private:
  static bool same(const Site& a, const Site& b) { return a.file == b.file && a.line == b.line; }
  std::vector<Site> all_;
  std::map<std::pair<const char*, int>, uint32_t> numbers_;
  uint32_t recent_[1024] = {};
};
Sites g_sites;

enum Byte : uint8_t { kWritten = 1, kInFlight = 2 };

struct Shadow {
  Cell* cells = nullptr;
  uint8_t* bytes = nullptr;
  size_t cell_bytes = 0;
  uint64_t launch = 0;
};
Shadow g_shadow;

Shadow& shadow() {
  if (g_shadow.cells) return g_shadow;
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  g_shadow.cell_bytes = range_bytes() / 2 * sizeof(Cell);
  void* c = mmap(nullptr, g_shadow.cell_bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
  void* b = mmap(nullptr, range_bytes(), PROT_READ | PROT_WRITE, flags, -1, 0);
  if (c == MAP_FAILED || b == MAP_FAILED)
    r1::fail("race detector: cannot reserve ", g_shadow.cell_bytes >> 30, " GiB of addresses (ulimit -v?)");
  g_shadow.cells = static_cast<Cell*>(c);
  g_shadow.bytes = static_cast<uint8_t*>(b);
  return g_shadow;
}

uint8_t* state_of(const void* p) { return shadow().bytes + (static_cast<const std::byte*>(p) - range_base()); }

bool knows(const Times& t, const Access& a) { return t && a.thread < t->size() && (*t)[a.thread] >= a.time; }

/// The earlier access happened before the present one of f, or can have no conflict with it.
bool ordered(const Fiber& f, const Access& a, bool shared) {
  if (!a.valid || a.launch != (g_shadow.launch & 0xfff)) return true;
  if (a.block == (f.block->linear & 0xfffff)) return a.thread == uint32_t(f.tid) || knows(f.clock.own, a);
  // An earlier block, or cluster, had the same shared memory.
  const uint64_t cluster = std::max(1u, g_run->config.cluster);
  if (shared && a.block / cluster != (f.block->linear & 0xfffff) / cluster) return true;
  if (!f.clock.others) return false;
  for (const auto& [block, t] : *f.clock.others)
    if ((block & 0xfffff) == a.block) return knows(t, a);
  return false;
}

std::string who(const Access& a) {
  const Run& r = *g_run;
  const uint32_t t = a.thread;
  return r1::cat("block ", uint64_t(a.block), ", thread (", t % r.block_dim.x, ",", t / r.block_dim.x % r.block_dim.y,
                 ",", t / (r.block_dim.x * r.block_dim.y), ")");
}

[[noreturn]] void report(const void* p, const Access& before, uint32_t before_at, bool earlier_wrote, const Access& now,
                         bool writes, Site at) {
  fail_thread(
      r1::cat("race on ", describe(p), ": ",
              now.atomic ? "atomic access"
              : writes   ? "write"
                         : "read",
              " here and ",
              before.atomic   ? "atomic access"
              : earlier_wrote ? "write"
                              : "read",
              " by ", who(before), " at ", str(g_sites[before_at]), " with nothing between them that orders the two"),
      at);
}

void remember_read(const Fiber& f, Cell& c, const Access& now, uint32_t site, bool shared) {
  int slot = now.thread & 1;
  for (int i = 0; i < 2; ++i) {
    const Access& r = c.read[i];
    if (r.valid && !(r.thread == now.thread && r.block == now.block && r.launch == now.launch) &&
        !ordered(f, r, shared))
      continue;
    slot = i;
    break;
  }
  c.read[slot] = now;
  c.read_at[slot] = site;
}

void check_cell(const Fiber& f, Cell& c, const void* p, const Access& now, uint32_t site, bool writes, bool shared,
                Site at) {
  const auto conflict = [&](const Access& a) {
    return (a.mask & now.mask) && !(a.atomic && now.atomic) && !ordered(f, a, shared);
  };
  if (conflict(c.write)) report(p, c.write, c.write_at, true, now, writes, at);
  if (!writes) return remember_read(f, c, now, site, shared);
  for (int i = 0; i < 2; ++i)
    if (conflict(c.read[i])) report(p, c.read[i], c.read_at[i], false, now, writes, at);
  c.write = now;
  c.write_at = site;
  c.read[0] = c.read[1] = Access{};
}

void check_cells(Fiber& f, const void* p, size_t bytes, bool writes, bool atomic, bool async, Site at) {
  ++g_counters.race_checks;
  Shadow& s = shadow();
  const auto first = size_t(static_cast<const std::byte*>(p) - range_base()), end = first + bytes;
  const bool shared = space_of(p) == Space::kShared;
  Access now{};
  now.launch = s.launch & 0xfff;
  now.block = f.block->linear & 0xfffff;
  now.thread = uint32_t(f.tid);
  now.time = f.clock.time < (1u << 17) ? f.clock.time : (1u << 17) - 1;
  now.atomic = atomic;
  now.async = async;
  now.valid = 1;
  const uint32_t site = g_sites.number(at);
  for (size_t c = first / 2; c < (end + 1) / 2; ++c) {
    now.mask = (2 * c >= first ? 1u : 0u) | (2 * c + 1 < end ? 2u : 0u);
    check_cell(f, s.cells[c], range_base() + 2 * c, now, site, writes, shared, at);
  }
}

void check_bytes(const void* p, size_t bytes, bool writes, Site at) {
  uint8_t* state = state_of(p);
  const bool shared = space_of(p) == Space::kShared;
  const bool wants = shared ? options().check_unwritten_shared : options().check_unwritten_global;
  for (size_t i = 0; i < bytes; ++i) {
    if (state[i] & kInFlight)
      fail_thread(r1::cat(writes ? "write to " : "read of ", describe(static_cast<const std::byte*>(p) + i),
                          " while an asynchronous copy to it is under way: its wait is missing or counts wrongly"),
                  at);
    if (writes)
      state[i] |= kWritten;
    else if (!(state[i] & kWritten) && wants)
      fail_thread(r1::cat("read of unwritten ", shared ? "shared" : "device",
                          " memory: ", describe(static_cast<const std::byte*>(p) + i)),
                  at);
  }
}

}  // namespace

bool enabled() { return g_instrumented; }

void begin_launch(uint64_t id) {
  if (!enabled()) return;
  Shadow& s = shadow();
  s.launch = id;
  if ((id & 0xfff) == 0) madvise(s.cells, s.cell_bytes, MADV_DONTNEED);
  clear_atomics();
}

void read(Fiber& f, const void* p, size_t bytes, Site at) {
  check_bytes(p, bytes, false, at);
  check_cells(f, p, bytes, false, false, false, at);
}

void write(Fiber& f, const void* p, size_t bytes, Site at) {
  check_bytes(p, bytes, true, at);
  check_cells(f, p, bytes, true, false, false, at);
}

void on_atomic(Fiber& f, const void* p, size_t bytes, bool writes, Site at) {
  atomic_sync(f, p);
  check_bytes(p, bytes, false, at);
  check_cells(f, p, bytes, writes, true, false, at);
}

void async_read(Fiber& f, const void* p, size_t bytes, Site at) {
  check_bytes(p, bytes, false, at);
  const auto first = size_t(static_cast<const std::byte*>(p) - range_base());
  for (size_t c = first / 2; c < (first + bytes) / 2; ++c) {
    const Access& w = shadow().cells[c].write;
    if (!w.valid || w.async || w.launch != (g_shadow.launch & 0xfff) || w.block != (f.block->linear & 0xfffff))
      continue;
    const Fiber& writer = *f.block->fibers[w.thread];
    if (w.time > writer.clock.proxy_time)
      fail_thread(r1::cat("missing fence_proxy_async: ", describe(range_base() + 2 * c), " was written by ", who(w),
                          ", which has not called it since, and TMA or wgmma reads it"),
                  at);
  }
  check_cells(f, p, bytes, false, false, true, at);
}

void in_flight(Fiber& f, const void* p, size_t bytes, bool bulk, Site at) {
  check_bytes(p, bytes, true, at);
  check_cells(f, p, bytes, true, false, bulk, at);
  uint8_t* state = state_of(p);
  for (size_t i = 0; i < bytes; ++i) state[i] |= kInFlight;
}

void landed(const void* p, size_t bytes) {
  uint8_t* state = state_of(p);
  for (size_t i = 0; i < bytes; ++i) state[i] &= uint8_t(~kInFlight);
}

void set_written(const void* p, size_t bytes, bool written) { std::memset(state_of(p), written ? kWritten : 0, bytes); }

}  // namespace gpu::emu::race

namespace gpu::emu {
bool race_build() { return race::enabled(); }
void use_race_detector(bool on) { race::g_instrumented = on; }
}  // namespace gpu::emu
