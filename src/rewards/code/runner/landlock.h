// File access by rule: read-only paths and one private directory, everything else refused by the kernel; on newer
// kernels also TCP, abstract sockets and signals. Works without privilege. Trap: it does not cover chmod, utimes and
// metadata; seccomp refuses the first two, stat(2) of outside paths stays possible at level 1. Paper: none.
#pragma once
#include <string>
#include <vector>

namespace r1::runner {

/// The kernel's Landlock version, 0 if it has none.
int landlock_abi();

/// Restricts the calling process for ever (no_new_privs must be set): `readable` read-only, `box` for files.
std::string install_landlock(const std::vector<std::string>& readable, const std::string& box);

}  // namespace r1::runner
