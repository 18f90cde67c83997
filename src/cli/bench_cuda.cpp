// `r1 bench cuda`: every CUDA kernel tested against its CPU twin, then timed beside the device's limits. Paper: none.
#include "cli/bench_cuda.h"

namespace r1 {

void add_cuda_bench(CLI::App& app, CudaBench& b) {
  CLI::App* cuda = app.add_subcommand("cuda", "CUDA kernels against the CPU's, then timed beside copy and cuBLASLt");
  KernelBenchOptions& k = b.kernels;
  cuda->add_option("--kernel", k.kernel, "cases whose name begins with this, for example 'gemm' or 'rmsnorm_fwd/bf16'");
  cuda->add_option("--only", k.only, "cases whose name contains this, for example 'rmsnorm' or 'gemm/bf16'");
  cuda->add_option("--file", k.file,
                   "your own .cu with twins of --kernel, in the place of ours: same tests, same timing");
  cuda->add_option("--emu-step", k.step, "block,thread: show what this thread does in the first case (emulated build)");
  cuda->add_option("--size", k.size, "this problem instead of the cases' own, for example 256,256,64")->delimiter(',');
  cuda->add_option("--out", k.out, "folder for bench.json, bench.md and check.log")->check(CLI::ExistingDirectory);
  cuda->add_option("--runs", k.runs, "runs of each problem that must give the same bits")->check(CLI::Range(1, 1000));
  cuda->add_flag("--small", k.small, "aligned problems only");
  cuda->add_flag("--list", k.list, "list the cases");
  cuda->add_flag("--no-check", b.no_check, "time without testing");
  cuda->add_flag("--no-bench", b.no_bench, "test without timing");
  cuda->footer(
      "Examples:\n  r1 bench cuda --only gemm/bf16 --out runs\n  r1 bench cuda --list\n"
      "  r1 bench cuda --kernel rmsnorm_fwd/bf16 --file examples/my_rmsnorm.cu\n"
      "  r1 bench cuda --kernel softmax_fwd/f32 --emu-step 0,17 --size 2,64\n"
      "In an emulated build, which has no times, the table counts sectors, bank conflicts and barriers:\n"
      "  r1 bench cuda --no-check --only ladder/rmsnorm --size 128,512\n"
      "One kernel under the profiler:\n  ncu --set full --clock-control none -k regex:rmsnorm r1 bench cuda --no-check "
      "--only rmsnorm_fwd/bf16");
}

int bench_cuda(CudaBench b) {
  b.kernels.check = !b.kernels.list && !b.no_check;
  b.kernels.bench = !b.kernels.list && !b.no_bench;
  return run_kernel_bench(b.kernels);
}

}  // namespace r1
