// Reads /proc where there is one; a missing figure is left out, never guessed. Paper: none.
#include "base/log_machine.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <string>
#include <thread>

#include "base/types.h"

namespace r1 {
namespace {

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.rfind("model name", 0) == 0)
      if (const size_t colon = line.find(": "); colon != std::string::npos) return line.substr(colon + 2);
  return "";
}

}  // namespace

Json machine_info() {
  Json j;
#ifdef R1_VERSION
  j["code"] = R1_VERSION;
#endif
#if defined(__clang__)
  j["compiler"] = "clang " __clang_version__;
#else
  j["compiler"] = "g++ " __VERSION__;
#endif
  j["real"] = sizeof(real) == 8 ? "double" : "float";
  if (const std::string name = cpu_name(); !name.empty()) j["cpu"] = name;
  j["cores"] = std::thread::hardware_concurrency();
  const double bytes = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGE_SIZE));
  if (bytes > 0) j["memory_gb"] = std::round(bytes / 1e8) / 10;
  if (utsname u{}; ::uname(&u) == 0) j["system"] = cat(u.sysname, " ", u.release);
  return j;
}

}  // namespace r1
