// Executors of a given level for tests, and answers with a fence around a program.
#pragma once
#include <memory>
#include <string>

#include "rewards/code/code_reward.h"
#include "support/catch.h"

namespace r1_test {

/// An executor of exactly this level, or null after a WARN that says what the machine lacks.
inline std::unique_ptr<r1::Executor> executor_at(int level, int workers = 2, bool self_test = false) {
  r1::ExecutorConfig c;
  c.workers = workers, c.min_level = c.max_level = level, c.self_test = self_test;
  try {
    return std::make_unique<r1::Executor>(c);
  } catch (const r1::Error& e) {
    if (std::string(e.what()).rfind("sandbox: this machine gives no level", 0) != 0) throw;  // anything else is a fault
    WARN("skipped: " << e.what());
    return nullptr;
  }
}

/// The best level from 1 up; null (with a WARN) on a machine that has none.
inline std::unique_ptr<r1::Executor> best_executor(int workers = 2) {
  r1::ExecutorConfig c;
  c.workers = workers, c.self_test = false;
  try {
    return std::make_unique<r1::Executor>(c);
  } catch (const r1::Error& e) {
    if (std::string(e.what()).rfind("sandbox: this machine gives no level", 0) != 0) throw;  // anything else is a fault
    WARN("skipped: " << e.what());
    return nullptr;
  }
}

inline std::string fenced(const std::string& program, const std::string& word = "python") {
  return "```" + word + "\n" + program + (program.empty() || program.back() != '\n' ? "\n" : "") + "```";
}

inline r1::CodeJob python(const std::string& program, std::vector<r1::CodeTest> tests, r1::CodeLimits limits = {}) {
  r1::CodeJob job;
  job.language = "python", job.program = program, job.tests = std::move(tests), job.limits = limits;
  return job;
}

inline bool has(const r1::Executor& e, const std::string& language) {
  if (e.toolchains().count(language)) return true;
  WARN("skipped: no language " << language << " on this machine");
  return false;
}

}  // namespace r1_test
