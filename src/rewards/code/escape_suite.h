// Attempts to get out of the sandbox, each a program with a way to see from outside whether it worked. Run once when an
// executor starts, as a table by `r1 sandbox`, and by the tests, where the same attempts must succeed with the sandbox
// off: an attempt that cannot succeed shows nothing. Paper: none.
#pragma once
#include <string>
#include <vector>

#include "rewards/code/executor.h"

namespace r1 {

struct EscapeAttempt {
  const char* group;
  const char* name;
  const char* language;
  const char* program;
  bool open_at_0 = false;  ///< must work at level 0 (the test's control; those that would do harm are not run there)
  bool safe_at_0 = true;   ///< does no harm at level 0
  CodeLimits limits = {.cpu_ms = 2000, .wall_ms = 30000, .memory_mb = 256, .output_bytes = 1 << 16};
};

/// All of them, grouped.
const std::vector<EscapeAttempt>& escape_attempts();

struct EscapeResult {
  const EscapeAttempt* attempt = nullptr;
  bool skipped = false;  ///< its language is not on this machine
  bool escaped = false;
  std::string how;  ///< what was seen
  Outcome outcome = Outcome::kSandbox;
};

/// Runs all, or those that are safe at level 0 when the executor's level is 0. `only`: names with that text in them.
std::vector<EscapeResult> run_escape_suite(Executor& executor, const std::string& only = "");

/// Throws Error naming the first attempt that worked.
void require_no_escape(Executor& executor);

/// Live processes whose parent is one of these, after waiting up to two seconds for them to go.
std::vector<pid_t> lingering(const std::vector<pid_t>& parents);

}  // namespace r1
