// `r1 report RUN`: report.html beside the run and a summary in the terminal. `r1 report --metrics` prints the page of
// all metrics (paper_notes/metrics.md). Paper: none.
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "base/io.h"
#include "base/log.h"
#include "cli/command.h"
#include "eval/metrics.h"
#include "pipeline/report.h"
#include "rl/metrics.h"

namespace r1 {
namespace {

struct Options {
  std::string run, out;
  std::vector<std::string> compare;
  bool metrics = false, text_only = false;
};

int run_report(const Options& o) {
  if (o.metrics) {
    std::fputs(metrics_page().c_str(), stdout);
    return 0;
  }
  if (o.run.empty()) throw UsageError("report: expected a run folder, such as `r1 report runs/toy`");
  std::vector<Run> runs = {load_run(o.run)};
  for (const auto& folder : o.compare) runs.push_back(load_run(folder));
  std::fputs(report_text(runs, ::isatty(STDOUT_FILENO)).c_str(), stdout);
  if (o.text_only) return 0;
  const std::string path = o.out.empty() ? o.run + (o.run.back() == '/' ? "report.html" : "/report.html") : o.out;
  write_file(path, report_html(runs));
  std::printf("\nreport: %s\n", path.c_str());
  return 0;
}

std::function<int()> setup(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.footer(
      "Examples:\n  r1 report runs/toy\n  r1 report runs/seed100 --compare runs/seed101 runs/seed102 --out seeds.html");
  app.add_option("run", o->run, "run folder (config.json, metrics.jsonl, samples.jsonl)");
  app.add_option("--compare", o->compare, "more run folders, laid over the first");
  app.add_option("--out", o->out, "where to write the page (default: RUN/report.html)");
  app.add_flag("--text", o->text_only, "terminal only, write no page");
  app.add_flag("--metrics", o->metrics, "print every metric with its sentence and leave");
  return [o] { return run_report(*o); };
}

R1_REGISTER(Command, "report", Command{"Show a run: report.html and a summary in the terminal", setup});

}  // namespace
}  // namespace r1
