// The tensor memory accelerator: boxes of a tiled tensor between global and shared memory, with zero fill outside, the
// swizzle of shared addresses, byte counts on an mbarrier, and the rule of the two proxies: what ordinary stores wrote,
// TMA sees only after fence_proxy_async. Paper: none.
#include <cstring>

#include "emulator/async.hpp"
#include "emulator/memory.hpp"

namespace gpu {

TensorMap make_tensor_map(const TensorMapArgs& a, const char* what) {
  const auto bad = [&](const auto&... m) { r1::fail("tensor map of ", what, ": ", m...); };
  const size_t element = size_of(a.type), inner = a.box[0] * element;
  if (a.rank < 1 || a.rank > 5) bad("rank ", a.rank, ", expected 1..5");
  if (reinterpret_cast<uintptr_t>(a.base) % 16 != 0) bad("base is not 16-byte aligned");
  if (emu::space_of(a.base) != emu::Space::kGlobal) bad("base is ", emu::describe(a.base), ", expected device memory");
  const size_t span = a.swizzle == Swizzle::k128  ? 128
                      : a.swizzle == Swizzle::k64 ? 64
                      : a.swizzle == Swizzle::k32 ? 32
                                                  : 0;
  if (inner % 16 != 0) bad("box row of ", inner, " bytes, expected a multiple of 16");
  if (span && inner > span) bad("box row of ", inner, " bytes, expected at most the swizzle's ", span);
  emu::TileMap m{};
  m.tag = emu::kTileMapTag;
  m.base = static_cast<std::byte*>(a.base);
  m.rank = uint8_t(a.rank);
  m.type = uint8_t(a.type);
  m.swizzle = uint8_t(a.swizzle);
  for (int d = 0; d < a.rank; ++d) {
    if (a.box[d] < 1 || a.box[d] > 256) bad("box of ", a.box[d], " in dimension ", d, ", expected 1..256");
    if (a.size[d] < 1 || a.size[d] > 0xffffffffull)
      bad("size ", a.size[d], " of dimension ", d, ", expected 1..2^32-1");
    if (d > 0 && (a.stride_bytes[d - 1] % 16 != 0 || a.stride_bytes[d - 1] == 0))
      bad("stride of ", a.stride_bytes[d - 1], " bytes of dimension ", d, ", expected a positive multiple of 16");
    m.box[d] = uint16_t(a.box[d]);
    m.size[d] = uint32_t(a.size[d]);
    if (d > 0) m.stride[d - 1] = a.stride_bytes[d - 1];
  }
  TensorMap out{};
  std::memcpy(&out, &m, sizeof m);
  return out;
}

namespace emu {

namespace {

TileMap unpack(const TensorMap& t, int rank, Site at) {
  TileMap m;
  std::memcpy(&m, &t, sizeof m);
  if (m.tag != kTileMapTag) fail_thread("TMA with a tensor map that make_tensor_map did not make", at);
  if (m.rank != rank) fail_thread(r1::cat("TMA with ", rank, " coordinates on a tensor of rank ", int(m.rank)), at);
  return m;
}

/// Seen on an H200: a box that begins in the middle of 16 bytes is an "illegal instruction", and so was a store at
/// (-16, -2); loads may begin before the tensor.
void check_start(const TileMap& m, int x, bool writes, Site at) {
  const int64_t bytes = int64_t(x) * int64_t(size_of(TileType(m.type)));
  if (writes && x < 0) fail_thread(r1::cat("TMA store begins at x = ", x, ", expected 0 or more"), at);
  if (bytes % 16 != 0)
    fail_thread(
        r1::cat("TMA box begins at x = ", x, ", ", bytes, " bytes into the row, expected a multiple of 16 bytes"), at);
}

size_t box_bytes(const TileMap& m) {
  size_t n = size_of(TileType(m.type));
  for (int d = 0; d < m.rank; ++d) n *= m.box[d];
  return n;
}

/// Calls visit(offset in the box, address or null outside, bytes) element by element. Seen on an H200: what is written
/// is cut off at whole 16 bytes, so a row of 30 floats gets 32; what is read ends with the tensor.
template <class F>
void each_piece(const TileMap& m, const int* at, bool writes, const F& visit) {
  const size_t element = size_of(TileType(m.type)), row = m.box[0] * element, rows = box_bytes(m) / row;
  const int64_t width = writes ? int64_t((m.size[0] * element + 15) / 16 * 16 / element) : int64_t(m.size[0]);
  for (size_t r = 0; r < rows; ++r) {
    size_t rest = r, offset = 0;
    bool inside = true;
    for (int d = 1; d < m.rank; ++d) {
      const auto c = int64_t(at[d]) + int64_t(rest % m.box[d]);
      rest /= m.box[d];
      inside = inside && c >= 0 && c < int64_t(m.size[d]);
      if (inside) offset += size_t(c) * m.stride[d - 1];
    }
    for (size_t i = 0; i < row; i += element) {
      const auto c = int64_t(at[0]) + int64_t(i / element);
      const bool in = inside && c >= 0 && c < width;
      visit(r * row + i, in ? m.base + offset + size_t(c) * element : nullptr, element);
    }
  }
}

std::byte* placed(const std::byte* smem, size_t offset, Swizzle s) {
  const size_t a = reinterpret_cast<uintptr_t>(smem) + offset;
  return reinterpret_cast<std::byte*>(swizzled(a, s));
}

/// Looks at the rows' ends only: rows are contiguous in global memory.
void check_inside(const TileMap& m, const int* at, bool writes, Fiber& f, Site site) {
  if (f.early) check_early(m.base, writes ? "TMA store" : "TMA load", site);
  each_piece(m, at, writes, [&](size_t, std::byte* p, size_t bytes) {
    if (!p) return;
    const Place place = place_of(p);
    if (place.bytes == 0 || place.offset + bytes > place.bytes)
      fail_thread(r1::cat("TMA reaches ", describe(p), ": the tensor map is larger than its buffer"), site);
    if (!race::enabled()) return;
    if (writes)
      race::write(f, p, bytes, site);
    else
      race::read(f, p, bytes, site);
  });
}

/// Counts what a box moves in global memory, row by row.
void count_box(const TileMap& m, const int* at, bool writes) {
  ++g_counters.tma_copies;
  const std::byte* first = nullptr;
  size_t bytes = 0;
  each_piece(m, at, writes, [&](size_t, const std::byte* p, size_t n) {
    if (p && p == first + bytes) return void(bytes += n);
    if (bytes) count_row(first, bytes);
    first = p, bytes = p ? n : 0;
  });
  if (bytes) count_row(first, bytes);
}

struct Landing {
  std::byte* smem;
  Mbar* bar;
};

}  // namespace

void tma_load(void* smem, const TensorMap& t, Mbar* b, uint32_t blocks, const int* c, int rank, Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, r1::cat("tma_load to ", describe(smem)), at);
  f.at = at;
  const TileMap m = unpack(t, rank, at);
  const size_t bytes = box_bytes(m);
  check_start(m, c[0], false, at);
  check_shared(smem, bytes, 128, "tma_load", at);
  mbar_state(b, at);
  check_inside(m, c, false, f, at);
  count_box(m, c, false);
  const uint32_t mask = blocks & 0x10000u ? blocks & 0xffffu : 1u << f.block->rank;
  std::vector<Landing> to;
  for (uint32_t r = 0; r < 16; ++r)
    if (mask >> r & 1)
      to.push_back({static_cast<std::byte*>(in_cluster(f, smem, r, at)), static_cast<Mbar*>(in_cluster(f, b, r, at))});
  for (const Landing& l : to) {
    check_published(l.bar, "TMA", at);
    if (race::enabled()) race::in_flight(f, l.smem, bytes, true, at);
    std::memset(l.smem, kPoison, bytes);
    proxy_wrote(l.smem, bytes);
  }
  race::Sync knew;
  if (race::enabled()) race::release(f, knew);
  std::vector<int> at_coordinates(c, c + rank);
  add_event([m, bytes, to, knew, at_coordinates] {
    for (const Landing& l : to) {
      each_piece(m, at_coordinates.data(), false, [&](size_t offset, std::byte* p, size_t n) {
        std::byte* d = placed(l.smem, offset, Swizzle(m.swizzle));
        if (p)
          std::memcpy(d, p, n);
        else
          std::memset(d, 0, n);
      });
      proxy_wrote(l.smem, bytes);
      if (race::enabled()) race::landed(l.smem, bytes);
      mbar_complete_bytes(l.bar, bytes, knew);
    }
  });
}

void tma_load_bytes(void* smem, const void* global, uint32_t bytes, Mbar* b, Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, r1::cat("tma_load_bytes ", bytes, " to ", describe(smem)), at);
  f.at = at;
  if (bytes == 0 || bytes % 16 != 0)
    fail_thread(r1::cat("tma_load_bytes of ", bytes, " bytes, expected a multiple of 16"), at);
  check_shared(smem, bytes, 16, "tma_load_bytes to", at);
  check_global(global, bytes, 16, "tma_load_bytes from", at);
  check_published(b, "TMA", at);
  ++g_counters.tma_copies;
  count_row(global, bytes);
  race::Sync knew;
  if (race::enabled()) {
    race::read(f, global, bytes, at);
    race::in_flight(f, smem, bytes, true, at);
    race::release(f, knew);
  }
  std::memset(smem, kPoison, bytes);
  proxy_wrote(smem, bytes);
  add_event([=] {
    std::memcpy(smem, global, bytes);
    proxy_wrote(smem, bytes);
    if (race::enabled()) race::landed(smem, bytes);
    mbar_complete_bytes(b, bytes, knew);
  });
}

