// Barriers of a block, of some of its threads, of a cluster and of a grid, and what can be wrong with them: threads
// that wait in different places, that returned before, or whose number is not the announced one. Paper: none.
#include <algorithm>

#include "emulator/state.hpp"

namespace gpu::emu {

namespace {

bool same(Site a, Site b) { return a.line == b.line && (a.file == b.file || std::string(a.file) == b.file); }

/// True for the thread that completes the barrier.
bool arrive(Fiber& f, Site at) {
  Block& b = *f.block;
  if (b.exited > 0)
    fail_thread(r1::cat("early exit before a barrier: ", b.exited, " of ", b.threads,
                        " threads have returned and will never arrive (last seen at ", str(b.exit_at), ")"),
                at);
  if (b.arrived == 0) b.barrier_at = at;
  if (!same(b.barrier_at, at))
    fail_thread(r1::cat("divergence at a barrier: ", b.arrived, " threads wait at ", str(b.barrier_at),
                        ", this one at another sync()"),
                at);
  return ++b.arrived == b.threads;
}

void complete(Block& b) {
  ++g_counters.barriers;
  progress();
  b.arrived = 0;
  for (Warp& w : b.warps) flush_requests(w);
  if (race::enabled()) race::join(b.fibers.data(), b.fibers.size());
  make_block_ready(b);
}

}  // namespace

void block_sync(Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, "sync", at);
  if (!arrive(f, at)) return block_current(Wait::kBlock, at);
  complete(*f.block);
  yield_current(at);
}

int block_sync_count(bool p, Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, "sync_count", at);
  Block& b = *f.block;
  b.votes += p;
  if (arrive(f, at)) {
    b.result = b.votes;
    b.votes = 0;
    complete(b);
    yield_current(at);
  } else {
    block_current(Wait::kBlock, at);
  }
  return f.block->result;
}

void named_sync(int id, int threads, bool wait, Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, r1::cat(wait ? "bar_sync " : "bar_arrive ", id), at);
  Block& b = *f.block;
  if (id < 0 || id > 15) fail_thread(r1::cat("named barrier ", id, ", expected 0..15"), at);
  if (threads <= 0 || threads % 32 != 0 || threads > b.threads)
    fail_thread(r1::cat("named barrier ", id, " for ", threads,
                        " threads, expected a multiple of 32 up to the block's ", b.threads),
                at);
  NamedBarrier& n = b.named[id];
  if (n.arrived == 0) {
    n.expected = threads;
    n.first = at;
  }
  if (n.expected != threads)
    fail_thread(r1::cat("named barrier ", id, " is for ", n.expected, " threads at ", str(n.first), " and for ",
                        threads, " here"),
                at);
  n.came.push_back(&f);
  if (wait) n.waiting.push_back(&f);
  f.wait_arg = uint32_t(id);
  if (++n.arrived < n.expected) {
    if (wait) block_current(Wait::kNamed, at);
    return;
  }
  ++g_counters.barriers;
  progress();
  for (const Fiber* w : n.came)
    if (w->lane == 0) flush_requests(*w->warp);
  if (race::enabled()) race::join(n.came.data(), n.came.size());
  std::vector<Fiber*> waiting;
  waiting.swap(n.waiting);
  n.came.clear();
  n.arrived = 0;
  for (Fiber* w : waiting)
    if (w != &f) make_ready(w);
  yield_current(at);
}

namespace {

void wide_sync(Wait kind, int& arrived, int expected, Site& first, Site at, bool whole_set) {
  for (auto& b : g_set.blocks)
    if (b->exited > 0)
      fail_thread(
          r1::cat("early exit before a barrier of several blocks: a thread of block ", b->linear, " has returned"), at);
  if (arrived == 0) first = at;
  if (++arrived < expected) return block_current(kind, at);
  ++g_counters.barriers;
  for (auto& b : g_set.blocks)
    for (Warp& w : b->warps) flush_requests(w);
  progress();
  arrived = 0;
  std::vector<Fiber*> all;
  for (auto& b : g_set.blocks) all.insert(all.end(), b->fibers.begin(), b->fibers.end());
  if (race::enabled() && whole_set) race::join(all.data(), all.size());
  for (auto& b : g_set.blocks) make_block_ready(*b);
  yield_current(at);
}

}  // namespace

void grid_sync(Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, "grid_sync", at);
  if (!g_run->config.cooperative) fail_thread("grid_sync() in a launch that is not cooperative", at);
  wide_sync(Wait::kGrid, g_set.grid_arrived, int(g_set.blocks.size()) * g_run->threads, g_set.grid_at, at, true);
}

void cluster_sync(Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, "cluster_sync", at);
  if (g_run->config.cooperative && g_run->config.cluster > 1)
    fail_thread("clusters inside cooperative launches are not emulated", at);
  if (g_run->config.cluster <= 1) return block_sync(at);
  wide_sync(Wait::kCluster, g_set.grid_arrived, int(g_set.blocks.size()) * g_run->threads, g_set.grid_at, at, true);
}

void griddep_launch(Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, "griddep_launch", at);
}

/// Here the kernel before has always ended; what a thread may not do until it has asked is checked (check_early).
void griddep_wait(Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, "griddep_wait", at);
  f.early = false;
}

uint32_t cluster_rank() { return static_cast<Fiber&>(self()).block->rank; }

void fence(Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, "fence", at);
  if (race::enabled()) race::fence(f);
}

void yield(Site at) { yield_current(at); }

/// A thread returns: nobody may be waiting for it.
void thread_exits(Fiber& f) {
  Block& b = *f.block;
  if (b.arrived > 0)
    fail_thread(r1::cat("early exit before a barrier: this thread returns while ", b.arrived, " of ", b.threads,
                        " threads wait in sync() at ", str(b.barrier_at)),
                f.at);
  if (g_set.grid_arrived > 0)
    fail_thread(r1::cat("early exit before a barrier: this thread returns while ", g_set.grid_arrived,
                        " threads wait at ", str(g_set.grid_at)),
                f.at);
  if (f.early)
    fail_thread("returns without griddep_wait(): the kernel after could start before the one before has ended", f.at);
  for (const WarpGroup& g : f.warp->groups)
    if (g.mask >> f.lane & 1)
      fail_thread(
          r1::cat("early exit: this thread returns while lanes of its warp wait for it in a collective at ", str(g.at)),
          f.at);
  thread_ends_async(f);
}

}  // namespace gpu::emu
