// mbarriers: a phase ends when all arrivals and all announced bytes are in. The eight bytes in shared memory hold a tag
// and a number, so that one which was never initialised, or was overwritten, is found at its first use. Paper: none.
#include "emulator/async.hpp"
#include "emulator/memory.hpp"
#include "emulator/state.hpp"

namespace gpu::emu {

namespace {

constexpr uint64_t kTag = 0x6d626172ull << 32;  // "mbar"

Block& home_of(const Mbar* b, Site at) {
  if (space_of(b) != Space::kShared) fail_thread(r1::cat("mbarrier in ", describe(b), ", expected shared memory"), at);
  check_access(b, 8, 8, "mbarrier", at);
  Block* home = block_of(b);
  if (!home) fail_thread("mbarrier of a block that does not run", at);
  return *home;
}

void complete_if_done(MbarState& s) {
  if (s.pending > 0 || s.bytes != 0) return;
  ++s.phase;
  s.pending = s.count;
  s.passed = std::move(s.released);
  s.released = {};
  std::vector<Fiber*> waiting;
  waiting.swap(s.waiting);
  for (Fiber* f : waiting) make_ready(f);
  progress();
}

}  // namespace

MbarState& mbar_state(Mbar* b, Site at) {
  Block& home = home_of(b, at);
  const uint64_t n = b->opaque & 0xffffffffu;
  if ((b->opaque & ~uint64_t(0xffffffffu)) != kTag || n >= home.mbars.size() || home.mbars[n]->address != b)
    fail_thread(r1::cat("mbarrier at ", describe(b), " was not initialised, or was overwritten"), at);
  return *home.mbars[n];
}

void mbar_init(Mbar* b, int count, Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, r1::cat("mbar_init ", describe(b), ", count ", count), at);
  Block& home = home_of(b, at);
  if (count < 1 || count >= 1 << 20) fail_thread(r1::cat("mbar_init with count ", count, ", expected 1..1048575"), at);
  auto s = std::make_unique<MbarState>();
  s->address = b;
  s->count = s->pending = count;
  s->maker = &f;
  for (auto& old : home.mbars)
    if (old->address == b) {
      if (!old->waiting.empty()) fail_thread(r1::cat("mbar_init of ", describe(b), " while threads wait on it"), at);
      old->address = nullptr;
    }
  b->opaque = kTag | home.mbars.size();
  home.mbars.push_back(std::move(s));
  if (race::enabled()) race::write(f, b, 8, at);
}

void publish_mbars(const Fiber& f) {
  for (auto& s : f.block->mbars)
    if (s->maker == &f) s->maker = nullptr;
}

void fence_mbar_init(Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, "fence_mbar_init", at);
  publish_mbars(f);
}

void check_published(Mbar* b, const char* what, Site at) {
  const Fiber* maker = mbar_state(b, at).maker;
  if (maker)
    fail_thread(r1::cat("missing fence_mbar_init: ", what, " uses the mbarrier at ", describe(b), ", and ",
                        where(*maker), ", which initialised it, has called none since"),
                at);
}

void mbar_arrive(Mbar* b, uint32_t expect_bytes, bool expects, int rank, Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (rank >= 0) {
    b = static_cast<Mbar*>(in_cluster(f, b, uint32_t(rank), at));
    check_published(b, "a block of the cluster", at);
  }
  if (f.traced)
    note(f, r1::cat("mbar_arrive ", describe(b), expects ? r1::cat(", expects ", expect_bytes, " bytes") : ""), at);
  MbarState& s = mbar_state(b, at);
  if (s.pending == 0)
    fail_thread(r1::cat("one arrival too many at the mbarrier at ", describe(b), ": its count is ", s.count), at);
  if (race::enabled()) race::release(f, s.released);
  if (expects) s.bytes += expect_bytes;
  --s.pending;
  complete_if_done(s);
  yield_current(at);
}

void mbar_complete_bytes(Mbar* b, size_t bytes, const race::Sync& from) {
  Block* home = block_of(b);
  if (!home) return;
  for (auto& s : home->mbars)
    if (s->address == b) {
      s->bytes -= int64_t(bytes);
      s->released.left.insert(s->released.left.end(), from.left.begin(), from.left.end());
      return complete_if_done(*s);
    }
}

bool mbar_wait(Mbar* b, int parity, bool may_fail, Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, r1::cat("mbar_wait ", describe(b), ", parity ", parity), at);
  if (parity != 0 && parity != 1) fail_thread(r1::cat("mbarrier parity ", parity, ", expected 0 or 1"), at);
  MbarState* s = &mbar_state(b, at);
  if (may_fail && int(s->phase & 1) == parity && g_random.one_in(4)) {
    yield_current(at);  // the hardware's try_wait gives up after a while
    s = &mbar_state(b, at);
    if (int(s->phase & 1) == parity) return false;
  }
  while (int(s->phase & 1) == parity) {
    s->waiting.push_back(&f);
    f.wait_object = b;
    f.wait_arg = uint32_t(parity);
    block_current(Wait::kMbar, at);
    s = &mbar_state(b, at);
  }
  if (race::enabled()) race::acquire(f, s->passed);
  return true;
}

void* in_cluster(Fiber& f, void* p, uint32_t rank, Site at) {
  const uint32_t size = std::max(1u, g_run->config.cluster);
  if (rank >= size) fail_thread(r1::cat("cluster rank ", rank, ", expected below ", size), at);
  const auto offset = static_cast<std::byte*>(p) - f.block->arena;
  const size_t slot = f.block->slot - f.block->rank + rank;
  if (slot >= g_set.blocks.size()) fail_thread("cluster is cut off by the grid's end", at);
  const Block& other = *g_set.blocks[slot];
  if (other.exited == other.threads)
    fail_thread(r1::cat("early exit: all threads of block ", other.linear, " have returned, and with them its shared ",
                        "memory that this thread uses: the cluster_sync at its end is missing"),
                at);
  return other.arena + offset;
}

}  // namespace gpu::emu