void tma_store(const TensorMap& t, const void* smem, int x, int y, bool add, Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, r1::cat(add ? "tma_reduce_add from " : "tma_store from ", describe(smem)), at);
  f.at = at;
  const TileMap m = unpack(t, 2, at);
  const size_t bytes = box_bytes(m);
  check_start(m, x, true, at);
  check_shared(smem, bytes, 128, "tma_store", at);
  check_proxy(f, smem, bytes, "tma_store", at);
  const int c[] = {x, y};
  if (!add) check_inside(m, c, true, f, at);
  count_box(m, c, true);
  auto done = std::make_shared<bool>(false);
  const auto* from = static_cast<const std::byte*>(smem);
  auto run = [m, from, x, y, add, done] {
    if (*done) return;
    *done = true;
    const int where[] = {x, y};
    each_piece(m, where, true, [&](size_t offset, std::byte* p, size_t n) {
      if (!p) return;
      const std::byte* s = placed(from, offset, Swizzle(m.swizzle));
      if (!add) return void(std::memcpy(p, s, n));
      const auto type = TileType(m.type);
      if (type == TileType::kFloat) {
        *reinterpret_cast<float*>(p) += *reinterpret_cast<const float*>(s);
      } else if (type == TileType::kBf16) {
        auto* d = reinterpret_cast<bf16*>(p);
        *d = to_bf16(to_float(*d) + to_float(*reinterpret_cast<const bf16*>(s)));
      }
    });
  };
  if (!late()) add_event(run);
  f.open_stores.push_back({run, from, bytes});
}

