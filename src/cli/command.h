// A command of the `r1` program: one self-registering file each. Paper: none.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "base/registry.h"

namespace r1 {

/// Declares options on `app` and returns what to run once they are parsed; the int is the exit code.
struct Command {
  std::string help;  ///< one line for `r1 --help`
  std::function<std::function<int()>(CLI::App& app)> setup;
};

}  // namespace r1
