// The last steps of a process that is about to become the program: limits, user, rights, rules, exec. Each failure ends
// it with a message to the supervisor, so a program never runs with less protection than its level. Paper: none.
#pragma once
#include <string>

#include "rewards/code/runner/cgroup.h"
#include "rewards/code/wire.h"

namespace r1::runner {

/// What a worker has set up once.
struct Sandbox {
  wire::Hello hello;
  Cgroup cgroup;
  int compiled = -1;          ///< memory file with the last compilation's result
  int proc = -1;              ///< level 3: /proc as it was outside
  uint64_t process_base = 0;  ///< tasks our user has already, where the candidate shares our user
  bool same_user() const { return hello.uid == 0; }
};

struct CandidateFds {
  int in, out, err, error, exec;
  int parent;  ///< the supervisor's process id as the child sees it
};

/// Never returns: becomes the program, or writes what failed to `fds.error` and exits.
[[noreturn]] void become_candidate(const wire::Run& run, const Sandbox& sandbox, const std::string& box,
                                   const CandidateFds& fds);

}  // namespace r1::runner
