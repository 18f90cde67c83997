// Runs the parts of the layout probe in child processes, each as far as it gets. Paper: none.
#pragma once
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "layout_probe.hpp"

namespace probe {

/// The child: parts from `first` on; tells the parent through `progress` which one it begins.
[[noreturn]] inline void run_child(const std::vector<Part>& parts, size_t first, int progress) {
  for (size_t i = first; i < parts.size(); ++i) {
    if (write(progress, &i, sizeof i) != ssize_t(sizeof i)) _exit(3);
    Rng rng(i + 1);
    try {
      parts[i].run(rng);
    } catch (const std::exception& e) {
      std::printf("FAILED: %s: %s\n", parts[i].name.c_str(), e.what());
      std::fflush(stdout);
      _exit(1);
    }
    std::fflush(stdout);
  }
  _exit(0);
}

inline int run_parts(const std::vector<Part>& parts) {
  int failed = 0;
  for (size_t next = 0; next < parts.size();) {
    int ends[2];
    if (pipe(ends) != 0) r1::fail("layout probe: no pipe");
    std::fflush(stdout);
    const pid_t child = fork();
    if (child < 0) r1::fail("layout probe: no process");
    if (child == 0) run_child(parts, next, ends[1]);
    close(ends[1]);
    size_t begun = next;
    while (read(ends[0], &begun, sizeof begun) == ssize_t(sizeof begun)) {
    }
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) break;
    if (!WIFEXITED(status)) std::printf("FAILED: %s: signal %d\n", parts[begun].name.c_str(), WTERMSIG(status));
    ++failed;
    next = begun + 1;
  }
  return failed;
}

}  // namespace probe
