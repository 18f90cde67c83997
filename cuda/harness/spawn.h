// Runs a program, without a shell. Paper: none.
#pragma once
#include <string>
#include <vector>

namespace r1::harness {

/// Runs words[0] (found on PATH) with the other words; its output goes to a file. Returns its exit code, 128 + signal
/// if one ended it; throws if it cannot be started.
int run_program(const std::vector<std::string>& words, const std::string& output);

}  // namespace r1::harness
