// System calls that a program may make: a list of allowed ones, everything else kills the process. Raw BPF, no
// library. Trap: int arguments are compared in their low 32 bits, as the kernel reads them; pointers in all 64.
// Paper: none.
#pragma once
#include <string>

namespace r1::runner {

/// The one descriptor that execveat may use; above RLIMIT_NOFILE, so nothing can be put there once it is closed.
inline constexpr int kExecFd = 1000;
inline constexpr int kErrorFd = 999;

/// Installs the filter on the calling process (no_new_privs must be set). With `compile` it may start processes.
/// Returns what failed, "" if nothing.
std::string install_seccomp(bool compile);

}  // namespace r1::runner
