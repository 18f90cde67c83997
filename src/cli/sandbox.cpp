// `r1 sandbox`: which levels of isolation this machine gives and what it lacks, the escape suite as a table, and what a
// run costs. Paper: none.
#include "cli/command.h"
#include "rewards/code/bench.h"
#include "rewards/code/escape_suite.h"

namespace r1 {
namespace {

constexpr const char* kLevels[] = {
    "processes, limits, private directory, no new rights (no protection against a hostile program)",
    "Landlock file rules and an allow-list of system calls", "own namespaces, read-only root, no network, bounded /tmp",
    "control groups: memory, processes and CPU of a whole run"};

struct SandboxJob {
  ExecutorConfig config;
  int64_t bench = 0;
  bool no_suite = false;
  std::string only;
};

void print_levels(const Executor& e, const ExecutorConfig& c) {
  for (int l = 0; l < 4; ++l) {
    const std::string& lacks = e.missing()[static_cast<size_t>(l)];
    const char* state = l <= e.level() ? "yes" : l > c.max_level ? "not tried" : "no";
    std::printf("level %d  %-9s  %s%s%s\n", l, state, kLevels[l], lacks.empty() ? "" : ": ", lacks.c_str());
  }
  std::printf("Landlock %s; programs run at level %d\n", e.landlock().empty() ? "none" : e.landlock().c_str(),
              e.level());
  for (const auto& [name, t] : e.toolchains())
    std::printf("language %-8s %s\n", name.c_str(), (t.interpreted() ? t.program : t.compiler).c_str());
  for (const auto& [name, why] : e.missing_languages())
    std::printf("language %-8s no: %s\n", name.c_str(), why.c_str());
}

/// Rows of the suite; the number of attempts that worked.
int print_suite(Executor& e, const std::string& only) {
  int escaped = 0, tried = 0;
  for (const EscapeResult& r : run_escape_suite(e, only)) {
    tried += !r.skipped, escaped += r.escaped;
    const std::string result = r.skipped ? "skipped: " + r.how : r.escaped ? "ESCAPED: " + r.how : "held";
    std::printf("%-12s %-46s %-14s %s\n", r.attempt->group, r.attempt->name, name_of(r.outcome), result.c_str());
    std::fflush(stdout);
  }
  std::printf("%d attempts at level %d, %d worked\n", tried, e.level(), escaped);
  return escaped;
}

std::function<int()> setup(CLI::App& app) {
  auto job = std::make_shared<SandboxJob>();
  job->config.min_level = 0;
  job->config.self_test = false;
  app.add_option("--sandbox-min-level", job->config.min_level, "fail below this level")->check(CLI::Range(0, 3));
  app.add_option("--sandbox-max-level", job->config.max_level, "level to try first")->check(CLI::Range(0, 3));
  app.add_option("--workers", job->config.workers, "programs at one time")->check(CLI::Range(1, 256));
  app.add_option("--bench", job->bench, "run this many programs of each kind and report cost and leaks");
  app.add_option("--only", job->only, "attempts with this text in their name");
  app.add_flag("--no-suite", job->no_suite, "do not run the escape suite");
  app.footer(
      "Examples: r1 sandbox\n"
      "          r1 sandbox --sandbox-max-level 1 --only \"read a file\"   one attempt at level 1\n"
      "          r1 sandbox --no-suite --bench 1000                      cost of a run, p50 and p99");
  return [job] {
    Executor executor(job->config);
    print_levels(executor, job->config);
    int escaped = 0;
    if (!job->no_suite) escaped = print_suite(executor, job->only);
    if (job->bench > 0) std::printf("%s", bench_report(bench_executor(executor, job->bench)).c_str());
    return escaped > 0 && executor.level() > 0 ? 1 : 0;
  };
}

R1_REGISTER(Command, "sandbox", {"what isolation this machine gives to model-written programs", setup});

}  // namespace
}  // namespace r1
