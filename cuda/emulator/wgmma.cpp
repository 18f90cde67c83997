// wgmma: products of a warpgroup, asynchronous. All 128 threads issue one together; it is computed at the issue or as
// late as the wait; until then its accumulators are NaN. Errors: a descriptor that leaves shared memory, a missing
// wgmma_fence after registers were written, a missing fence_proxy_async, accumulators used before the wait.
// Paper: none.
#include <cmath>
#include <cstring>

#include "emulator/async.hpp"
#include "emulator/memory.hpp"
#include "emulator/mma.hpp"

namespace gpu::emu {

struct PendingWgmma {
  WarpGroup4* group;
  Block* block;
  Site at;
  Wgmma operand[128];
  std::vector<float> before;          ///< [64, n], if these accumulators had no product under way
  std::vector<uint32_t> a_registers;  ///< [128, 4]
  race::Sync read;                    ///< who waits for the product knows that its operands have been read
  bool done = false;
};

namespace {

struct Descriptor {
  size_t start, leading, stride;  ///< bytes
  Swizzle swizzle;
};

Descriptor decode(uint64_t d, Site at) {
  static const Swizzle codes[] = {Swizzle::kNone, Swizzle::k128, Swizzle::k64, Swizzle::k32};
  if (d >> 49 & 7)
    fail_thread("wgmma descriptor with a base offset, which is not emulated: align tiles to the swizzle", at);
  return {size_t(d & 0x3fff) << 4, size_t(d >> 16 & 0x3fff) << 4, size_t(d >> 32 & 0x3fff) << 4, codes[d >> 62]};
}

/// Byte offset of element (row of M or N, k) from the descriptor's start, before the swizzle.
size_t offset_of(const Descriptor& d, int row, int k, bool transposed) {
  const auto r = size_t(row), c = size_t(k);
  const size_t chunks = d.swizzle == Swizzle::k128  ? 8
                        : d.swizzle == Swizzle::k64 ? 4
                        : d.swizzle == Swizzle::k32 ? 2
                                                    : 1;
  if (!transposed) {  // k contiguous: 8 rows of `chunks` 16-byte pieces, `stride` to the next 8 rows
    const size_t piece = c / 8, in_row = chunks == 1 ? piece * d.leading : piece * 16;
    return r % 8 * chunks * 16 + r / 8 * d.stride + in_row + c % 8 * 2;
  }
  // Rows contiguous: 8 k of `chunks` pieces of 8 rows each.
  const size_t piece = r / 8;
  if (chunks == 1) return r % 8 * 2 + piece * d.stride + c % 8 * 16 + c / 8 * d.leading;
  return r % 8 * 2 + piece % chunks * 16 + piece / chunks * d.leading + c % 8 * chunks * 16 + c / 8 * d.stride;
}

const std::byte* element_of(const Block& b, const Descriptor& d, int row, int k, bool transposed) {
  return b.arena + swizzled(d.start + offset_of(d, row, k, transposed), d.swizzle);
}

void check_operand(Fiber& f, uint64_t descriptor, int rows, bool transposed, const char* name, Site at) {
  const Descriptor d = decode(descriptor, at);
  for (int row = 0; row < rows; row += transposed ? 8 : 1)
    for (int k = 0; k < 16; k += transposed ? 1 : 8) {
      const std::byte* p = element_of(*f.block, d, row, k, transposed);
      const Place place = place_of(p);
      if (place.bytes == 0 || place.offset + 16 > place.bytes)
        fail_thread(r1::cat("wgmma: descriptor of ", name, " reaches ", describe(p), " for row ", row, ", k ", k), at);
      check_proxy(f, p, 16, "wgmma", at);
    }
}

float value(const std::byte* p, bool bf) {
  uint16_t bits;
  std::memcpy(&bits, p, 2);
  return bf ? to_float(bf16{bits}) : to_float(half{bits});
}

/// Row and column of accumulator i of thread t of the warpgroup; also of the values of A's registers (n = 16).
void place_of_value(int t, int i, int& row, int& col) {
  row = t / 32 * 16 + t % 32 / 4 + (i & 2 ? 8 : 0);
  col = i / 4 * 8 + t % 4 * 2 + (i & 1);
}

void load_a(const PendingWgmma& p, std::vector<float>& a) {
  const Wgmma& w = p.operand[0];
  if (!w.a) {
    const Descriptor d = decode(w.a_descriptor, p.at);
    for (int m = 0; m < 64; ++m)
      for (int k = 0; k < 16; ++k) a[size_t(m * 16 + k)] = value(element_of(*p.block, d, m, k, w.trans_a), w.bf16);
    return;
  }
  for (int t = 0; t < 128; ++t)
    for (int i = 0; i < 8; ++i) {
      int row, col;
      place_of_value(t, i, row, col);  // register i / 2 holds columns col, col + 1
      const auto bits = uint16_t(p.a_registers[size_t(t * 4 + i / 2)] >> (16 * (i & 1)));
      a[size_t(row * 16 + col)] = w.bf16 ? to_float(bf16{bits}) : to_float(half{bits});
    }
}

void compute(PendingWgmma& p) {
  p.done = true;
  const int n = p.operand[0].n;
  std::vector<float> a(64 * 16), b(size_t(n) * 16);
  load_a(p, a);
  const Descriptor d = decode(p.operand[0].b_descriptor, p.at);
  for (int j = 0; j < n; ++j)
    for (int k = 0; k < 16; ++k)
      b[size_t(j * 16 + k)] = value(element_of(*p.block, d, j, k, p.operand[0].trans_b), p.operand[0].bf16);
  for (int t = 0; t < 128; ++t)
    for (int i = 0; i < n / 2; ++i) {
      int row, col;
      place_of_value(t, i, row, col);
      float c = 0;
      if (p.operand[t].accumulate)
        c = p.before.empty() ? p.operand[t].d[i] : p.before[size_t(t) * size_t(n / 2) + size_t(i)];
      p.operand[t].d[i] = accumulate(c, &a[size_t(row) * 16], &b[size_t(col) * 16], 16);
    }
}

/// Products complete in order.
void finish(PendingWgmma& p) {
  while (!p.done) {
    auto first = p.group->queue.front();
    p.group->queue.pop_front();
    compute(*first);
  }
}

bool under_way(const Fiber& f, const float* d, bool not_computed = false) {
  const auto uses = [&](const std::shared_ptr<PendingWgmma>& p) {
    return p->operand[f.tid % 128].d == d && !(not_computed && p->done);
  };
  for (const auto& p : f.wgmma.open)
    if (uses(p)) return true;
  for (const auto& g : f.wgmma.groups)
    for (const auto& p : g)
      if (uses(p)) return true;
  return false;
}

/// Registers that ordinary instructions wrote need a wgmma_fence before wgmma may use them.
void check_registers(Fiber& f, const Wgmma& w, Site at) {
  WgmmaThread& t = f.wgmma;
  if (t.fences == 0) fail_thread("missing wgmma_fence before the first wgmma", at);
  if (w.a && t.fences == t.fences_at_commit)
    fail_thread("missing wgmma_fence: A's registers are new since the last group and no fence came after them", at);
  if (under_way(f, w.d)) return;
  for (auto& [d, values] : t.left)
    if (d == w.d && values.size() == size_t(w.n / 2) && std::memcmp(values.data(), d, values.size() * 4) == 0) return;
  if (t.fences == t.fences_at_issue)
    fail_thread("missing wgmma_fence: the accumulators were written since the last wgmma and no fence came after it",
                at);
}

void remember(Fiber& f, const float* d, int n) {
  auto& left = f.wgmma.left;
  for (auto& [p, values] : left)
    if (p == d) return values.assign(d, d + n / 2);
  left.push_back({d, std::vector<float>(d, d + n / 2)});
}

void issue(Fiber& f, WarpGroup4& g, Site at) {
  auto p = std::make_shared<PendingWgmma>();
  p->group = &g;
  p->block = f.block;
  p->at = at;
  std::memcpy(p->operand, g.operand, sizeof g.operand);
  const Wgmma& w = g.operand[0];
  check_operand(f, w.b_descriptor, w.n, w.trans_b, "B", at);
  if (!w.a) check_operand(f, w.a_descriptor, 64, w.trans_a, "A", at);
  const int first = f.tid / 128 * 128;
  const bool chained = under_way(f, g.operand[f.tid % 128].d, true);  // its predecessor will leave the sum in d
  for (int t = 0; t < 128; ++t) {
    const Wgmma& o = g.operand[t];
    if (o.a) p->a_registers.insert(p->a_registers.end(), o.a, o.a + 4);
    if (!chained) p->before.insert(p->before.end(), o.d, o.d + o.n / 2);
  }
  if (race::enabled()) race::release(f, p->read);
  // What a finished product has left in d belongs to the next in the chain: keep it before d becomes NaN again.
  for (const auto& q : g.queue) {
    if (q->operand[0].d != g.operand[0].d) continue;
    if (q->before.empty())
      for (int t = 0; t < 128; ++t) q->before.insert(q->before.end(), g.operand[t].d, g.operand[t].d + w.n / 2);
    break;
  }
  g.queue.push_back(p);
  if (!late()) finish(*p);
  const float nan = float_of(0xffffffffu);
  for (int t = 0; t < 128; ++t) {
    Fiber& other = *f.block->fibers[size_t(first + t)];
    other.wgmma.open.push_back(p);
    other.wgmma.fences_at_issue = other.wgmma.fences;
    if (!p->done) std::fill_n(g.operand[t].d, w.n / 2, nan);
  }
}

}  // namespace

uint64_t wgmma_descriptor(const void* tile, Swizzle s, uint32_t leading_bytes, uint32_t stride_bytes) {
  Fiber& f = static_cast<Fiber&>(self());
  check_shared(tile, 16, 16, "wgmma_descriptor", f.at);
  if (leading_bytes % 16 || stride_bytes % 16 || leading_bytes >= 1u << 18 || stride_bytes >= 1u << 18)
    fail_thread(r1::cat("wgmma_descriptor with offsets ", leading_bytes, ", ", stride_bytes,
                        ", expected multiples of 16 below 262144"),
                f.at);
  const auto start = uint64_t(static_cast<const std::byte*>(tile) - f.block->arena);
  const uint64_t code = s == Swizzle::k128 ? 1 : s == Swizzle::k64 ? 2 : s == Swizzle::k32 ? 3 : 0;
  return start >> 4 | uint64_t(leading_bytes >> 4) << 16 | uint64_t(stride_bytes >> 4) << 32 | code << 62;
}

void wgmma(const Wgmma& w, Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, r1::cat("wgmma m64n", w.n, "k16"), at);
  f.at = at;
  Block& b = *f.block;
  const size_t number = size_t(f.tid) / 128;
  if (b.threads < int(number + 1) * 128)
    fail_thread("wgmma by a warp that belongs to no full warpgroup of 128 threads", at);
  if (b.warpgroups.size() <= number) b.warpgroups.resize(number + 1);
  if (!b.warpgroups[number]) b.warpgroups[number] = std::make_unique<WarpGroup4>();
  WarpGroup4& g = *b.warpgroups[number];
  check_registers(f, w, at);
  if (g.arrived > 0) {
    const Wgmma& o = g.operand[g.first];
    if (o.n != w.n || o.a_descriptor != w.a_descriptor || o.b_descriptor != w.b_descriptor || !o.a != !w.a)
      fail_thread(
          r1::cat("threads of a warpgroup issue different wgmmas: another shape or descriptor waits at ", str(g.at)),
          at);
  } else {
    g.first = f.tid % 128;
    g.at = at;
  }
  g.operand[f.tid % 128] = w;
  f.wait_arg = uint32_t(number);
  g.waiting.push_back(&f);
  if (++g.arrived < 128) return block_current(Wait::kWarp, at);
  g.arrived = 0;
  ++g_counters.mma;
  std::vector<Fiber*> waiting;
  waiting.swap(g.waiting);
  issue(f, g, at);
  progress();
  for (Fiber* o : waiting)
    if (o != &f) make_ready(o);
  yield_current(at);
}

