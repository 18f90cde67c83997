// Prints the trace of one thread beside the kernel's source. Paper: none.
#include "emulator/step.hpp"

#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <vector>

#include "base/check.h"
#include "emulator/state.hpp"

namespace gpu::emu {

namespace {

/// Line n of a source file, without its indent; empty if the file is not there any more.
std::string source_line(const char* file, int n) {
  static std::map<std::string, std::vector<std::string>> files;
  auto [i, fresh] = files.try_emplace(file);
  if (fresh) {
    std::ifstream in(file);
    const char* inside = file;  // ccache may make names relative to the build folder: try them from here
    while (std::strncmp(inside, "../", 3) == 0) inside += 3;
    if (!in) in.open(inside);
    for (std::string line; std::getline(in, line);) i->second.push_back(line);
  }
  if (n < 1 || size_t(n) > i->second.size()) return {};
  const std::string& s = i->second[size_t(n - 1)];
  const size_t start = s.find_first_not_of(" \t");
  return start == std::string::npos ? std::string() : s.substr(start);
}

enum class Pace { kStep, kToBarrier, kRun, kSilent };

struct Walk {
  StepPlan plan;
  std::istream* keys;
  std::ostream* out;
  Pace pace = Pace::kStep;
  uint64_t shown = 0, seen = 0;
  uint64_t launch = 0;
};
std::shared_ptr<Walk> g_walk;

bool is_barrier(const std::string& what) {
  return what.find("sync") != std::string::npos || what.rfind("mbar_wait", 0) == 0 ||
         what.find("_wait") != std::string::npos;
}

void ask(Walk& w) {
  if (!w.keys || w.pace == Pace::kRun || w.pace == Pace::kSilent) return;
  *w.out << "> " << std::flush;
  std::string line;
  if (!std::getline(*w.keys, line) || line == "c") w.pace = Pace::kRun;
  if (line == "b") w.pace = Pace::kToBarrier;
  if (line == "q") w.pace = Pace::kSilent;
}

/// A line at the first event in a launch.
void announce(Walk& w) {
  if (!g_run || w.launch == g_run->id) return;
  w.launch = g_run->id;
  const Launch& c = g_run->config;
  *w.out << "kernel '" << c.name << "', grid (" << c.grid.x << "," << c.grid.y << "," << c.grid.z << "), block ("
         << c.block.x << "," << c.block.y << "," << c.block.z << ")\n";
}

void show(Walk& w, const TraceEvent& e) {
  ++w.seen;
  if (w.pace == Pace::kSilent || w.shown >= w.plan.limit) return;
  ++w.shown;
  announce(w);
  const Site at = e.at.line == kPlainAccess ? source_of(e.at.file) : e.at;
  const std::string place = str(e.at), text = at.line > 0 ? source_line(at.file, at.line) : "";
  *w.out << "#" << e.number << "  " << e.what << "  at " << place;
  if (!text.empty()) *w.out << "\n      " << text;
  *w.out << "\n";
  if (w.shown == w.plan.limit) *w.out << "(more; the limit is " << w.plan.limit << " events)\n";
  if (w.pace == Pace::kToBarrier && !is_barrier(e.what)) return;
  if (w.pace == Pace::kToBarrier) w.pace = Pace::kStep;
  ask(w);
}

}  // namespace

StepPlan parse_step(const std::string& text, const std::string& kernel) {
  StepPlan p;
  p.kernel = kernel;
  long long block = -1;
  int thread = -1, end = -1;
  if (std::sscanf(text.c_str(), "%lld,%d%n", &block, &thread, &end) != 2 || end != int(text.size()) || block < 0 ||
      thread < 0 || thread > 1023)
    r1::fail("step '", text, "', expected block,thread such as 0,17");
  p.block = block;
  p.thread = thread;
  return p;
}

void step_thread(const StepPlan& plan, std::istream* keys, std::ostream& out) {
  g_walk = std::make_shared<Walk>();
  const auto walk = g_walk;
  walk->plan = plan;
  walk->keys = keys;
  walk->out = &out;
  trace_thread(plan.kernel, plan.block, plan.thread, [walk](const TraceEvent& e) { show(*walk, e); });
}

uint64_t stop_steps() {
  trace_thread("", -1, -1, nullptr);
  const uint64_t seen = g_walk ? g_walk->seen : 0;
  g_walk.reset();
  return seen;
}

}  // namespace gpu::emu
