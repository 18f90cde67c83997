// `r1 bench cuda`: every CUDA kernel tested against its CPU twin, then timed beside the device's limits. Paper: none.
#include "cli/bench_cuda.h"

namespace r1 {

void add_cuda_bench(CLI::App& app, CudaBench& b) {
  CLI::App* cuda = app.add_subcommand("cuda", "CUDA kernels against the CPU's, then timed beside copy and cuBLASLt");
  cuda->add_option("--only", b.kernels.only, "cases whose name contains this, for example 'rmsnorm' or 'gemm/bf16'");
  cuda->add_option("--out", b.kernels.out, "folder for bench.json, bench.md and check.log")
      ->check(CLI::ExistingDirectory);
  cuda->add_option("--runs", b.kernels.runs, "runs of each problem that must give the same bits")
      ->check(CLI::Range(1, 1000));
  cuda->add_flag("--small", b.kernels.small, "aligned problems only");
  cuda->add_flag("--list", b.kernels.list, "list the cases");
  cuda->add_flag("--no-check", b.no_check, "time without testing");
  cuda->add_flag("--no-bench", b.no_bench, "test without timing");
  cuda->footer(
      "Examples:\n  r1 bench cuda --only gemm/bf16 --out runs\n  r1 bench cuda --list\n"
      "One kernel under the profiler:\n  ncu --set full --clock-control none -k regex:rmsnorm r1 bench cuda --no-check "
      "--only rmsnorm_fwd/bf16");
}

int bench_cuda(CudaBench b) {
  b.kernels.check = !b.kernels.list && !b.no_check;
  b.kernels.bench = !b.kernels.list && !b.no_bench;
  return run_kernel_bench(b.kernels);
}

}  // namespace r1
