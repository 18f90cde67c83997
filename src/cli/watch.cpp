// `r1 watch RUN`: one prompt's answer at each evaluation, as the run goes. Follows samples.jsonl and metrics.jsonl,
// which are only ever read; a resumed run (a file that was cut back) starts the display again. Paper: [R1 Table 2].
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <thread>

#include "base/log.h"
#include "base/log_progress.h"
#include "cli/command.h"
#include "eval/reflective.h"
#include "pipeline/report_samples.h"
#include "pipeline/report_svg.h"

namespace r1 {
namespace {

struct Options {
  std::string run;
  int64_t problem = -1;
  bool once = false;
  double poll_s = 0.5;
};

// One display: which problem is watched, which updates were shown.
class Watch {
 public:
  Watch(const Options& o, bool color)
      : options_(o), color_(color), samples_(o.run + "/samples.jsonl"), metrics_(o.run + "/metrics.jsonl") {}

  // Prints what is new. The problem is the one asked for, or the hardest of the first evaluation.
  void step() {
    bool cut = false;
    std::vector<Sample> fresh;
    for (const Json& j : samples_.poll(&cut))
      if (Sample s; sample_from_json(j, s)) fresh.push_back(std::move(s));
    if (cut) shown_.clear(), std::puts(ink("33", "(the run went back to a checkpoint)").c_str());
    if (problem_ < 0) choose(fresh);
    // Figures that came before this look have no answer of the watched problem: they get a line of their own.
    const auto older = figures_;
    for (const Json& j : metrics_.poll()) note_figures(j);
    for (const Sample& s : fresh)
      if (s.problem == problem_ && shown_.insert(s.update).second) show(s);
    for (const auto& [update, line] : older)
      if (figures_.erase(update)) std::puts(ink("2", cat("at update ", update, ": ", line)).c_str());
    std::fflush(stdout);
  }

 private:
  std::string ink(const char* code, const std::string& s) const {
    return color_ ? cat("\033[", code, "m", s, "\033[0m") : s;
  }

  void choose(const std::vector<Sample>& fresh) {
    problem_ = options_.problem;
    if (problem_ >= 0 || fresh.empty()) return;
    const Sample* best = &fresh.front();
    for (const Sample& s : fresh)
      if (s.level > best->level) best = &s;
    problem_ = best->problem;
  }

  void show(const Sample& s) {
    if (prompt_ != s.prompt) {
      prompt_ = s.prompt;
      std::printf("%s\nlevel %lld, right answer %s, problem %lld\n", ink("1", printable(s.prompt, true)).c_str(),
                  static_cast<long long>(s.level), printable(s.reference).c_str(), static_cast<long long>(s.problem));
    }
    const bool right = s.accuracy >= 0.5, form = s.format >= 0.5;
    std::string figures;
    if (const auto it = figures_.find(s.update); it != figures_.end()) {
      figures = ink("2", "   all problems: " + it->second);
      figures_.erase(it);
    }
    std::printf("\n%s  %s  %s  %lld tokens%s\n", ink("1", cat("update ", s.update)).c_str(),
                ink(right ? "32" : "31", right ? "✓ right" : "✗ wrong").c_str(),
                ink(form ? "32" : "31", form ? "✓ form" : "✗ form").c_str(), static_cast<long long>(s.length),
                figures.c_str());
    static const char* const kVerdict[] = {"", "31", "32", "", "35"};
    std::string text;
    for (const MarkedPiece& p : marked_up(s, reflective_words())) {
      const char* code = p.mark == Mark::kTag    ? "2"
                         : p.mark == Mark::kWord ? "33"
                                                 : kVerdict[static_cast<int>(p.verdict)];
      text += *code ? ink(code, printable(p.text, true)) : printable(p.text, true);
    }
    std::puts(text.c_str());
  }

  void note_figures(const Json& j) {
    const auto get = [&](const char* name) -> std::optional<double> {
      const auto it = j.find(name);
      return it == j.end() ? std::nullopt : metric_from_json(*it);
    };
    const auto pass = get("eval/pass_at_1"), update = get("update");
    if (!pass || !update || !(std::abs(*update) < 1e15)) return;
    std::string line = cat("pass@1 ", format_value(*pass, Unit::kPercent, true));
    if (const auto v = get("eval/format")) line += cat(", form ", format_value(*v, Unit::kPercent, true));
    if (const auto v = get("eval/length")) line += cat(", length ", format_value(*v, Unit::kNumber, true));
    if (const auto v = get("eval/reflective")) line += cat(", reflective ", format_value(*v, Unit::kNumber, true));
    figures_[static_cast<int64_t>(*update)] = line;
  }

  const Options& options_;
  bool color_;
  JsonlTail samples_, metrics_;
  int64_t problem_ = -1;
  std::string prompt_;
  std::set<int64_t> shown_;                 // updates whose answer was printed
  std::map<int64_t, std::string> figures_;  // by update, of evaluations not printed yet
};

int run_watch(const Options& o) {
  if (::access(o.run.c_str(), R_OK | X_OK) != 0) fail(o.run, ": no such run folder");
  Watch watch(o, ::isatty(STDOUT_FILENO));
  for (;;) {
    watch.step();
    if (o.once) return 0;
    std::this_thread::sleep_for(std::chrono::duration<double>(o.poll_s));
  }
}

std::function<int()> setup(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.footer("Examples:\n  r1 watch runs/toy\n  r1 watch runs/toy --problem 17\nLeave with Ctrl-C.");
  app.add_option("run", o->run, "run folder, running or finished")->required();
  app.add_option("--problem", o->problem, "number of the problem to watch (default: a hard one)");
  app.add_flag("--once", o->once, "show what is there and leave");
  app.add_option("--poll", o->poll_s, "seconds between looks at the files")->check(CLI::Range(0.05, 3600.0));
  return [o] { return run_watch(*o); };
}

R1_REGISTER(Command, "watch", Command{"Show one prompt's answer at each evaluation as a run goes", setup});

}  // namespace
}  // namespace r1
