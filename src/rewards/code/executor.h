// Runs model-written programs on hidden tests: jobs go into a bounded queue, each worker thread drives one runner
// process (worker.h), and the judge compares bytes here, so a program never meets an expected output. Asynchronous:
// submit while the engine rolls out, ask for the verdict later; how long the caller had to wait is a figure. Trap: make
// it before threads exist and before a GPU is opened (`first`), and never let it outlive its users. Paper: [R1 §2.2].
#pragma once
#include <array>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "rewards/code/language.h"
#include "rewards/code/outcome.h"
#include "rewards/code/worker.h"

namespace r1 {

struct ExecutorConfig {
  int64_t workers = 2;
  int64_t queue = 1024;
  int64_t min_level = 1;
  int64_t max_level = 3;
  bool self_test = true;
  bool first = false;
  std::string languages;
  template <class V>
  void visit(V& v) {
    v("workers", workers, "programs that run at one time", 1, 256);
    v("queue", queue, "jobs that may wait; a further one waits to be taken", 1, 1 << 20);
    v("min_level", min_level, "sandbox level below which nothing starts (0 only for programs you trust)", 0, 3);
    v("max_level", max_level, "sandbox level that is tried first", 0, 3);
    v("self_test", self_test,
      "run a program of each language and the escape suite at the start; refuse if one fails, the other works");
    v("first", first, "refuse to start when this process already has threads or an open GPU");
    v("languages", languages, "languages that must be there, with commas; empty = what the machine has");
  }
};

/// Sums since the start; `blocked_s` is what callers spent in get(), so 1 - blocked / busy is the overlap.
struct ExecutorStats {
  int64_t jobs = 0, tests = 0, compiled = 0;
  int64_t retries = 0;   ///< runs repeated after a sandbox failure
  int64_t restarts = 0;  ///< runners started anew
  int64_t swept = 0;     ///< processes that programs left behind, ended
  int64_t queue_peak = 0;
  double busy_s = 0, queued_s = 0, blocked_s = 0;
  std::array<int64_t, kOutcomes> outcomes{};  ///< of jobs
  std::string last_failure;                   ///< of the sandbox, "" if there was none
  double overlap() const { return busy_s > 0 && blocked_s < busy_s ? 1 - blocked_s / busy_s : 0; }
};

class Executor {
  struct Ticket;

 public:
  /// Throws Error, one line, if the machine gives less than min_level, a required language is missing, or an escape
  /// attempt passes.
  explicit Executor(const ExecutorConfig& config = {});
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// A result that is being made; copyable, must be asked before the executor ends.
  class Pending {
   public:
    bool ready() const;
    /// Waits for it.
    const CodeResult& get() const;

   private:
    friend class Executor;
    Pending(Executor* e, std::shared_ptr<Ticket> t) : executor_(e), ticket_(std::move(t)) {}
    Executor* executor_;
    std::shared_ptr<Ticket> ticket_;
  };

  /// Queues a job; waits while the queue is full. Throws Error for a language that is unknown or not on this machine.
  Pending submit(CodeJob job);
  CodeResult run(CodeJob job) { return submit(std::move(job)).get(); }

  int level() const { return level_; }
  /// For each level, what this machine lacks; "" if it has it (levels above the first that works are tried first).
  const std::array<std::string, 4>& missing() const { return missing_; }
  const std::string& landlock() const { return landlock_; }
  /// Languages that can be used here, and what is missing for the others.
  const std::map<std::string, Toolchain>& toolchains() const { return toolchains_; }
  const std::map<std::string, std::string>& missing_languages() const { return missing_languages_; }
  ExecutorStats stats() const;
  std::vector<pid_t> runners() const;
  const std::string& directory() const { return directory_; }

 private:
  void shut_down();
  void find_languages();
  wire::Hello hello(int level, int worker) const;
  void find_level();
  void check_languages();
  void serve(size_t worker);
  CodeResult work(SandboxWorker& worker, const CodeJob& job);
  bool compile(SandboxWorker& worker, const CodeJob& job, const Toolchain& tool, CodeRun& failure);
  CodeRun run_test(SandboxWorker& worker, const CodeJob& job, const Toolchain& tool, const CodeTest& test);
  wire::RunReply attempt(SandboxWorker& worker, const wire::Run& request);
  void count(const CodeResult& result, double queued, double busy);

  ExecutorConfig config_;
  std::string runner_, directory_, landlock_;
  int level_ = -1;
  std::array<std::string, 4> missing_;
  std::map<std::string, Toolchain> toolchains_;
  std::map<std::string, std::string> missing_languages_;
  std::vector<std::unique_ptr<SandboxWorker>> workers_;
  std::vector<std::thread> threads_;

  mutable std::mutex mutex_;
  std::condition_variable todo_, done_, room_;
  std::deque<std::shared_ptr<Ticket>> queue_;
  bool stopping_ = false;
  ExecutorStats stats_;
};

/// All tests of a job in a language of our own, here and now; the executor does the same in a worker.
CodeResult run_in_process(const CodeLanguage& language, const CodeJob& job);

}  // namespace r1
