// What became of a program on its hidden tests. Several words for "not right", because a crash, a timeout and a full
// memory tell a person different things; one bit for the reward, because parts of the tests earn nothing. A sandbox
// failure is no verdict: tried again once, then unknown and masked. Paper: [R1 §2.2].
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "rewards/checker.h"

namespace r1 {

enum class Outcome : uint8_t {
  kPassed,        ///< every test: exit status 0 and the expected bytes
  kWrongAnswer,   ///< exit status 0, other bytes
  kCompileError,  ///< never ran
  kCrash,         ///< ended by a signal that it caused
  kExit,          ///< exit status other than 0
  kWallTime,      ///< still there at the deadline
  kCpuTime,       ///< used more processor time than allowed
  kMemory,        ///< wanted more memory than allowed
  kOutput,        ///< wrote more than allowed
  kDisk,          ///< filled its private directory
  kForbidden,     ///< made a system call that is not on the list
  kSandbox,       ///< we failed, not the program
};
inline constexpr int kOutcomes = 12;

/// "passed", "wrong_answer", ...: for metrics and reports.
const char* name_of(Outcome outcome);

/// How expected and printed bytes are compared.
enum class Compare : uint8_t {
  kExact,  ///< byte for byte, but one newline at the very end may be there or not
  kLines,  ///< the same after blanks at the end of each line and empty lines at the end are cut
};

struct CodeTest {
  std::string input, expected;
};

/// Limits of one test. Memory is address space, so a little more than a program can touch.
struct CodeLimits {
  int64_t cpu_ms = 4000;
  int64_t wall_ms = 20000;  ///< generous: it only has to end what sleeps
  int64_t memory_mb = 256;
  int64_t output_bytes = int64_t{1} << 20;
};

struct CodeJob {
  std::string language;  ///< a registered CodeLanguage
  std::string program;
  std::vector<CodeTest> tests;
  CodeLimits limits;
  Compare compare = Compare::kExact;
  bool all_tests = false;  ///< go on after the first failure (for reports; the verdict is the same)
};

struct CodeRun {
  Outcome outcome = Outcome::kSandbox;
  int code = 0;  ///< exit status or signal
  int64_t cpu_us = 0, wall_us = 0, max_rss = 0, swept = 0;
  double total_ms = 0;   ///< with our own work around it
  std::string out, err;  ///< what it printed, cut at the limits
};

struct CodeResult {
  Verdict verdict = Verdict::kUnknown;
  Outcome outcome = Outcome::kSandbox;  ///< of the first test that was not passed
  std::string detail;                   ///< one line
  std::vector<CodeRun> runs;            ///< one a test that was run
};

/// The judge's whole rule; `expected` is never seen by the program.
bool same_output(const std::string& expected, const std::string& printed, Compare compare);

/// Verdict and outcome of a list of runs of `tests` tests: right only if each was run and passed, and there was one.
void judge_runs(CodeResult& result, size_t tests);

}  // namespace r1
