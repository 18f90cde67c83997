// The kernels' tests and benchmark as one program that needs CUDA and nothing else. A kernel that fails is reported and
// the rest goes on; the exit code is 1 if any failed. `r1 bench cuda` runs the same. Paper: none.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "kernels/kernel_bench.h"

namespace {

constexpr const char* kUsage =
    "r1_gpu check | bench | list | all [options]\n"
    "  --kernel NAME     cases whose name begins with this: gemm, rmsnorm_fwd/bf16\n"
    "  --only TEXT       cases whose name contains this\n"
    "  --file MY.cu      your own twins of --kernel, in the place of ours: same tests, same timing\n"
    "  --emu-step B,T    show what thread T of block B does in the first case (emulated build)\n"
    "  --size M,N,...    this problem instead of the cases' own\n"
    "  --runs N          runs of each problem that must give the same bits (2)\n"
    "  --small 1         aligned problems only\n"
    "  --faults N        a case ends with the problem at which it has so many faults (8)\n"
    "  --out FOLDER      check.log, bench.json, bench.md\n"
    "Examples:\n"
    "  r1_gpu all --kernel rmsnorm_fwd/bf16 --file examples/my_rmsnorm.cu\n"
    "  r1_gpu check --kernel softmax_fwd/f32 --emu-step 0,17 --size 2,64\n"
    "  r1_gpu bench --only ladder/rmsnorm --size 128,512\n";

int64_t number(const std::string& key, const std::string& text) {
  char* end = nullptr;
  const long long v = std::strtoll(text.c_str(), &end, 10);
  if (text.empty() || *end || v < 0 || v > 1 << 30) r1::fail(key, " ", text, ", expected a whole number of at least 0");
  return v;
}

std::vector<int64_t> numbers(const std::string& key, const std::string& text) {
  std::vector<int64_t> v;
  for (size_t at = 0, comma = 0; comma != std::string::npos; at = comma + 1) {
    comma = text.find(',', at);
    v.push_back(number(key, text.substr(at, comma - at)));
  }
  return v;
}

void take(r1::KernelBenchOptions& o, const std::string& key, const std::string& value) {
  if (key == "--only")
    o.only = value;
  else if (key == "--kernel")
    o.kernel = value;
  else if (key == "--file")
    o.file = value;
  else if (key == "--emu-step")
    o.step = value;
  else if (key == "--size")
    o.size = numbers(key, value);
  else if (key == "--out")
    o.out = value;
  else if (key == "--runs")
    o.runs = int(number(key, value));
  else if (key == "--faults")
    o.faults = std::max(1, int(number(key, value)));
  else if (key == "--small")
    o.small = number(key, value) != 0;
  else
    r1::fail("unknown option ", key, ", expected one of those that r1_gpu --help shows");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    r1::KernelBenchOptions o;
    const std::string what = argc > 1 ? argv[1] : "all";
    if (what == "--help" || what == "-h" || what == "help") return std::fputs(kUsage, stdout), 0;
    o.list = what == "list", o.check = what == "check" || what == "all", o.bench = what == "bench" || what == "all";
    if (!o.list && !o.check && !o.bench) r1::fail("unknown command ", what, ", expected check, bench, list or all");
    for (int i = 2; i < argc; i += 2) {
      if (i + 1 == argc) r1::fail("option ", argv[i], ", expected a value after it");
      take(o, argv[i], argv[i + 1]);
    }
    return r1::run_kernel_bench(o);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "r1_gpu: %s\n", e.what());
    return 1;
  }
}
