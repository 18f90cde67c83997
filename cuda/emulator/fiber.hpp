// Fibers: a stack with a guard page and a saved stack pointer; switching saves the callee-saved registers (x86-64,
// aarch64) or goes through ucontext. All run on one OS thread. Paper: none.
// Trap: under ASan every switch must be announced, and detect_stack_use_after_return must be 0.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gpu::emu {

/// What guard pages and device buffers are multiples of: at least the system's page, which ARM has up to 64 KiB of.
#if defined(__aarch64__)
constexpr size_t kPage = 65536;
#else
constexpr size_t kPage = 4096;
#endif

/// A place to switch to. `entry` runs on the stack at the first switch and must never return.
struct Context {
  void* sp = nullptr;
  void* ucontext = nullptr;  // only in the fallback
  void* fake_stack = nullptr;
  const void* stack_low = nullptr;
  size_t stack_bytes = 0;
};

struct Stack {
  std::byte* low = nullptr;  ///< lowest usable byte; the page below is a guard
  size_t bytes = 0;
};

/// A stack from the pool (number i of a set); never given back to the system.
Stack pooled_stack(size_t i);
/// The stack whose guard page holds `address`, or false.
bool in_guard_page(const void* address);

void prepare(Context& c, const Stack& s, size_t colour, void (*entry)());
void switch_to(Context& from, Context& to);
/// Makes `c` stand for the stack that the caller runs on.
void adopt_this_thread(Context& c);
/// After a fiber was abandoned in mid-flight: forgets what ASan knew of its frames.
void scrub(const Stack& s);
/// While it lives LeakSanitizer ignores what is allocated: frames of a failed launch are left, never unwound.
struct NoLeakCheck {
  NoLeakCheck();
  NoLeakCheck(const NoLeakCheck&) = delete;
  ~NoLeakCheck();
};
/// Tells ASan that execution has come to this stack by other means (a signal handler changed the stack pointer).
void arrived_on(const Stack& s);
/// First statement of an entry function: tells ASan where we came from.
void entered();

}  // namespace gpu::emu