void wgmma_fence(Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, "wgmma_fence", at);
  ++f.wgmma.fences;
}

void wgmma_commit(Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, "wgmma_commit", at);
  f.wgmma.groups.push_back(std::move(f.wgmma.open));
  f.wgmma.open.clear();
  f.wgmma.fences_at_commit = f.wgmma.fences;
}

void wgmma_wait(int pending, Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, r1::cat("wgmma_wait ", pending), at);
  auto& groups = f.wgmma.groups;
  while (groups.size() > size_t(pending)) {
    const auto g = std::move(groups.front());
    groups.pop_front();
    for (const auto& p : g) {
      finish(*p);
      if (race::enabled()) race::acquire(f, p->read);
      const Wgmma& o = p->operand[f.tid % 128];
      if (!under_way(f, o.d)) remember(f, o.d, o.n);
    }
  }
}

void wgmma_ready(const float* d, Site) {
  Fiber& f = static_cast<Fiber&>(self());
  if (under_way(f, d))
    fail_thread(
        "wgmma accumulators named in wgmma_wait are still under way: wrong wait count or a missing wgmma_commit", f.at);
}

void set_registers(int n, Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, r1::cat(n > 0 ? "take_registers " : "give_registers ", std::abs(n)), at);
}

void wgmma_thread_ends(Fiber& f) {
  WgmmaThread& t = f.wgmma;
  const bool open = !t.open.empty() || !t.groups.empty();
  const std::shared_ptr<PendingWgmma> last = !t.open.empty()                    ? t.open.back()
                                             : open && !t.groups.back().empty() ? t.groups.back().back()
                                                                                : nullptr;
  const Site at = last ? last->at : f.at;
  t = {};
  if (last) fail_thread("the thread returns while its wgmma is under way: wgmma_wait<0> is missing", at);
}

}  // namespace gpu::emu
