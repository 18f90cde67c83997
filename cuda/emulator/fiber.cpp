// Stacks and switches of fibers. Paper: none.
#include "emulator/fiber.hpp"

#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "base/check.h"

#if defined(__SANITIZE_ADDRESS__)
#define EMU_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EMU_ASAN 1
#endif
#endif
#ifdef EMU_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif

#if defined(__x86_64__) && !defined(EMU_UCONTEXT)
#define EMU_SWITCH_X86
#elif defined(__aarch64__) && !defined(EMU_UCONTEXT)
#define EMU_SWITCH_ARM
#endif

namespace gpu::emu {

namespace {

#ifdef EMU_ASAN
constexpr size_t kStackBytes = 256 * 1024;
#else
constexpr size_t kStackBytes = 64 * 1024;
#endif
constexpr size_t kSlot = kStackBytes + kPage;
constexpr size_t kSlabStacks = 64;

std::vector<std::byte*>& slabs() {
  static std::vector<std::byte*> s;
  return s;
}

std::byte* new_slab() {
  void* p =
      mmap(nullptr, kSlabStacks * kSlot, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) r1::fail("emulator: no memory for the stacks of ", kSlabStacks, " more threads");
  auto* low = static_cast<std::byte*>(p);
  for (size_t i = 0; i < kSlabStacks; ++i)
    if (mprotect(low + i * kSlot, kPage, PROT_NONE) != 0)
      r1::fail("emulator: cannot guard a stack by a page of ", kPage, " bytes; the system's are ",
               sysconf(_SC_PAGESIZE));
  return low;
}

}  // namespace

Stack pooled_stack(size_t i) {
  while (slabs().size() <= i / kSlabStacks) slabs().push_back(new_slab());
  return {slabs()[i / kSlabStacks] + (i % kSlabStacks) * kSlot + kPage, kStackBytes};
}

bool in_guard_page(const void* address) {
  for (std::byte* s : slabs()) {
    const auto* a = static_cast<const std::byte*>(address);
    if (a >= s && a < s + kSlabStacks * kSlot) return size_t(a - s) % kSlot < kPage;
  }
  return false;
}

#if defined(EMU_SWITCH_X86)
extern "C" void gpu_emu_switch(void** from, void* to);
asm(R"(
.text
.p2align 4
.globl gpu_emu_switch
.type gpu_emu_switch,@function
gpu_emu_switch:
  .cfi_startproc
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .cfi_endproc
.size gpu_emu_switch,.-gpu_emu_switch
)");
static void* first_frame(std::byte* top, void (*entry)()) {
  void** p = reinterpret_cast<void**>(top);  // 16-byte aligned
  *--p = nullptr;                            // entry's return address: it never returns
  *--p = reinterpret_cast<void*>(entry);     // popped by ret: entry starts with rsp = 16 n + 8, as after a call
  for (int i = 0; i < 6; ++i) *--p = nullptr;
  return p;
}
#elif defined(EMU_SWITCH_ARM)
extern "C" void gpu_emu_switch(void** from, void* to);
asm(R"(
.text
.p2align 4
.globl gpu_emu_switch
.type gpu_emu_switch,%function
gpu_emu_switch:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
)");
static void* first_frame(std::byte* top, void (*entry)()) {
  void** p = reinterpret_cast<void**>(top - 160);
  for (int i = 0; i < 20; ++i) p[i] = nullptr;
  p[11] = reinterpret_cast<void*>(entry);  // x30: where ret goes
  return p;
}
#endif

void prepare(Context& c, const Stack& s, size_t colour, void (*entry)()) {
  // Stacks lie a power of two apart; without an offset their hot ends would share the same few cache sets.
  std::byte* top = s.low + s.bytes - 64 - (colour * 320) % 4096;
  top = reinterpret_cast<std::byte*>(reinterpret_cast<uintptr_t>(top) & ~uintptr_t(63));
  c.stack_low = s.low;
  c.stack_bytes = s.bytes;
  c.fake_stack = nullptr;
#if defined(EMU_SWITCH_X86) || defined(EMU_SWITCH_ARM)
  c.sp = first_frame(top, entry);
#else
  if (!c.ucontext) c.ucontext = new ucontext_t;  // kept for the life of the fiber object, which is pooled
  auto* u = static_cast<ucontext_t*>(c.ucontext);
  getcontext(u);
  u->uc_stack.ss_sp = s.low;
  u->uc_stack.ss_size = size_t(top - s.low);
  u->uc_link = nullptr;
  makecontext(u, entry, 0);
#endif
}

void switch_to(Context& from, Context& to) {
#ifdef EMU_ASAN
  __sanitizer_start_switch_fiber(&from.fake_stack, to.stack_low, to.stack_bytes);
#endif
#if defined(EMU_SWITCH_X86) || defined(EMU_SWITCH_ARM)
  gpu_emu_switch(&from.sp, to.sp);
#else
  if (!from.ucontext) from.ucontext = new ucontext_t;
  swapcontext(static_cast<ucontext_t*>(from.ucontext), static_cast<ucontext_t*>(to.ucontext));
#endif
#ifdef EMU_ASAN
  __sanitizer_finish_switch_fiber(from.fake_stack, nullptr, nullptr);
#endif
}

void adopt_this_thread([[maybe_unused]] Context& c) {
#ifdef EMU_ASAN
  pthread_attr_t a;
  void* low = nullptr;
  size_t bytes = 0;
  if (pthread_getattr_np(pthread_self(), &a) == 0) {
    pthread_attr_getstack(&a, &low, &bytes);
    pthread_attr_destroy(&a);
  }
  c.stack_low = low;
  c.stack_bytes = bytes;
#endif
}

void scrub([[maybe_unused]] const Stack& s) {
#ifdef EMU_ASAN
  __asan_unpoison_memory_region(s.low, s.bytes);
#endif
}

void arrived_on([[maybe_unused]] const Stack& s) {
#ifdef EMU_ASAN
  __sanitizer_start_switch_fiber(nullptr, s.low, s.bytes);
  __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
}

NoLeakCheck::NoLeakCheck() {
#ifdef EMU_ASAN
  __lsan_disable();
#endif
}
NoLeakCheck::~NoLeakCheck() {
#ifdef EMU_ASAN
  __lsan_enable();
#endif
}

void entered() {
#ifdef EMU_ASAN
  __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
}

}  // namespace gpu::emu
