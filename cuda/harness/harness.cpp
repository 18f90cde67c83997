// Runs cases and writes what they gave. Paper: none.
#include "kernels/kernel_bench.h"

#include <chrono>
#include <cstdio>
#include <fstream>

#include "harness/bench.h"
#include "harness/check.h"
#include "harness/emulated.h"
#include "harness/select.h"

namespace r1::harness {

namespace {

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

void write_file(const KernelBenchOptions& o, const char* name, const std::string& text) {
  if (o.out.empty()) return;
  std::ofstream f(o.out + "/" + name, std::ios::binary);
  f << text;
  if (!f) fail("cannot write ", o.out, "/", name);
}

int check_all(const KernelBenchOptions& o, const std::vector<Selected>& cases) {
  int failed = 0, problems = 0;
  std::string log;
  for (const Selected& s : cases) {
    const double start = seconds();
    detect_races(s.of_reader);
    const Verdict v = check_case(s.name, s.run, {.runs = o.runs, .alignments = !o.small, .most_faults = o.faults});
    detect_races(false);
    problems += v.problems, failed += v.faults.empty() ? 0 : 1;
    char line[200];
    std::snprintf(line, sizeof line, "%-28s %4d problems  worst error %6.3f of allowed  %6.2f s  %s%s\n",
                  s.name.c_str(), v.problems, v.worst, seconds() - start, v.faults.empty() ? "ok" : "FAILED",
                  o.file.empty() ? ""
                  : s.of_reader  ? "  (your kernel)"
                                 : "  (ours: your file has none for it)");
    std::string text = line;
    for (const std::string& f : v.faults) text += "    " + f + "\n";
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
    log += text;
    write_file(o, "check.log", log);
  }
  const std::string sum = cat("checks: ", cases.size(), " kernels, ", problems, " problems, ", failed, " failed\n");
  std::fputs(sum.c_str(), stdout);
  write_file(o, "check.log", log + sum);
  return failed > 0;
}

void bench_all(const KernelBenchOptions& o, const std::vector<Selected>& cases, const device::Info& info) {
  if (info.emulated) {  // no time passes there, but work can be counted
    const std::string text = counter_table(cases);
    std::fputs(text.c_str(), stdout);
    return write_file(o, "counters.txt", text);
  }
  const Limits limits = measure_limits();
  std::vector<Timing> rows;
  std::vector<Comparison> both;
  for (const Selected& s : cases)
    for (const Dims& d : s.run.bench) {
      rows.push_back(time_case(s.name, s.ours, d, limits));
      if (s.of_reader) {
        const Timing ours = rows.back();
        rows.push_back(time_case(s.name, s.run, d, limits));
        rows.back().name += " (yours)";
        both.push_back({ours, rows.back()});
      }
      std::fputs(".", stderr);
      write_file(o, "bench.json", json(info, rows, limits));
      write_file(o, "bench.md", markdown(info, rows, limits));
    }
  std::fputs("\n", stderr);
  std::fputs(table(rows, limits).c_str(), stdout);
  if (!both.empty()) std::fputs(comparison_table(both).c_str(), stdout);
}

}  // namespace

}  // namespace r1::harness

namespace r1 {

using namespace harness;

int run_kernel_bench(const KernelBenchOptions& o) {
  if (o.list) {
    for (const auto& [name, c] : Registry<KernelCase>::get().entries())
      std::printf("%-28s %s: %zu problems to check, %zu to time\n", name.c_str(), c.dims, c.check.size(),
                  c.bench.size());
    return 0;
  }
  std::vector<Selected> cases = select_cases(o);
  if (!o.file.empty()) R1_CHECK(!o.kernel.empty(), "--file ", o.file, " needs --kernel NAME, the kernel it replaces");
  const device::Info info = device::info();
  std::printf("%s, compute capability %d.%d, driver %s, CUDA %s, %d multiprocessors, %d / %d MHz, %zu MiB\n",
              info.name.c_str(), info.major, info.minor, info.driver.c_str(), info.runtime.c_str(), info.sms,
              info.clock_mhz, info.memory_mhz, info.memory_bytes >> 20);
  if (!o.file.empty()) load_reader(o, cases);
  if (!o.step.empty()) return step_case(o, cases.front()), 0;
  int failed = 0;
  if (o.check) failed = check_all(o, cases);
  if (o.bench) bench_all(o, cases, info);
  if (!info.emulated)
    std::printf("one kernel under the profiler: ncu --set full -k regex:NAME r1_gpu bench --only CASE\n");
  return failed;
}

}  // namespace r1
