// Programming languages of the executor, self-registering. Two kinds: programs of the machine (an interpreter, or a
// compiler and what it makes), run in the sandbox; and small languages of our own, interpreted in this process with a
// budget of steps, which need no sandbox because they can do nothing but compute. Paper: none.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/registry.h"

namespace r1 {

/// How a program of the machine is started. All paths are absolute and resolved.
struct Toolchain {
  std::string source_name;                ///< what the program is called in its directory
  std::string program;                    ///< interpreter; "" = what the compiler made
  std::vector<std::string> argv;          ///< of the run
  std::vector<std::string> readable;      ///< read-only paths of the run
  std::string compiler;                   ///< "" = interpreted
  std::vector<std::string> compile_argv;  ///< makes `compiled_name`
  std::string compiled_name;
  std::vector<std::string> compile_readable;
  std::string sample;  ///< prints ok: what is run first
  bool interpreted() const { return compiler.empty(); }
};

/// Budget of an in-process run; a language must stop at each of them.
struct StepBudget {
  int64_t steps = 1000000;
  int64_t output_bytes = int64_t{1} << 20;
  int64_t memory_bytes = int64_t{64} << 20;
};

/// What an in-process language reports. It must be a function of its arguments, must not throw, and must return soon.
struct StepResult {
  enum class End : uint8_t { kDone, kNotAProgram, kError, kSteps, kOutput, kMemory } end = End::kError;
  std::string out, error;
};
using StepRun = StepResult (*)(std::string_view program, std::string_view input, const StepBudget& budget);

/// R1_REGISTER(CodeLanguage, "python", {...}): exactly one of `find` and `run` is set.
struct CodeLanguage {
  std::vector<std::string> fences;  ///< words that may stand behind ``` for it; no word is always allowed
  Toolchain (*find)() = nullptr;    ///< looks on this machine; throws Error saying what is missing
  StepRun run = nullptr;
};

/// Runs a trusted program outside the sandbox and returns its stdout; throws Error naming it if it does not exit 0.
std::string output_of(const std::vector<std::string>& argv);

}  // namespace r1
