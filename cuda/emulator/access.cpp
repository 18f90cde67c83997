// Explicit memory accesses of kernels: vector loads and stores, atomics, volatile loads; extent and alignment checks.
// Paper: none.
#include <cmath>
#include <cstring>

#include "emulator/memory.hpp"
#include "emulator/state.hpp"

namespace gpu::emu {

void check_access(const void* p, size_t bytes, size_t align, const char* what, Site at) {
  if (reinterpret_cast<uintptr_t>(p) % align != 0)
    fail_thread(
        r1::cat("misaligned ", what, " of ", bytes, " bytes: ", describe(p), ", expected a multiple of ", align), at);
  if (!inside_object(p, bytes))
    fail_thread(r1::cat("out-of-bounds ", what, " of ", bytes, " bytes: ", describe(p)), at);
  if (current()->early) check_early(p, what, at);
}

void check_early(const void* p, const char* what, Site at) {
  if (space_of(p) == Space::kGlobal)
    fail_thread(r1::cat(what, " of ", describe(p), " before griddep_wait(): the kernel before may still run"), at);
}

void check_shared(const void* p, size_t bytes, size_t align, const char* what, Site at) {
  if (space_of(p) != Space::kShared) fail_thread(r1::cat(what, ": expected shared memory, got ", describe(p)), at);
  check_access(p, bytes, align, what, at);
  if (block_of(p) != current()->block) fail_thread(r1::cat(what, ": shared memory of another block"), at);
}

void check_global(const void* p, size_t bytes, size_t align, const char* what, Site at) {
  if (space_of(p) != Space::kGlobal) fail_thread(r1::cat(what, ": expected device memory, got ", describe(p)), at);
  check_access(p, bytes, align, what, at);
}

namespace {

void note_access(Fiber& f, const char* what, const void* p, size_t bytes, Site at) {
  if (f.traced) note(f, r1::cat(what, " ", bytes, " bytes, ", describe(p)), at);
  f.at = at;
}

/// Vectors held in the thread's own frame go through the same calls; nothing to check there.
bool own_frame(const Fiber& f, const void* p) { return p >= f.stack.low && p < f.stack.low + f.stack.bytes; }

}  // namespace

void read(void* to, const void* from, size_t bytes, Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (!own_frame(f, from)) {
    check_access(from, bytes, bytes, "load", at);
    note_access(f, "load", from, bytes, at);
    count_request(f, from, bytes, at);
    if (race::enabled()) race::read(f, from, bytes, at);
  }
  std::memcpy(to, from, bytes);
}

void write(void* to, const void* from, size_t bytes, Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (!own_frame(f, to)) {
    check_access(to, bytes, bytes, "store", at);
    note_access(f, "store", to, bytes, at);
    count_request(f, to, bytes, at);
    if (race::enabled()) race::write(f, to, bytes, at);
  }
  std::memcpy(to, from, bytes);
}

void read_volatile(void* to, const void* from, size_t bytes, Site at) {
  yield_current(at);
  Fiber& f = static_cast<Fiber&>(self());
  check_access(from, bytes, bytes, "volatile load", at);
  note_access(f, "volatile load", from, bytes, at);
  if (race::enabled()) race::on_atomic(f, from, bytes, false, at);
  std::memcpy(to, from, bytes);
}

namespace {

template <class T>
T combine(AtomicOp op, T old, T v) {
  switch (op) {
    case AtomicOp::kAdd:
      if constexpr (std::is_same_v<T, int>) return int(unsigned(old) + unsigned(v));
      return T(old + v);
    case AtomicOp::kMax:
      return old > v ? old : v;
    case AtomicOp::kMin:
      return old < v ? old : v;
    case AtomicOp::kExchange:
      return v;
    case AtomicOp::kOr:
      break;
  }
  if constexpr (std::is_integral_v<T>) return T(old | v);
  fail_thread("atomic_or of a float", current()->at);
}

/// Others may run before it: an atomic in a loop must let the awaited thread go on.
template <class T>
T atomic_any(AtomicOp op, T* p, T v, Site at) {
  yield_current(at);
  Fiber& f = static_cast<Fiber&>(self());
  check_access(p, sizeof(T), sizeof(T), "atomic", at);
  note_access(f, "atomic", p, sizeof(T), at);
  if (race::enabled()) race::on_atomic(f, p, sizeof(T), true, at);
  const T old = *p;
  *p = combine(op, old, v);
  return old;
}

}  // namespace

int atomic(AtomicOp op, int* p, int v, Site at) { return atomic_any(op, p, v, at); }
unsigned atomic(AtomicOp op, unsigned* p, unsigned v, Site at) { return atomic_any(op, p, v, at); }
unsigned long long atomic(AtomicOp op, unsigned long long* p, unsigned long long v, Site at) {
  return atomic_any(op, p, v, at);
}
float atomic(AtomicOp op, float* p, float v, Site at) { return atomic_any(op, p, v, at); }

uint64_t atomic_cas(void* p, uint64_t expected, uint64_t v, size_t bytes, Site at) {
  yield_current(at);
  Fiber& f = static_cast<Fiber&>(self());
  check_access(p, bytes, bytes, "atomic", at);
  note_access(f, "atomic_cas", p, bytes, at);
  if (race::enabled()) race::on_atomic(f, p, bytes, true, at);
  uint64_t old = 0;
  std::memcpy(&old, p, bytes);
  if (old == expected) std::memcpy(p, &v, bytes);
  return old;
}

float approximate(double exact, float x, double unit) {
  const auto y = float(exact);
  if (options().noise_seed == 0 || !std::isfinite(y) || y == 0) return y;
  uint64_t h = (uint64_t(bits_of(x)) << 32 | bits_of(y)) ^ (options().noise_seed * 0x9e3779b97f4a7c15ull);
  h = (h ^ (h >> 29)) * 0xbf58476d1ce4e5b9ull;
  h ^= h >> 32;
  const int ulps = int(h % 5) - 2;
  const double ulp = std::ldexp(1.0, std::ilogb(y) - 23);
  const float moved = unit > ulp ? float(exact + double(ulps) * unit) : float_of(bits_of(y) + uint32_t(ulps));
  return std::isfinite(moved) && (unit > 0 || (moved < 0) == (y < 0)) ? moved : y;
}

}  // namespace gpu::emu
