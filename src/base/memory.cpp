// Reads and resets what Linux counts. Paper: none.
#include "base/memory.h"

#if __has_include(<malloc.h>)
#include <malloc.h>
#endif

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace r1 {

namespace {

/// Bytes of the line "NAME:   1234 kB"; 0 if it is not there.
size_t kilobytes(const std::string& status, const std::string& name) {
  const size_t at = status.find("\n" + name + ":");
  return at == std::string::npos ? 0 : static_cast<size_t>(std::atoll(status.c_str() + at + name.size() + 2)) * 1024;
}

}  // namespace

ProcessMemory process_memory() {
  std::ifstream file("/proc/self/status");
  const std::string status((std::istreambuf_iterator<char>(file)), {});
  return {kilobytes(status, "VmRSS"), kilobytes(status, "VmHWM"), kilobytes(status, "RssFile")};
}

bool reset_peak_memory() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5\n";  // "5": the peak becomes the present size
  file.flush();
  return static_cast<bool>(file);
}

void give_memory_back() {
#if defined(__GLIBC__)
  ::malloc_trim(0);
#endif
}

std::string format_bytes(double bytes) {
  const char* const units[]{"B", "KiB", "MiB", "GiB", "TiB"};
  int u = 0;
  while (bytes >= 1024 && u < 4) bytes /= 1024, ++u;
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %s", bytes, units[u]);
  return text;
}

}  // namespace r1
