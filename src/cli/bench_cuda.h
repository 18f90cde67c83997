// `r1 bench cuda`. Paper: none.
#pragma once
#include <CLI/CLI.hpp>

#include "kernels/kernel_bench.h"

namespace r1 {

struct CudaBench {
  KernelBenchOptions kernels;
  bool no_check = false, no_bench = false;
};
/// Declares the subcommand `cuda`.
void add_cuda_bench(CLI::App& app, CudaBench& b);
int bench_cuda(CudaBench b);

}  // namespace r1
