// `r1 bench cpu`: what the kernels reach on this machine, beside the measured peak and a library. Paper: none.
#include "cli/bench_gemm.h"
#include "cli/command.h"

namespace r1 {
namespace {

std::function<int()> setup(CLI::App& app) {
  auto options = std::make_shared<GemmBench>();
  CLI::App* cpu =
      app.add_subcommand("cpu", "matrix products: the model's shapes and cubes, against oneDNN and the FMA peak");
  cpu->add_option("--rounds", options->rounds, "interleaved rounds a case; the table shows medians")
      ->check(CLI::Range(1, 1000));
  cpu->add_option("--threads", options->threads, "also measure with this many threads; 1: one thread alone")
      ->check(CLI::Range(1, 256));
  cpu->add_option("--slice", options->slice_ms, "shortest measurement in milliseconds")
      ->check(CLI::Range(0.01, 1000.0));
  cpu->add_option("--only", options->only, "cases whose name contains this, for example 'cube' or 'TN'");
  app.require_subcommand(1);
  app.footer("Example: r1 bench cpu --only cube --rounds 21");
  return [options] {
    bench_gemm(*options);
    return 0;
  };
}

R1_REGISTER(Command, "bench", {"measure speed: `r1 bench cpu`", setup});

}  // namespace
}  // namespace r1
