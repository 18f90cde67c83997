// The source line of an instruction. GCC brings a library for it (libbacktrace); where the program is linked with that
// (CMakeLists.txt, with debug information), messages name file and line themselves, else the addr2line call that does.
// Paper: none.
#include <dlfcn.h>

#include <cstring>
#include <map>

#include "emulator/state.hpp"

extern "C" {
struct backtrace_state;
using backtrace_error = void (*)(void*, const char*, int);
using backtrace_line = int (*)(void*, uintptr_t, const char*, int, const char*);
__attribute__((weak)) backtrace_state* backtrace_create_state(const char*, int, backtrace_error, void*);
__attribute__((weak)) int backtrace_pcinfo(backtrace_state*, uintptr_t, backtrace_line, backtrace_error, void*);
}

namespace gpu::emu {

namespace {

/// The outermost frame that lies in a kernel source and not in the emulator's headers; inlined calls come innermost
/// first.
struct Found {
  std::string file;
  int line = 0;
};

int keep(void* data, uintptr_t, const char* file, int line, const char*) {
  auto& found = *static_cast<Found*>(data);
  if (!file || line <= 0) return 0;
  if (std::strstr(file, "/emulator/device_") || std::strstr(file, "/include/c++/")) return 0;
  found = {file, line};
  return 1;
}
void ignore(void*, const char*, int) {}

}  // namespace

Site source_of(const void* pc) {
  static std::map<const void*, Found> known;
  auto [i, fresh] = known.try_emplace(pc);
  if (fresh && backtrace_create_state && backtrace_pcinfo) {
    static backtrace_state* state = backtrace_create_state(nullptr, 0, ignore, nullptr);
    if (state) backtrace_pcinfo(state, reinterpret_cast<uintptr_t>(pc) - 1, keep, ignore, &i->second);
  }
  return {i->second.file.c_str(), i->second.line};
}

std::string str_of_address(const void* pc) {
  const Site s = source_of(pc);
  if (s.line > 0) return str(s);
  Dl_info info{};
  if (!dladdr(pc, &info) || !info.dli_fname) return r1::cat("pc ", pc);
  const char* slash = std::strrchr(info.dli_fname, '/');
  return r1::cat("a plain access after ", current() ? str(current()->at) : "?", " (addr2line -Cie ",
                 slash ? slash + 1 : info.dli_fname, " 0x", std::hex,
                 static_cast<const char*>(pc) - static_cast<const char*>(info.dli_fbase) - 1, ")");
}

}  // namespace gpu::emu
