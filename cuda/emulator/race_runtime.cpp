// What code compiled with -fsanitize=thread calls at every memory access, in place of the real runtime: all fibers
// share one OS thread, so no locks are needed, and every access of a kernel can be checked for extent, alignment, races
// and values that nobody wrote. Paper: none.
#include <cstring>

#include "emulator/memory.hpp"
#include "emulator/state.hpp"

namespace gpu::emu {

namespace race {
extern bool g_instrumented;
}

namespace {

void on_access(void* address, size_t bytes, bool writes, void* pc) {
  Fiber* f = current();
  if (!f || !on_kernel_thread()) return;
  const auto offset = size_t(static_cast<std::byte*>(address) - range_base());
  if (offset >= range_bytes()) return;
  if (!inside_object(address, bytes))
    fail_thread(r1::cat("out-of-bounds ", writes ? "write" : "read", " of ", bytes, " bytes: ", describe(address)),
                Site{static_cast<const char*>(pc), kPlainAccess});
  if (bytes <= 16 && (bytes & (bytes - 1)) == 0 && reinterpret_cast<uintptr_t>(address) % bytes != 0)
    fail_thread(r1::cat("misaligned ", writes ? "write" : "read", " of ", bytes, " bytes: ", describe(address),
                        ", expected a multiple of ", bytes),
                Site{static_cast<const char*>(pc), kPlainAccess});
  if (f->early) check_early(address, writes ? "write" : "read", Site{static_cast<const char*>(pc), kPlainAccess});
  if (f->traced)
    note(*f, r1::cat(writes ? "write " : "read ", bytes, " bytes, ", describe(address)),
         Site{static_cast<const char*>(pc), kPlainAccess});
  const Site at{static_cast<const char*>(pc), kPlainAccess};  // put into words only when it is needed
  count_request(*f, address, bytes, at);
  if (race::enabled() && writes) race::write(*f, address, bytes, at);
  if (race::enabled() && !writes) race::read(*f, address, bytes, at);
  const int every = options().yield_every;
  if (every > 0 && ++f->accesses % uint32_t(every) == 0) yield_current(f->at);
}

}  // namespace
}  // namespace gpu::emu

using gpu::emu::on_access;

#define EMU_CALLER __builtin_extract_return_addr(__builtin_return_address(0))
#define EMU_ACCESS(n)                                                            \
  void __tsan_read##n(void* p) { on_access(p, n, false, EMU_CALLER); }           \
  void __tsan_write##n(void* p) { on_access(p, n, true, EMU_CALLER); }           \
  void __tsan_unaligned_read##n(void* p) { on_access(p, n, false, EMU_CALLER); } \
  void __tsan_unaligned_write##n(void* p) { on_access(p, n, true, EMU_CALLER); } \
  void __tsan_read_write##n(void* p) { on_access(p, n, true, EMU_CALLER); }      \
  void __tsan_volatile_read##n(void* p) { on_access(p, n, false, EMU_CALLER); }  \
  void __tsan_volatile_write##n(void* p) { on_access(p, n, true, EMU_CALLER); }

// Atomics of the host code around kernels (reference counts of std::function): plain ones do on one thread and are also
// right on several. The types are those of the compiler's own declarations, which -fsanitize=address brings in.
#define EMU_FETCH(n, T, op)                                     \
  T __tsan_atomic##n##_fetch_##op(volatile void* p, T v, int) { \
    return __atomic_fetch_##op(VP(T, p), v, __ATOMIC_SEQ_CST);  \
  }
#define EMU_EXCHANGE(n, T, kind, weak)                                                                             \
  bool __tsan_atomic##n##_compare_exchange_##kind(volatile void* p, void* e, T v, int, int) {                      \
    return __atomic_compare_exchange_n(VP(T, p), static_cast<T*>(e), v, weak, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
  }
#define VP(T, p) static_cast<volatile T*>(p)
#define EMU_ATOMIC(n, T)                                                                                         \
  T __tsan_atomic##n##_load(const volatile void* p, int) {                                                       \
    return __atomic_load_n(static_cast<const volatile T*>(p), __ATOMIC_SEQ_CST);                                 \
  }                                                                                                              \
  void __tsan_atomic##n##_store(volatile void* p, T v, int) { __atomic_store_n(VP(T, p), v, __ATOMIC_SEQ_CST); } \
  T __tsan_atomic##n##_exchange(volatile void* p, T v, int) {                                                    \
    return __atomic_exchange_n(VP(T, p), v, __ATOMIC_SEQ_CST);                                                   \
  }                                                                                                              \
  EMU_FETCH(n, T, add)                                                                                           \
  EMU_FETCH(n, T, sub)                                                                                           \
  EMU_FETCH(n, T, and)                                                                                           \
  EMU_FETCH(n, T, or) EMU_FETCH(n, T, xor) EMU_EXCHANGE(n, T, strong, false) EMU_EXCHANGE(n, T, weak, true)

extern "C" {
void __tsan_init() { gpu::emu::race::g_instrumented = true; }
void __tsan_func_entry(void*) {}
void __tsan_func_exit(void*) {}
EMU_ACCESS(1)
EMU_ACCESS(2)
EMU_ACCESS(4)
EMU_ACCESS(8)
EMU_ACCESS(16)
void __tsan_read_range(void* p, long n) { on_access(p, size_t(n), false, EMU_CALLER); }
void __tsan_write_range(void* p, long n) { on_access(p, size_t(n), true, EMU_CALLER); }
void __tsan_vptr_update(void*, void*) {}
void __tsan_vptr_read(void*) {}
void* __tsan_memcpy(void* to, const void* from, size_t n) {
  on_access(const_cast<void*>(from), n, false, EMU_CALLER);
  on_access(to, n, true, EMU_CALLER);
  return std::memcpy(to, from, n);
}
void* __tsan_memmove(void* to, const void* from, size_t n) {
  on_access(const_cast<void*>(from), n, false, EMU_CALLER);
  on_access(to, n, true, EMU_CALLER);
  return std::memmove(to, from, n);
}
void* __tsan_memset(void* to, int v, size_t n) {
  on_access(to, n, true, EMU_CALLER);
  return std::memset(to, v, n);
}
EMU_ATOMIC(8, unsigned char)
EMU_ATOMIC(16, unsigned short)
EMU_ATOMIC(32, unsigned)
EMU_ATOMIC(64, unsigned long)
void __tsan_atomic_thread_fence(int) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
void __tsan_atomic_signal_fence(int) {}
}
