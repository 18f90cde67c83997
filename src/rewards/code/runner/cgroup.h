// Level 3: memory, process and CPU limits that the kernel keeps for all processes of a run together, where the machine
// lets us make a control group (version 2 or the older 1). The worker itself moves in, once, and candidates are born
// there: moving a process costs a grace period of the kernel, 5 to 15 ms. Files are opened before the worker changes
// its root: inside, /sys does not exist. Paper: none.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace r1::runner {

class Cgroup {
 public:
  /// Makes the groups `name` below ours; returns what is missing, "" if nothing.
  std::string make(const std::string& name);
  /// Limits of the next run.
  std::string limit(uint64_t memory, uint64_t processes) const;
  /// The calling process moves in.
  std::string join() const;
  /// Times that the memory limit killed a process so far.
  uint64_t oom_kills() const;
  /// What was made, for whoever cleans up after a killed worker.
  const std::vector<std::string>& directories() const { return directories_; }
  /// Moves the calling process back out and removes them.
  void remove();

 private:
  std::string add(const std::string& parent, const std::string& name, const std::string& controllers);
  int keep(const std::string& directory, const std::string& file, int flags);

  std::vector<std::string> directories_, names_;
  std::vector<int> parents_, parent_procs_, procs_;
  int memory_max_ = -1, pids_max_ = -1, events_ = -1;
};

}  // namespace r1::runner
