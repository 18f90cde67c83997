// The kernels' tests and benchmark as one program that needs CUDA and nothing else: `r1_gpu check | bench | list |
// all`, with --only TEXT (part of a name), --out FOLDER (logs, JSON, Markdown), --runs N, --small 1 (aligned problems
// only). A kernel that fails is reported and the rest goes on; the exit code is 1 if any failed. `r1 bench cuda` runs
// the same. Paper: none.
#include <cstdio>

#include "base/check.h"
#include "kernels/kernel_bench.h"

int main(int argc, char** argv) {
  try {
    r1::KernelBenchOptions o;
    std::string what = argc > 1 ? argv[1] : "all";
    for (int i = 2; i + 1 < argc; i += 2) {
      const std::string key = argv[i];
      if (key == "--only")
        o.only = argv[i + 1];
      else if (key == "--out")
        o.out = argv[i + 1];
      else if (key == "--runs")
        o.runs = std::stoi(argv[i + 1]);
      else if (key == "--small")
        o.small = std::stoi(argv[i + 1]) != 0;
      else
        r1::fail("unknown option ", key, ", expected --only, --out, --runs or --small");
    }
    o.list = what == "list", o.check = what == "check" || what == "all", o.bench = what == "bench" || what == "all";
    if (!o.list && !o.check && !o.bench) r1::fail("unknown command ", what, ", expected check, bench, list or all");
    return r1::run_kernel_bench(o);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "r1_gpu: %s\n", e.what());
    return 1;
  }
}