void tma_store_commit(Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, "tma_store_commit", at);
  f.store_groups.push_back(std::move(f.open_stores));
  f.open_stores.clear();
}

void finish_stores(Fiber& f, size_t pending) {
  while (f.store_groups.size() > pending) {
    for (const BulkStore& s : f.store_groups.front()) s.run();
    f.store_groups.pop_front();
  }
}

void tma_store_wait(int pending, bool read_only, Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, r1::cat(read_only ? "tma_store_wait_read " : "tma_store_wait ", pending), at);
  finish_stores(f, size_t(pending));
}

void fence_proxy_async(Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, "fence_proxy_async", at);
  ++f.block->proxy_fences;
  publish_mbars(f);
  if (race::enabled()) race::proxy_fence(f);
}

void proxy_wrote(const void* p, size_t bytes) {
  Block* b = block_of(p);
  if (!b) return;
  if (b->async_view.empty()) {
    b->async_view.assign(arena_bytes(), std::byte(kPoison));
    b->async_view_fences.assign(arena_bytes() / 16, 0);
  }
  const auto offset = size_t(static_cast<const std::byte*>(p) - b->arena);
  std::memcpy(b->async_view.data() + offset, p, bytes);
  for (size_t c = offset / 16; c < (offset + bytes + 15) / 16; ++c) b->async_view_fences[c] = b->proxy_fences;
}

void check_proxy(Fiber& f, const void* p, size_t bytes, const char* what, Site at) {
  if (race::enabled()) race::async_read(f, p, bytes, at);
  Block& b = *f.block;
  if (b.async_view.empty()) proxy_wrote(b.arena, 0);
  const auto* a = static_cast<const std::byte*>(p);
  const auto first = size_t(a - b.arena) / 16, end = (size_t(a - b.arena) + bytes + 15) / 16;
  for (size_t c = first; c < end; ++c) {
    if (std::memcmp(b.arena + c * 16, b.async_view.data() + c * 16, 16) == 0) continue;
    if (b.async_view_fences[c] == b.proxy_fences)
      fail_thread(r1::cat("missing fence_proxy_async: ", what, " reads ", describe(b.arena + c * 16),
                          ", which ordinary stores wrote, and no thread has called it since"),
                  at);
    std::memcpy(b.async_view.data() + c * 16, b.arena + c * 16, 16);
    b.async_view_fences[c] = b.proxy_fences;
  }
}

}  // namespace emu
}  // namespace gpu
