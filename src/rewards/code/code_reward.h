// The checker "code" and its asynchronous form. One executor serves a process: whoever starts a run makes it early and
// installs it here. Without one only languages of our own can run (at once, they need no sandbox); for the others, or
// with tests that cannot be read, the verdict is unknown: masked and counted.
// Paper: [R1 §2.2].
#pragma once
#include <optional>

#include "rewards/code/executor.h"
#include "rewards/code/reference.h"

namespace r1 {

/// Makes `executor` the one that the checker "code" uses, for a scope.
class InstalledExecutor {
 public:
  explicit InstalledExecutor(Executor& executor);
  ~InstalledExecutor();
  InstalledExecutor(const InstalledExecutor&) = delete;
  InstalledExecutor& operator=(const InstalledExecutor&) = delete;
};

/// The installed one, or null.
Executor* installed_executor();

/// A verdict that is known at once (no program in the answer, a broken reference) or being made.
class PendingVerdict {
 public:
  bool ready() const { return !pending_ || pending_->ready(); }
  /// Waits for it.
  CodeResult get() const { return pending_ ? pending_->get() : known_; }

 private:
  friend PendingVerdict submit_code(Executor*, const Problem&, const std::string&);
  CodeResult known_;
  std::optional<Executor::Pending> pending_;
};

/// Begins to judge an answer to a problem whose checker is "code". Never throws.
PendingVerdict submit_code(Executor* executor, const Problem& problem, const std::string& answer);

}  // namespace r1
