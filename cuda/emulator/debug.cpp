// Words for people: where a thread is, what every thread waits for, the trace of one thread, and signals (a wild access
// in a kernel becomes an error of the launch, not of the process). Paper: none.
#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <map>
#include <memory>

#include "emulator/memory.hpp"
#include "emulator/state.hpp"

namespace gpu::emu {

std::string str(const Site& s) {
  if (s.line == kPlainAccess) return str_of_address(s.file);
  const char* slash = std::strrchr(s.file, '/');
  const std::string name = slash ? slash + 1 : s.file;
  return s.line > 0 ? r1::cat(name, ":", s.line) : name;
}

std::string where(const Fiber& f) {
  return r1::cat("block (", f.block_idx.x, ",", f.block_idx.y, ",", f.block_idx.z, "), thread (", f.thread_idx.x, ",",
                 f.thread_idx.y, ",", f.thread_idx.z, ")");
}

namespace {

std::string wait_of(const Fiber& f) {
  switch (f.wait) {
    case Wait::kBlock:
      return "wait in sync()";
    case Wait::kNamed: {
      const NamedBarrier& n = f.block->named[f.wait_arg];
      return r1::cat("wait on named barrier ", f.wait_arg, " (", n.arrived, " of ", n.expected, " came)");
    }
    case Wait::kWarp:
      return r1::cat("wait for the other lanes of mask 0x", std::hex, f.wait_arg);
    case Wait::kMbar: {
      for (const auto& b : g_set.blocks)
        for (const auto& m : b->mbars)
          if (m->address == f.wait_object)
            return r1::cat("wait on the mbarrier at ", describe(f.wait_object), ", parity ", f.wait_arg, " (phase ",
                           m->phase, ", ", m->pending, " of ", m->count, " arrivals and ", m->bytes, " bytes missing)");
      return "wait on an mbarrier";
    }
    case Wait::kGrid:
      return "wait in grid_sync()";
    case Wait::kCluster:
      return "wait in cluster_sync()";
    case Wait::kDone:
      return "have returned";
    case Wait::kNothing:
      break;
  }
  return "can run, last seen";
}

std::string ranges(const std::vector<int>& t) {
  std::string s;
  for (size_t i = 0; i < t.size();) {
    size_t j = i;
    while (j + 1 < t.size() && t[j + 1] == t[j] + 1) ++j;
    s += (s.empty() ? "" : ",") + std::to_string(t[i]) + (j > i ? "-" + std::to_string(t[j]) : "");
    i = j + 1;
    if (s.size() > 60 && i < t.size()) return s + ",...";
  }
  return s;
}

}  // namespace

std::string waits_dump() {
  std::string out;
  size_t lines = 0;
  for (const auto& b : g_set.blocks) {
    std::map<std::string, std::vector<int>> groups;
    for (const Fiber* f : b->fibers)
      groups[wait_of(*f) + (f->wait == Wait::kDone ? "" : " at " + str(f->at))].push_back(f->tid);
    for (const auto& [what, threads] : groups) {
      if (++lines > 12) return out + "; ...";
      out += r1::cat(out.empty() ? "" : "; ", "block ", b->linear, " threads ", ranges(threads), " ", what);
    }
  }
  return out;
}

namespace {

struct Trace {
  std::string kernel;
  int64_t block = -1;
  int thread = -1;
  std::function<void(const TraceEvent&)> see;
  uint64_t number = 0;
};
Trace g_trace;

}  // namespace

void trace_thread(const std::string& name, int64_t block, int thread, std::function<void(const TraceEvent&)> see) {
  g_trace = {name, block, thread, std::move(see), 0};
}

bool trace_wanted(const Run& run, uint64_t block, int thread) {
  return g_trace.see && g_trace.block == int64_t(block) && g_trace.thread == thread &&
         (g_trace.kernel.empty() || g_trace.kernel == run.config.name);
}

void note(Fiber&, const std::string& what, Site at) {
  if (g_trace.see) g_trace.see({what, at, g_trace.number++});
}

void kernel_fail(const char* message, Site at) {
  self();
  fail_thread(message, at);
}

void fail_on_host() { r1::fail("a device function of gpu.hpp was called outside a kernel"); }

// A fault inside a kernel: report on a stack of its own, then leave the fiber for good.
namespace {

struct sigaction g_before_segv, g_before_bus, g_before_fpe;
char g_landing_stack[64 * 1024] __attribute__((aligned(64)));
void* g_fault_address = nullptr;
int g_fault_signal = 0;

Stack landing_stack() { return {reinterpret_cast<std::byte*>(g_landing_stack), sizeof g_landing_stack}; }

[[noreturn]] void landing() {
  arrived_on(landing_stack());
  const Fiber& f = *current();
  if (g_fault_signal == SIGFPE) fail_thread("integer division by zero", f.at);
  const Place place = place_of(g_fault_address);
  if (in_guard_page(g_fault_address)) fail_thread("stack overflow: large local arrays or recursion", f.at);
  if (space_of(g_fault_address) != Space::kNone || place.bytes)
    fail_thread(r1::cat("out-of-bounds access: ", describe(g_fault_address), "; after"), f.at);
  fail_thread(r1::cat("access to address ", g_fault_address, ", which is no device memory; after"), f.at);
}

void on_fault(int sig, siginfo_t* info, void* context) {
  if (!g_self || !on_kernel_thread()) {  // not ours: the default action, once we return to the faulting instruction
    sigaction(sig, sig == SIGSEGV ? &g_before_segv : sig == SIGBUS ? &g_before_bus : &g_before_fpe, nullptr);
    return;
  }
  scrub(landing_stack());  // the last one to land there never returned
  g_fault_address = info->si_addr;
  g_fault_signal = sig;
  auto* u = static_cast<ucontext_t*>(context);
  auto top = reinterpret_cast<uintptr_t>(g_landing_stack + sizeof g_landing_stack - 256) & ~uintptr_t(63);
#if defined(__x86_64__)
  u->uc_mcontext.gregs[REG_RSP] = greg_t(top - 8);  // as after a call
  u->uc_mcontext.gregs[REG_RIP] = greg_t(reinterpret_cast<uintptr_t>(&landing));
#elif defined(__aarch64__)
  u->uc_mcontext.sp = top;
  u->uc_mcontext.pc = reinterpret_cast<uintptr_t>(&landing);
#else
  (void)u;
  (void)top;
  landing();  // on the signal stack: works once, which is better than not at all
#endif
}

}  // namespace

namespace {

pthread_t g_owner;

/// A stack for the signal handler, of this OS thread; a stack that is there already (ASan's) is left alone.
struct AlternateStack {
  std::unique_ptr<char[]> memory;
  AlternateStack() {
    constexpr size_t kBytes = 64 * 1024;
    stack_t old{};
    sigaltstack(nullptr, &old);
    if (!(old.ss_flags & SS_DISABLE)) return;
    memory = std::make_unique<char[]>(kBytes);
    const stack_t s{memory.get(), 0, kBytes};
    sigaltstack(&s, nullptr);
  }
  AlternateStack(const AlternateStack&) = delete;
  ~AlternateStack() {
    if (!memory) return;
    stack_t off{};
    off.ss_flags = SS_DISABLE;
    sigaltstack(&off, nullptr);
  }
};

}  // namespace

namespace {

struct sigaction g_before_host_faults;

void on_host_fault(int sig, siginfo_t* info, void*) {
  if (space_of(info->si_addr) != Space::kGlobal) {
    sigaction(sig, &g_before_host_faults, nullptr);  // not ours: the default action
    return;
  }
  const std::string text = r1::cat("r1: host code touched device memory: ", describe(info->si_addr),
                                   "; expected a kernel, or a copy to the host first\n");
  if (::write(2, text.data(), text.size()) < 0) _exit(2);
  _exit(1);
}

}  // namespace

void report_host_faults() {
  static const bool once = [] {
    struct sigaction a {};
    a.sa_sigaction = on_host_fault;
    a.sa_flags = SA_SIGINFO;
    sigemptyset(&a.sa_mask);
    return sigaction(SIGSEGV, &a, &g_before_host_faults) == 0;
  }();
  (void)once;
}

bool on_kernel_thread() { return pthread_equal(g_owner, pthread_self()) != 0; }

void install_signal_handlers(bool on) {
  g_owner = pthread_self();
  if (!on) {
    sigaction(SIGSEGV, &g_before_segv, nullptr);
    sigaction(SIGBUS, &g_before_bus, nullptr);
    sigaction(SIGFPE, &g_before_fpe, nullptr);
    return;
  }
  static thread_local AlternateStack alternate;
  struct sigaction a {};
  a.sa_sigaction = on_fault;
  a.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigemptyset(&a.sa_mask);
  sigaction(SIGSEGV, &a, &g_before_segv);
  sigaction(SIGBUS, &a, &g_before_bus);
  sigaction(SIGFPE, &a, &g_before_fpe);
}

}  // namespace gpu::emu
