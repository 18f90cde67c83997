// One job: compile once, run each test in a new process, judge by what was observed. A run that the sandbox itself lost
// is tried once more with a fresh runner; then the job is unknown. Paper: [R1 §2.2].
#include <chrono>
#include <csignal>

#include "rewards/code/executor.h"

namespace r1 {
namespace {

/// Larger programs are not answers.
constexpr size_t kMaxProgram = size_t{1} << 20;

wire::Limits limits_of(const CodeLimits& l) {
  wire::Limits w;
  w.cpu_ms = static_cast<uint64_t>(l.cpu_ms), w.wall_ms = static_cast<uint64_t>(l.wall_ms);
  w.memory = static_cast<uint64_t>(l.memory_mb) << 20;
  w.output = static_cast<uint64_t>(l.output_bytes);
  return w;
}

wire::Limits compile_limits() {
  wire::Limits w;
  w.cpu_ms = 40000, w.wall_ms = 180000;
  w.memory = uint64_t{2} << 30, w.output = uint64_t{64} << 10;
  w.file = uint64_t{64} << 20, w.disk = uint64_t{160} << 20;
  w.processes = 32, w.open_files = 256;
  return w;
}

bool contains(const std::string& text, const char* word) { return text.find(word) != std::string::npos; }

/// The exec of a compiled program fails when its data does not fit into the limits: its fault, never a mask.
bool too_large_to_start(const wire::RunReply& r) { return contains(r.error, "exec of the compiled program"); }

/// Says how a program ended. Its own words (`err`) only tell "memory" from "exit": both are wrong.
Outcome outcome_of(const wire::RunReply& r, const CodeLimits& l) {
  const auto end = static_cast<wire::End>(r.end);
  const auto stop = static_cast<wire::Stop>(r.stop);
  if (end == wire::End::kSandbox) return too_large_to_start(r) ? Outcome::kMemory : Outcome::kSandbox;
  if (stop == wire::Stop::kOutput) return Outcome::kOutput;
  if (stop == wire::Stop::kDisk) return Outcome::kDisk;
  const auto limit_us = static_cast<uint64_t>(l.cpu_ms) * 1000;
  if (r.cpu_us > limit_us || (end == wire::End::kSignal && r.code == SIGXCPU)) return Outcome::kCpuTime;
  if (stop == wire::Stop::kWall) return Outcome::kWallTime;
  if (r.oom) return Outcome::kMemory;
  const bool complained = contains(r.err, "MemoryError") || contains(r.err, "bad_alloc");
  if (end == wire::End::kSignal) {
    if (r.code == SIGSYS) return Outcome::kForbidden;
    return complained ? Outcome::kMemory : Outcome::kCrash;
  }
  if (r.code != 0) return complained ? Outcome::kMemory : Outcome::kExit;
  return Outcome::kPassed;  // so far: the bytes decide
}

CodeRun read_reply(wire::RunReply& r, const CodeLimits& l) {
  CodeRun run;
  run.outcome = outcome_of(r, l);
  run.code = static_cast<int>(r.code);
  run.cpu_us = static_cast<int64_t>(r.cpu_us), run.wall_us = static_cast<int64_t>(r.wall_us);
  run.max_rss = static_cast<int64_t>(r.max_rss), run.swept = static_cast<int64_t>(r.swept);
  run.out = std::move(r.out), run.err = std::move(r.err);
  if (!r.error.empty()) run.err = r.error;
  return run;
}

std::string describe(const CodeResult& r, size_t tests) {
  if (r.verdict == Verdict::kRight) return cat("all ", tests, " tests passed");
  if (r.runs.empty()) return tests == 0 ? "there are no tests" : "no test was run";
  const CodeRun& last = r.runs.back();
  return cat("test ", r.runs.size(), " of ", tests, ": ", name_of(last.outcome), " (code ", last.code, ", ",
             last.cpu_us / 1000, " ms CPU, ", last.wall_us / 1000, " ms)");
}

Outcome outcome_of(StepResult::End end) {
  switch (end) {
    case StepResult::End::kDone:
      return Outcome::kPassed;
    case StepResult::End::kNotAProgram:
      return Outcome::kCompileError;
    case StepResult::End::kError:
      return Outcome::kExit;
    case StepResult::End::kSteps:
      return Outcome::kCpuTime;
    case StepResult::End::kOutput:
      return Outcome::kOutput;
    case StepResult::End::kMemory:
      return Outcome::kMemory;
  }
  return Outcome::kExit;
}

}  // namespace

wire::RunReply Executor::attempt(SandboxWorker& worker, const wire::Run& request) {
  wire::RunReply reply;
  for (int tries = 0; tries < 2; ++tries) {
    if (tries > 0) {
      std::lock_guard lock(mutex_);
      ++stats_.retries;
    }
    std::string error;
    if (!worker.running()) {
      error = worker.start();
      std::lock_guard lock(mutex_);
      ++stats_.restarts;
    }
    if (error.empty() && worker.run(request, reply)) {
      if (static_cast<wire::End>(reply.end) != wire::End::kSandbox || too_large_to_start(reply)) return reply;
    } else {
      reply = {};
      reply.error = error.empty() ? "the runner was lost" : error;
    }
    {
      std::lock_guard lock(mutex_);
      stats_.last_failure = reply.error;
    }
    if (request.exec == static_cast<uint64_t>(wire::Exec::kCompiled) && !worker.running())
      break;  // its program is gone
  }
  return reply;
}

bool Executor::compile(SandboxWorker& worker, const CodeJob& job, const Toolchain& tool, CodeRun& failure) {
  wire::Run request;
  request.compile = 1;
  request.program = tool.compiler, request.argv = tool.compile_argv, request.readable = tool.compile_readable;
  request.env = {"PATH=/usr/bin:/bin", "TMPDIR=.", "LC_ALL=C"};
  request.source_name = tool.source_name, request.source = job.program, request.collect = tool.compiled_name;
  request.limits = compile_limits();
  wire::RunReply reply = attempt(worker, request);
  CodeLimits limits;
  limits.cpu_ms = static_cast<int64_t>(request.limits.cpu_ms);
  failure = read_reply(reply, limits);
  if (failure.outcome == Outcome::kPassed) return true;
  if (failure.outcome != Outcome::kSandbox) failure.outcome = Outcome::kCompileError;
  return false;
}

CodeRun Executor::run_test(SandboxWorker& worker, const CodeJob& job, const Toolchain& tool, const CodeTest& test) {
  wire::Run request;
  request.exec = static_cast<uint64_t>(tool.interpreted() ? wire::Exec::kFile : wire::Exec::kCompiled);
  request.program = tool.program, request.argv = tool.argv, request.readable = tool.readable;
  if (tool.interpreted()) request.source_name = tool.source_name, request.source = job.program;
  request.input = test.input;
  request.limits = limits_of(job.limits);
  const auto begin = std::chrono::steady_clock::now();
  wire::RunReply reply = attempt(worker, request);
  CodeRun run = read_reply(reply, job.limits);
  run.total_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  if (run.outcome == Outcome::kPassed && !same_output(test.expected, run.out, job.compare))
    run.outcome = Outcome::kWrongAnswer;
  return run;
}

CodeResult run_in_process(const CodeLanguage& language, const CodeJob& job) {
  CodeResult result;
  StepBudget budget;
  budget.output_bytes = job.limits.output_bytes, budget.memory_bytes = job.limits.memory_mb << 20;
  budget.steps = job.limits.cpu_ms * 10000;  // steps, not time: the same on every machine
  for (const CodeTest& test : job.tests) {
    StepResult r = language.run(job.program, test.input, budget);
    CodeRun run;
    run.outcome = outcome_of(r.end);
    run.out = std::move(r.out), run.err = std::move(r.error);
    if (run.outcome == Outcome::kPassed && !same_output(test.expected, run.out, job.compare))
      run.outcome = Outcome::kWrongAnswer;
    result.runs.push_back(std::move(run));
    if (result.runs.back().outcome != Outcome::kPassed && !job.all_tests) break;
  }
  judge_runs(result, job.tests.size());
  result.detail = describe(result, job.tests.size());
  return result;
}

CodeResult Executor::work(SandboxWorker& worker, const CodeJob& job) {
  const CodeLanguage& language = Registry<CodeLanguage>::get().find("code language", job.language);
  CodeResult result;
  CodeRun failure;
  if (job.program.size() > kMaxProgram) {
    failure.outcome = Outcome::kCompileError, failure.err = "the program is larger than 1 MiB";
    result.runs.push_back(failure);
  } else if (language.run) {
    return run_in_process(language, job);
  } else {
    const Toolchain& tool = toolchains_.at(job.language);
    bool ready = true;
    for (int lost = 0; lost < 2;
         ++lost) {  // a runner that dies takes the compiled program along: once more from the start
      result.runs.clear();
      ready = tool.interpreted() || compile(worker, job, tool, failure);
      for (size_t i = 0; ready && i < job.tests.size(); ++i) {
        result.runs.push_back(run_test(worker, job, tool, job.tests[i]));
        if (!worker.running() || (result.runs.back().outcome != Outcome::kPassed && !job.all_tests)) break;
      }
      if (tool.interpreted() || !ready || worker.running()) break;
    }
    if (!ready) result.runs.push_back(failure);
    if (!tool.interpreted()) {
      std::lock_guard lock(mutex_);
      ++stats_.compiled;
    }
  }
  judge_runs(result, job.tests.size());
  result.detail = describe(result, job.tests.size());
  return result;
}

}  // namespace r1
