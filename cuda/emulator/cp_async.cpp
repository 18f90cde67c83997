// cp.async: bytes on their way from global to shared memory. The copy is made at once or at the wait, by coin flip;
// until the wait the destination is poison or, in the race build, an error to touch. Paper: none.
#include <cstring>

#include "emulator/memory.hpp"
#include "emulator/state.hpp"

namespace gpu::emu {

namespace {

void land(Fiber& f, CpAsync& c, Site at) {
  if (!c.done) {
    std::memcpy(c.to, c.from, c.valid);
    std::memset(c.to + c.valid, 0, size_t(c.bytes - c.valid));
    c.done = true;
  }
  if (!race::enabled()) return;
  race::landed(c.to, c.bytes);
  race::write(f, c.to, c.bytes, at);  // again: others may read it only after a barrier that follows this wait
}

}  // namespace

void cp_async(void* smem, const void* global, int bytes, int from, Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, r1::cat("cp_async ", bytes, " bytes, ", describe(global), " to ", describe(smem)), at);
  f.at = at;
  if (from < 0 || from > bytes) fail_thread(r1::cat("cp_async of ", from, " bytes, expected 0..", bytes), at);
  const auto size = size_t(bytes);
  check_shared(smem, size, size, "cp_async to", at);
  if (reinterpret_cast<uintptr_t>(global) % size != 0)
    fail_thread(r1::cat("misaligned cp_async from ", describe(global), ", expected a multiple of ", bytes), at);
  if (from > 0) check_global(global, size_t(from), 1, "cp_async from", at);
  if (from > 0) count_request(f, global, size_t(from), at);
  count_request(f, smem, size, at);
  if (race::enabled()) {
    if (from > 0) race::read(f, global, size_t(from), at);
    race::in_flight(f, smem, size, false, at);
  }
  CpAsync c{static_cast<std::byte*>(smem), static_cast<const std::byte*>(global), uint8_t(bytes), uint8_t(from), false};
  if (late()) {
    std::memset(smem, kPoison, size);
  } else {
    std::memcpy(c.to, c.from, c.valid);
    std::memset(c.to + c.valid, 0, size_t(c.bytes - c.valid));
    c.done = true;
  }
  f.open_copies.push_back(c);
}

void cp_async_commit(Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, "cp_async_commit", at);
  f.copy_groups.push_back(std::move(f.open_copies));
  f.open_copies.clear();
}

void cp_async_wait(int pending, Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, r1::cat("cp_async_wait ", pending), at);
  while (f.copy_groups.size() > size_t(pending)) {
    for (CpAsync& c : f.copy_groups.front()) land(f, c, at);
    f.copy_groups.pop_front();
  }
}

/// What a thread leaves under way is completed by the hardware.
void thread_ends_async(Fiber& f) {
  const Site at = f.at;
  for (auto& g : f.copy_groups)
    for (CpAsync& c : g) land(f, c, at);
  for (CpAsync& c : f.open_copies) land(f, c, at);
  f.copy_groups.clear();
  f.open_copies.clear();
  finish_stores(f, 0);
  wgmma_thread_ends(f);
}

}  // namespace gpu::emu
