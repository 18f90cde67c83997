// Memory of the emulated device: one reserved range of addresses with the blocks' shared memory in front and the
// buffers of malloc_device behind. A buffer ends at an unmapped page and begins after a red zone; fresh memory is NaN.
// Paper: none.
#include "emulator/memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "emulator/state.hpp"

namespace gpu::emu {

namespace {

constexpr size_t kZone = 256;
constexpr size_t kArenaSlot = 512 * 1024, kArenas = 2048, kArenaBytes = 256 * 1024;
constexpr size_t kArenaSpace = kArenaSlot * kArenas;
constexpr size_t kHeapSpace = size_t(8) << 30;
constexpr size_t kSharedZone = 64, kDynamicAt = 1024;
constexpr size_t kReuseAfter = 16;  // freed buffers of one size that stay unmapped, to catch use after free

struct Buffer {
  std::byte* pages = nullptr;
  size_t page_count = 0;  // without the guard page
  std::byte* data = nullptr;
  size_t bytes = 0;
  std::string name;
  bool live = false;
};

struct Heap {
  std::byte* base = nullptr;
  size_t top = 0;  // of heap space handed out
  size_t in_use = 0;
  std::vector<Buffer> buffers;
  std::map<size_t, std::vector<size_t>> freed;  // page count -> buffers, oldest first
  uint32_t* page_owner = nullptr;               // buffer + 1 per page
  uint32_t arenas_open = 0;
};

Heap& heap() {
  static Heap h;
  if (h.base) return h;
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void* p = mmap(nullptr, kArenaSpace + kHeapSpace + kArenaSlot, PROT_NONE, flags, -1, 0);
  void* owners = mmap(nullptr, kHeapSpace / kPage * 4, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (p == MAP_FAILED || owners == MAP_FAILED)
    r1::fail("emulator: cannot reserve ", (kArenaSpace + kHeapSpace) >> 30, " GiB of addresses (ulimit -v?)");
  const uintptr_t a = (reinterpret_cast<uintptr_t>(p) + kArenaSlot - 1) / kArenaSlot * kArenaSlot;
  h.base = reinterpret_cast<std::byte*>(a);
  h.page_owner = static_cast<uint32_t*>(owners);
  return h;
}

std::byte* heap_space() { return heap().base + kArenaSpace; }

const Buffer* buffer_of(const void* p) {
  const auto offset = size_t(static_cast<const std::byte*>(p) - heap_space());
  const uint32_t owner = heap().page_owner[offset / kPage];
  return owner ? &heap().buffers[owner - 1] : nullptr;
}

void poison(std::byte* p, size_t n) { std::memset(p, kPoison, n); }

size_t first_touched(const std::byte* p, size_t n) {
  for (size_t i = 0; i < n; ++i)
    if (p[i] != std::byte(kPoison)) return i;
  return n;
}

size_t take_pages(size_t pages) {
  Heap& h = heap();
  auto& old = h.freed[pages];
  if (old.size() > kReuseAfter || h.top + (pages + 1) * kPage > kHeapSpace) {
    if (old.empty()) r1::fail("emulator: out of device addresses after ", h.top >> 20, " MiB of buffers");
    const size_t i = old.front();
    old.erase(old.begin());
    return i;
  }
  Buffer b;
  b.pages = heap_space() + h.top;
  b.page_count = pages;
  h.top += (pages + 1) * kPage;
  h.buffers.push_back(b);
  const auto first = size_t(b.pages - heap_space()) / kPage;
  for (size_t i = 0; i <= pages; ++i) h.page_owner[first + i] = uint32_t(h.buffers.size());
  return h.buffers.size() - 1;
}

int g_visible = 0;      // how many Visible live
bool g_hidden = false;  // live buffers are inaccessible now

void protect_buffers(int protection) {
  for (const Buffer& b : heap().buffers)
    if (b.live) mprotect(b.pages, b.page_count * kPage, protection);
  g_hidden = protection == PROT_NONE;
}

}  // namespace

Visible::Visible() {
  if (g_visible++ == 0 && g_hidden) protect_buffers(PROT_READ | PROT_WRITE);
}
Visible::~Visible() {
  if (--g_visible > 0 || !options().hide_from_host) return;
  report_host_faults();
  protect_buffers(PROT_NONE);
}

void* allocate(size_t bytes, const char* name) {
  const Visible visible;
  Heap& h = heap();
  const size_t rounded = (std::max<size_t>(bytes, 1) + 255) / 256 * 256;
  if (bytes > options().memory_bytes || h.in_use + rounded > options().memory_bytes)
    r1::fail("out of device memory: ", name, " needs ", bytes, " bytes, ", options().memory_bytes - h.in_use, " of ",
             options().memory_bytes, " are free; expected a smaller batch or model");
  Buffer& b = h.buffers[take_pages((rounded + kZone + kPage - 1) / kPage)];
  if (mprotect(b.pages, b.page_count * kPage, PROT_READ | PROT_WRITE) != 0)
    r1::fail("emulator: no memory for ", name, ", ", bytes, " bytes (too many buffers?)");
  b.data = b.pages + b.page_count * kPage - rounded;
  b.bytes = bytes;
  b.name = name;
  b.live = true;
  h.in_use += rounded;
  poison(b.pages, b.page_count * kPage);
  if (race::enabled()) race::set_written(b.pages, b.page_count * kPage, false);
  return b.data;
}

void release(void* p) {
  if (!p) return;
  const Visible visible;
  const Buffer* found = space_of(p) == Space::kGlobal ? buffer_of(p) : nullptr;
  if (!found || found->data != p) r1::fail("free_device(", p, "): not the start of a device buffer: ", describe(p));
  if (!found->live) r1::fail("free_device(", p, "): buffer '", found->name, "' was freed before");
  Heap& h = heap();
  Buffer& b = h.buffers[size_t(found - h.buffers.data())];
  const std::string damage = zone_damage(p);
  b.live = false;
  h.in_use -= (std::max<size_t>(b.bytes, 1) + 255) / 256 * 256;
  madvise(b.pages, b.page_count * kPage, MADV_DONTNEED);
  mprotect(b.pages, b.page_count * kPage, PROT_NONE);
  h.freed[b.page_count].push_back(size_t(found - h.buffers.data()));
  if (!damage.empty()) r1::fail("free_device: ", damage);
}

std::string zone_damage(const void* p) {
  const Buffer& b = *buffer_of(p);
  const auto front = size_t(b.data - b.pages), tail = size_t(b.pages + b.page_count * kPage - b.data) - b.bytes;
  const size_t scan = std::min(front, kZone * 2), at = first_touched(b.data - scan, scan);
  if (at < scan)
    return r1::cat("out-of-bounds write ", scan - at, " bytes before buffer '", b.name, "' of ", b.bytes, " bytes");
  const size_t after = first_touched(b.data + b.bytes, tail);
  if (after < tail)
    return r1::cat("out-of-bounds write at byte ", b.bytes + after, " of buffer '", b.name, "' of ", b.bytes, " bytes");
  return {};
}

std::string check_heap_zones() {
  std::string first;
  for (const Buffer& b : heap().buffers) {
    if (!b.live) continue;
    const std::string damage = zone_damage(b.data);
    if (damage.empty()) continue;
    poison(b.data + b.bytes, size_t(b.pages + b.page_count * kPage - b.data) - b.bytes);
    poison(b.pages, size_t(b.data - b.pages));
    if (first.empty()) first = r1::cat("kernel '", g_run ? g_run->config.name : "?", "': ", damage);
  }
  return first;
}

size_t live_buffers() {
  return size_t(std::count_if(heap().buffers.begin(), heap().buffers.end(), [](const Buffer& b) { return b.live; }));
}

void release_all() {
  const Visible visible;
  for (size_t i = 0; i < heap().buffers.size(); ++i) {
    if (!heap().buffers[i].live) continue;
    poison(heap().buffers[i].pages, size_t(heap().buffers[i].data - heap().buffers[i].pages));
    const size_t whole =
        size_t(heap().buffers[i].pages + heap().buffers[i].page_count * kPage - heap().buffers[i].data);
    poison(heap().buffers[i].data + heap().buffers[i].bytes, whole - heap().buffers[i].bytes);
    release(heap().buffers[i].data);
  }
}

size_t memory_in_use() { return heap().in_use; }

const std::byte* range_base() { return heap().base; }
size_t range_bytes() { return kArenaSpace + kHeapSpace; }

Space space_of(const void* p) {
  const auto offset = size_t(static_cast<const std::byte*>(p) - heap().base);
  return offset < kArenaSpace ? Space::kShared : offset < kArenaSpace + kHeapSpace ? Space::kGlobal : Space::kNone;
}

Block* block_of(const void* shared) {
  const auto slot = size_t(static_cast<const std::byte*>(shared) - heap().base) / kArenaSlot;
  return slot < g_set.blocks.size() ? g_set.blocks[slot].get() : nullptr;
}

void open_arena(Block& b, size_t dynamic_bytes) {
  Heap& h = heap();
  if (b.slot >= kArenas) r1::fail("emulator: more than ", kArenas, " blocks at once");
  b.arena = h.base + b.slot * kArenaSlot;
  for (; h.arenas_open <= b.slot; ++h.arenas_open)
    if (mprotect(h.base + h.arenas_open * kArenaSlot, kArenaBytes, PROT_READ | PROT_WRITE) != 0)
      r1::fail("emulator: no memory for shared memory of ", h.arenas_open + 1, " blocks");
  b.dynamic = b.arena + kDynamicAt;
  const size_t rounded = (dynamic_bytes + 15) / 16 * 16;
  b.used = kDynamicAt + rounded + kSharedZone;
  poison(b.arena, b.used);
  if (dynamic_bytes) b.arrays.push_back({nullptr, "dynamic shared memory", b.dynamic, dynamic_bytes});
  if (race::enabled()) race::set_written(b.arena, kArenaBytes, false);
}

void* dynamic_shared() {
  Fiber& f = static_cast<Fiber&>(self());
  if (g_run->config.smem == 0) fail_thread("DSMEM in a launch with 0 bytes of dynamic shared memory", f.at);
  return f.block->dynamic;
}

void* shared_array(const void* key, size_t bytes, size_t align, const char* name, Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  Block& b = *f.block;
  for (const SharedArray& a : b.arrays)
    if (a.key == key) return a.data;
  const size_t start = (b.used + align - 1) / align * align;
  b.static_bytes += bytes;
  if (b.static_bytes > 48 * 1024)
    fail_thread(r1::cat("static shared memory of ", b.static_bytes, " bytes with '", name, "', expected at most 49152"),
                at);
  if (b.static_bytes + g_run->config.smem > max_smem() || start + bytes + kSharedZone > kArenaBytes)
    fail_thread(r1::cat("shared memory of ", b.static_bytes, " static + ", g_run->config.smem,
                        " dynamic bytes, expected at most ", max_smem()),
                at);
  poison(b.arena + b.used, start + bytes + kSharedZone - b.used);
  b.used = start + bytes + kSharedZone;
  b.arrays.push_back({key, name, b.arena + start, bytes});
  return b.arena + start;
}

std::string check_zones(Block& b) {
  size_t at = 0;
  std::string front = "the start of shared memory";
  std::vector<SharedArray> sorted = b.arrays;
  std::sort(sorted.begin(), sorted.end(), [](const SharedArray& x, const SharedArray& y) { return x.data < y.data; });
  sorted.push_back({nullptr, "the end", b.arena + b.used, 0});
  for (const SharedArray& a : sorted) {
    const auto start = size_t(a.data - b.arena);
    const size_t touched = at + first_touched(b.arena + at, start - at);
    if (touched < start)
      return r1::cat("kernel '", g_run->config.name, "', block (", b.idx.x, ",", b.idx.y, ",", b.idx.z,
                     "): out-of-bounds write to shared memory, ", touched - at, " bytes after the end of '", front,
                     "', ", start - touched, " bytes before '", a.name, "'");
    at = start + a.bytes;
    front = a.name;
  }
  return {};
}

bool inside_object(const void* p, size_t bytes) {
  const auto* a = static_cast<const std::byte*>(p);
  const Space space = space_of(p);
  if (space == Space::kNone) return false;
  if (space == Space::kShared) {
    const Block* b = block_of(p);
    if (!b) return false;
    for (const SharedArray& s : b->arrays)
      if (a >= s.data && a + bytes <= s.data + s.bytes) return true;
    return false;
  }
  const Buffer* b = buffer_of(p);
  return b && b->live && a >= b->data && a + bytes <= b->data + b->bytes;
}

Place place_of(const void* p) {
  Place place;
  place.space = space_of(p);
  const auto* a = static_cast<const std::byte*>(p);
  if (place.space == Space::kShared) {
    const Block* b = block_of(p);
    if (!b) return place;
    for (const SharedArray& s : b->arrays)
      if (a >= s.data && a < s.data + s.bytes) return {place.space, s.name, size_t(a - s.data), s.bytes};
    return place;
  }
  if (place.space != Space::kGlobal) return place;
  const Buffer* b = buffer_of(p);
  if (!b || !b->live || a < b->data || a >= b->data + b->bytes) return place;
  return {place.space, b->name, size_t(a - b->data), b->bytes};
}

std::string describe(const void* p) {
  const Place place = place_of(p);
  if (place.bytes)
    return r1::cat("byte ", place.offset, " of ", place.space == Space::kShared ? "shared '" : "buffer '", place.name,
                   "' (", place.bytes, " bytes)");
  const auto* a = static_cast<const std::byte*>(p);
  if (place.space == Space::kGlobal) {
    const Buffer* b = buffer_of(p);
    if (!b) return "device memory that was never allocated";
    if (!b->live) return r1::cat("freed buffer '", b->name, "'");
    return a < b->data ? r1::cat(b->data - a, " bytes before buffer '", b->name, "' (", b->bytes, " bytes)")
                       : r1::cat("byte ", a - b->data, " of buffer '", b->name, "' (", b->bytes, " bytes)");
  }
  if (place.space == Space::kShared) {
    const Block* b = block_of(p);
    if (!b) return "shared memory of no running block";
    const SharedArray* before = nullptr;
    for (const SharedArray& s : b->arrays)
      if (s.data <= a && (!before || s.data > before->data)) before = &s;
    return before ? r1::cat("byte ", a - before->data, " of shared '", before->name, "' (", before->bytes, " bytes)")
                  : std::string("shared memory before the first array");
  }
  return r1::cat("host address ", p);
}

}  // namespace gpu::emu
