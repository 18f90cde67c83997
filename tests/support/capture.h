// Calls a registered command as a user does, and keeps what it printed.
#pragma once
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "base/io.h"
#include "base/log_jsonl.h"
#include "cli/command.h"
#include "support/files.h"

namespace r1_test {

/// Runs a command; what it printed is in `out` (stdout is redirected to a file for the while).
inline int call(const std::string& name, std::vector<std::string> arguments, std::string* out = nullptr) {
  CLI::App app("r1");
  const auto action = r1::Registry<r1::Command>::get().find("command", name).setup(app);
  std::reverse(arguments.begin(), arguments.end());  // CLI11 parses a vector from its back
  app.parse(arguments);
  TempDir dir;
  std::fflush(stdout);
  const int saved = ::dup(1);
  std::FILE* file = std::fopen((dir / "out").c_str(), "wb");
  ::dup2(::fileno(file), 1);
  const auto restore = [&] {
    std::fflush(stdout);
    ::dup2(saved, 1);
    ::close(saved);
    std::fclose(file);
  };
  int code = 0;
  try {
    code = action();
  } catch (...) {
    restore();
    throw;
  }
  restore();
  if (out) *out = r1::read_text(dir / "out");
  return code;
}

}  // namespace r1_test
