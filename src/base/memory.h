// Memory of this process as the system counts it (Linux: /proc/self/status), to set beside what was planned.
// Trap: VmHWM is the largest resident size ever, file pages included; reset_peak_memory() makes it count from now on.
// Paper: none.
#pragma once
#include <cstddef>
#include <string>

namespace r1 {

struct ProcessMemory {
  size_t resident = 0;  ///< bytes now (VmRSS); 0 where the system does not tell
  size_t peak = 0;      ///< largest so far (VmHWM); 0 where the system does not tell
  size_t file = 0;      ///< of `resident`: pages of files, which is program and libraries (RssFile)
};
ProcessMemory process_memory();

/// Lets `peak` count from now on. False where the system refuses: then it counts from the start of the process.
bool reset_peak_memory();

/// Gives what malloc keeps of freed memory back to the system, where it can (glibc).
void give_memory_back();

/// "12.3 MiB".
std::string format_bytes(double bytes);

}  // namespace r1
