// Level 2: the worker moves, once, into namespaces of its own (user, mount, network without interfaces, IPC, UTS) and
// into a read-only root that holds nothing but the named paths; each run then gets a process namespace and a mount
// namespace with an empty /tmp of bounded size. Setting up once and cloning twice a run costs a millisecond; making
// all of it for each run (as bubblewrap does) costs eight. Paper: none.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace r1::runner {

/// The user that candidates have inside.
inline constexpr unsigned kInnerUser = 1000;

/// Leaves our world for ever. `outer_uid` is what kInnerUser is outside (root only; an ordinary user keeps his own).
/// Returns what the machine lacks, "" if nothing.
std::string enter_namespaces(const std::string& root, const std::vector<std::string>& visible, unsigned outer_uid);

/// fork() into new process and mount namespaces.
pid_t fork_isolated();

/// In the child of fork_isolated: an empty /tmp that belongs to the candidate.
std::string mount_private_tmp(uint64_t bytes, uint64_t inodes);

}  // namespace r1::runner
