// One runner process and our end of its socket. It is started by posix_spawn (never a fork of the trainer's memory),
// found beside the program, and started anew when it dies. Paper: none.
#pragma once
#include <sys/types.h>

#include <atomic>
#include <string>
#include <vector>

#include "rewards/code/wire.h"

namespace r1 {

/// Where r1-runner is: R1_RUNNER, else beside this program or one directory up. Throws Error naming the places.
std::string find_runner();

class SandboxWorker {
 public:
  SandboxWorker(std::string runner, wire::Hello hello) : runner_(std::move(runner)), hello_(std::move(hello)) {}
  ~SandboxWorker() { stop(); }
  SandboxWorker(const SandboxWorker&) = delete;
  SandboxWorker& operator=(const SandboxWorker&) = delete;

  /// Starts the process and sets up its level; "" or what the machine lacks for it.
  std::string start();
  /// One run. False if the runner died, spoke nonsense or did not answer in time: it is ended, call start() again.
  bool run(const wire::Run& request, wire::RunReply& reply);
  void stop();
  bool running() const { return pid_ > 0; }
  pid_t pid() const { return pid_; }
  const wire::HelloReply& greeting() const { return greeting_; }

 private:
  bool send(const std::string& frame, int64_t deadline_ms);
  bool receive(void* to, size_t n, int64_t deadline_ms);
  template <class M>
  bool receive_message(wire::Kind kind, M& message, uint64_t max_bytes, int64_t deadline_ms);
  void remove_cgroups();

  std::string runner_;
  wire::Hello hello_;
  wire::HelloReply greeting_;
  std::atomic<pid_t> pid_{-1};  ///< read by others for reports
  int fd_ = -1;
};

}  // namespace r1
