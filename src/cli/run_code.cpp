// `r1 run-code`: judges one program on tests, as the reward does. Paper: none.
#include "base/io.h"
#include "base/json_file.h"
#include "cli/command.h"
#include "rewards/code/executor.h"
#include "rewards/code/reference.h"

namespace r1 {
namespace {

struct RunCodeJob {
  std::string file, tests, language, compare = "exact";
  ExecutorConfig config;
  CodeLimits limits;
  bool show = false;
};

std::string language_of(const std::string& file) {
  const std::string ending = file.substr(std::min(file.size(), file.rfind('.') + 1));
  for (const auto& [name, language] : Registry<CodeLanguage>::get().entries())
    for (const std::string& word : language.fences)
      if (word == ending) return name;
  throw UsageError(cat(file, ": no language has the ending '", ending, "', expected --language"));
}

/// One {"in": ..., "out": ...} a line; read by the same strict reader as a problem's reference.
std::vector<CodeTest> read_tests(const std::string& path, const std::string& language) {
  std::istringstream in(read_text(path, uint64_t{32} << 20));
  std::string list;
  for (std::string line; std::getline(in, line);)
    if (!line.empty()) list += (list.empty() ? "" : ",\n") + line;
  return read_reference(cat("{\"language\": \"", language, "\", \"tests\": [", list, "]}"), path).tests;
}

int run_code(const RunCodeJob& o) {
  const std::string language = o.language.empty() ? language_of(o.file) : o.language;
  CodeJob job{language,
              read_text(o.file, 1 << 20),
              read_tests(o.tests, language),
              o.limits,
              o.compare == "lines" ? Compare::kLines : Compare::kExact,
              true};
  Executor executor(o.config);
  const CodeResult r = executor.run(job);
  for (size_t i = 0; i < r.runs.size(); ++i) {
    const CodeRun& run = r.runs[i];
    std::printf("test %-4zu %-13s code %-4d %6.1f ms CPU %7.1f ms %6.1f MiB\n", i + 1, name_of(run.outcome), run.code,
                static_cast<double>(run.cpu_us) / 1e3, static_cast<double>(run.wall_us) / 1e3,
                static_cast<double>(run.max_rss) / (1 << 20));
    if (o.show && run.outcome != Outcome::kPassed)
      std::printf("stdout:\n%s\nstderr:\n%s\n", run.out.c_str(), run.err.c_str());
  }
  const char* verdict = r.verdict == Verdict::kRight ? "right" : r.verdict == Verdict::kWrong ? "wrong" : "unknown";
  std::printf("%s at level %d: %s\n", verdict, executor.level(), r.detail.c_str());
  return r.verdict == Verdict::kRight ? 0 : 1;
}

std::function<int()> setup(CLI::App& app) {
  auto job = std::make_shared<RunCodeJob>();
  job->config.workers = 1;
  app.add_option("file", job->file, "the program")->required();
  app.add_option("--tests", job->tests, "one {\"in\": \"...\", \"out\": \"...\"} a line")->required();
  app.add_option("--language", job->language, "instead of the file's ending");
  app.add_option("--compare", job->compare, "exact or lines")->check(CLI::IsMember({"exact", "lines"}));
  app.add_option("--cpu-ms", job->limits.cpu_ms, "processor time of a test")->check(CLI::Range(10, 600000));
  app.add_option("--wall-ms", job->limits.wall_ms, "time of a test")->check(CLI::Range(10, 3600000));
  app.add_option("--memory-mb", job->limits.memory_mb, "address space of a test")->check(CLI::Range(32, 65536));
  app.add_option("--sandbox-min-level", job->config.min_level, "refuse to run below this level")
      ->check(CLI::Range(0, 3));
  app.add_flag("--show", job->show, "print what failed tests printed");
  app.footer(
      "Example: printf 'print(int(input()) * 2)\\n' > double.py\n"
      "         echo '{\"in\": \"21\\n\", \"out\": \"42\\n\"}' > tests.jsonl\n"
      "         r1 run-code double.py --tests tests.jsonl");
  return [job] { return run_code(*job); };
}

R1_REGISTER(Command, "run-code", {"judge a program on hidden tests in the sandbox", setup});

}  // namespace
}  // namespace r1
