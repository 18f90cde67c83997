// Runs a grid: blocks in random order, the threads of the blocks that run together as fibers, one at a time, each until
// it waits. Which goes next is the schedule: a function of the seed alone. Paper: none.
#include <algorithm>
#include <bit>
#include <numeric>

#include "emulator/state.hpp"

namespace gpu::emu {

Thread* g_self = nullptr;
Run* g_run = nullptr;
Set g_set;
Random g_random;
Counters g_counters;

namespace {

Context g_main;
std::vector<std::unique_ptr<Fiber>> g_fibers;  // pooled; number = bit
std::vector<std::unique_ptr<Block>> g_blocks;
uint32_t g_change_points = 0;

void finish_current();

void fiber_main() {
  entered();
  for (;;) {
    try {
      g_run->body();
    } catch (const std::exception& e) {
      fail_thread(r1::cat("the kernel threw a C++ exception, which no GPU can: ", e.what()), current()->at);
    }
    finish_current();
  }
}

bool is_ready(uint32_t bit) { return (g_set.ready[bit / 64] >> (bit % 64)) & 1; }

/// First ready bit at or after `from`, going round; there is one.
uint32_t next_ready(uint32_t from) {
  const auto words = uint32_t(g_set.ready.size());
  uint32_t w = from / 64;
  uint64_t x = g_set.ready[w] & (~uint64_t(0) << (from % 64));
  while (x == 0) {
    w = w + 1 == words ? 0 : w + 1;
    x = g_set.ready[w];
  }
  return w * 64 + uint32_t(std::countr_zero(x));
}

uint32_t last_ready() {
  auto w = uint32_t(g_set.ready.size()) - 1;
  while (g_set.ready[w] == 0) --w;
  return w * 64 + 63 - uint32_t(std::countl_zero(g_set.ready[w]));
}

/// The first ready lane of the warp that stands highest in the order of warps.
uint32_t by_warp_order() {
  if (options().schedule == Schedule::kPriorities && g_change_points > 0 && g_random.one_in(64)) {
    --g_change_points;
    const uint32_t i = g_random.below(uint32_t(g_set.warp_order.size()));
    std::rotate(g_set.warp_order.begin() + i, g_set.warp_order.begin() + i + 1, g_set.warp_order.end());
  }
  for (const uint32_t w : g_set.warp_order) {
    const auto lanes = uint32_t(g_set.ready[w / 2] >> (w % 2 * 32));
    if (lanes) return w * 32 + uint32_t(std::countr_zero(lanes));
  }
  return next_ready(0);
}

uint32_t choose() {
  // Every resident thread gets its turn some time, as on a GPU: one that spins at the highest priority must not starve
  // the thread that it waits for.
  if (g_set.idle_switches > 256) return next_ready(g_random.below(g_set.fibers));
  switch (options().schedule) {
    case Schedule::kInOrder:
      return next_ready(0);
    case Schedule::kReverse:
      return last_ready();
    case Schedule::kLockstep:
      return next_ready(g_set.position + 1 < g_set.fibers ? g_set.position + 1 : 0);
    case Schedule::kAhead:
    case Schedule::kPriorities:
      return by_warp_order();
    case Schedule::kRandom:
      break;
  }
  return next_ready(g_random.below(g_set.fibers));
}

void run_event() {
  const size_t i = options().async == Async::kRandom ? g_random.below(uint32_t(g_set.events.size())) : 0;
  AsyncEvent e = std::move(g_set.events[i]);
  g_set.events.erase(g_set.events.begin() + ptrdiff_t(i));
  e.run();
  progress();
}

/// The fiber to run next, its ready bit taken; null if none can.
Fiber* pick() {
  if (!g_set.events.empty() && options().async != Async::kLate && g_random.one_in(16)) run_event();
  while (g_set.ready_count == 0) {
    if (g_set.events.empty()) return nullptr;
    run_event();
  }
  const uint32_t bit = choose();
  g_set.position = bit;
  g_set.ready[bit / 64] &= ~(uint64_t(1) << (bit % 64));
  --g_set.ready_count;
  return g_fibers[bit].get();
}

void resume(Context& from, Fiber* f) {
  ++g_counters.switches;
  g_self = f;
  switch_to(from, f->context);
}

/// Leaves the current fiber; comes back when it is picked again.
void leave() {
  Fiber* self = current();
  if (++g_set.idle_switches > options().spin_limit)
    fail_run(r1::cat("no progress after ", options().spin_limit,
                     " switches: threads spin on something that never comes; ", waits_dump()));
  Fiber* f = pick();
  if (!f) fail_run(r1::cat("deadlock, nothing can run: ", waits_dump()));
  if (f == self) return;
  resume(self->context, f);
}

void finish_current() {
  Fiber* f = current();
  Block& b = *f->block;
  thread_exits(*f);
  f->wait = Wait::kDone;
  ++b.exited;
  b.exit_at = f->at;
  f->warp->exited |= 1u << f->lane;
  --g_set.alive;
  progress();
  if (g_set.alive == 0) {
    g_self = nullptr;
    switch_to(f->context, g_main);
    return;  // the next grid that uses this fiber
  }
  Fiber* next = pick();
  if (!next) fail_run(r1::cat("deadlock, nothing can run: ", waits_dump()));
  resume(f->context, next);
}

}  // namespace

void make_ready(Fiber* f) {
  if (is_ready(f->bit)) return;
  g_set.ready[f->bit / 64] |= uint64_t(1) << (f->bit % 64);
  ++g_set.ready_count;
  f->wait = Wait::kNothing;
}

void make_block_ready(Block& b) {
  const Fiber* self = current();
  const uint32_t first = b.fibers[0]->bit, end = first + uint32_t(b.threads);
  for (uint32_t bit = first; bit < end; bit += 64) {
    const uint32_t n = std::min(64u, end - bit);
    uint64_t all = n == 64 ? ~uint64_t(0) : (uint64_t(1) << n) - 1;
    if (self && self->bit >= bit && self->bit < bit + 64) all &= ~(uint64_t(1) << (self->bit % 64));
    g_set.ready_count += uint32_t(std::popcount(all & ~g_set.ready[bit / 64]));
    g_set.ready[bit / 64] |= all;
  }
}

void block_current(Wait w, Site at) {
  Fiber* f = current();
  f->wait = w;
  f->at = at;
  leave();
  f->wait = Wait::kNothing;
}

void yield_current(Site at) {
  Fiber* f = current();
  f->at = at;
  make_ready(f);
  leave();
}

bool late() {
  if (options().async != Async::kRandom) return options().async == Async::kLate;
  return g_random.one_in(2);
}

void add_event(std::function<void()> run) {
  if (options().async == Async::kEarly) return run();
  g_set.events.push_back({std::move(run)});
}

void abandon() {
  for (auto& f : g_fibers) f->started = false;
  Fiber* f = current();
  static Context nowhere;
  g_self = nullptr;
  switch_to(f ? f->context : nowhere, g_main);
  __builtin_trap();
}

void fail_run(const std::string& message) {
  if (g_run->error.empty()) g_run->error = r1::cat("kernel '", g_run->config.name, "': ", message);
  abandon();
  __builtin_unreachable();
}

void fail_thread(const std::string& message, Site at) {
  if (g_run->error.empty())
    g_run->error = r1::cat("kernel '", g_run->config.name, "', ", where(*current()), ": ", message, ", at ", str(at));
  abandon();
  __builtin_unreachable();
}

namespace {

void place_fiber(Block& b, int tid, uint32_t bit) {
  while (g_fibers.size() <= bit) g_fibers.push_back(std::make_unique<Fiber>());
  Fiber& f = *g_fibers[bit];
  if (!f.started) {
    f.stack = pooled_stack(bit);
    scrub(f.stack);  // of what an abandoned launch left there
    prepare(f.context, f.stack, bit, fiber_main);
    f.started = true;
  }
  const Run& r = *g_run;
  const auto t = uint32_t(tid);
  f.thread_idx = {t % r.block_dim.x, t / r.block_dim.x % r.block_dim.y, t / (r.block_dim.x * r.block_dim.y)};
  f.block_idx = b.idx;
  f.block_dim = r.block_dim;
  f.grid_dim = r.grid;
  f.tid = tid;
  f.block_size = r.threads;
  f.block = &b;
  f.warp = &b.warps[t / 32];
  f.lane = int(t % 32);
  f.warp->lanes |= 1u << f.lane;
  f.warp->fiber[f.lane] = &f;
  f.bit = bit;
  f.wait = Wait::kNothing;
  f.at = {"the start", 0};
  f.traced = trace_wanted(r, b.linear, tid);
  f.early = r.config.early;
  f.accesses = 0;
  f.open_copies.clear();
  f.copy_groups.clear();
  f.wgmma = {};
  f.open_stores.clear();
  f.store_groups.clear();
  b.fibers.push_back(&f);
  race::begin_thread(f);
}

void place_block(uint64_t linear, uint32_t slot, uint32_t first_bit) {
  while (g_blocks.size() <= slot) g_blocks.push_back(nullptr);
  auto block = std::make_unique<Block>();
  Block& b = *block;
  const Run& r = *g_run;
  b.linear = linear;
  b.idx = {uint32_t(linear % r.grid.x), uint32_t(linear / r.grid.x % r.grid.y),
           uint32_t(linear / (uint64_t(r.grid.x) * r.grid.y))};
  b.slot = slot;
  b.rank = b.idx.x % std::max(1u, r.config.cluster);
  b.threads = r.threads;
  b.warps.resize(size_t(r.threads + 31) / 32);
  b.fibers.reserve(size_t(r.threads));
  g_set.blocks.push_back(std::move(block));
  open_arena(b, r.config.smem);
  for (int t = 0; t < r.threads; ++t) place_fiber(b, t, first_bit + uint32_t(t));
}

void order_warps() {
  g_set.warp_order.resize(g_set.ready.size() * 2);
  std::iota(g_set.warp_order.begin(), g_set.warp_order.end(), 0u);
  const auto n = uint32_t(g_set.warp_order.size());
  if (options().schedule == Schedule::kAhead)
    std::rotate(g_set.warp_order.begin(), g_set.warp_order.begin() + g_random.below(n), g_set.warp_order.end());
  else
    for (uint32_t i = n; i > 1; --i) std::swap(g_set.warp_order[i - 1], g_set.warp_order[g_random.below(i)]);
  g_change_points = 4;
}

/// Runs the blocks of `numbers` together to their end.
void run_set(const std::vector<uint64_t>& numbers) {
  g_set = Set{};
  const uint32_t stride = (uint32_t(g_run->threads) + 63) / 64 * 64;
  g_set.fibers = stride * uint32_t(numbers.size());
  g_set.ready.assign(g_set.fibers / 64, 0);
  for (size_t i = 0; i < numbers.size(); ++i) place_block(numbers[i], uint32_t(i), uint32_t(i) * stride);
  for (auto& b : g_set.blocks)
    for (Fiber* f : b->fibers) make_ready(f);
  g_set.alive = g_set.ready_count;
  order_warps();
  g_counters.blocks += numbers.size();
  adopt_this_thread(g_main);
  if (Fiber* f = pick()) resume(g_main, f);
  g_self = nullptr;
  while (g_run->error.empty() && !g_set.events.empty()) run_event();
  for (auto& b : g_set.blocks) {
    for (Warp& w : b->warps) flush_requests(w);
    if (g_run->error.empty()) g_run->error = check_zones(*b);
  }
}

/// Which blocks run together, in which order.
std::vector<std::vector<uint64_t>> plan(const Run& r) {
  const uint64_t n = uint64_t(r.grid.x) * r.grid.y * r.grid.z;
  uint64_t together = r.config.cooperative ? n : std::max<uint64_t>(1, r.config.cluster);
  const bool shuffled = options().schedule == Schedule::kRandom || options().schedule == Schedule::kPriorities;
  std::vector<std::vector<uint64_t>> sets;
  for (uint64_t i = 0; i < n; i += together) {
    sets.emplace_back();
    for (uint64_t j = i; j < std::min(n, i + together); ++j) sets.back().push_back(j);
  }
  if (options().schedule == Schedule::kReverse) std::reverse(sets.begin(), sets.end());
  if (!shuffled) return sets;
  for (size_t i = sets.size(); i > 1; --i) std::swap(sets[i - 1], sets[g_random.below(uint32_t(i))]);
  // Now and then two or three blocks share the device, as they do on a GPU.
  if (together == 1 && r.threads <= 512 && g_random.one_in(3)) {
    const size_t k = 2 + g_random.below(2);
    std::vector<std::vector<uint64_t>> merged;
    for (size_t i = 0; i < sets.size(); ++i) {
      if (i % k == 0) merged.emplace_back();
      merged.back().push_back(sets[i][0]);
    }
    return merged;
  }
  return sets;
}

}  // namespace

void run_kernel(Run& run) {
  const NoLeakCheck no_leak_check;
  g_run = &run;
  run.grid = {run.config.grid.x, run.config.grid.y, run.config.grid.z};
  run.block_dim = {run.config.block.x, run.config.block.y, run.config.block.z};
  run.threads = int(run.block_dim.x * run.block_dim.y * run.block_dim.z);
  ++g_counters.launches;
  race::begin_launch(run.id);
  install_signal_handlers(true);
  for (const auto& set : plan(run)) {
    run_set(set);
    if (!run.error.empty()) break;
  }
  install_signal_handlers(false);
  const std::string damage = check_heap_zones();  // mended, or the next launch would be blamed for it
  if (run.error.empty()) run.error = damage;
  g_set = Set{};
  g_run = nullptr;
}

}  // namespace gpu::emu
