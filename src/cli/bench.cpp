// `r1 bench`: what the kernels and the whole model reach on this machine, beside its measured peak and a library.
// Paper: none.
#include "cli/bench_cuda.h"
#include "cli/bench_gemm.h"
#include "cli/bench_model.h"
#include "cli/bench_rewards.h"
#include "cli/command.h"

namespace r1 {
namespace {

struct Options {
  GemmBench gemm;
  ModelBench model;
  CudaBench cuda;
  RewardBench rewards;
  bool no_model = false, no_gemm = false;
};

void add_model_options(CLI::App& app, ModelBench& m) {
  app.add_option("--config", m.config, "file with the sections model and train, or a built-in model config");
  app.add_option("--seconds", m.seconds, "shortest measurement of training or rollout")->check(CLI::Range(0.01, 600.0));
}

void add_one(CLI::App& app, const char* name, const char* help, ModelBench& m) {
  CLI::App* one = app.add_subcommand(name, help);
  add_model_options(*one, m);
  one->add_option("--rounds", m.rounds, "measurements; medians are printed")->check(CLI::Range(1, 1000));
  one->add_option("--threads", m.threads, "threads")->check(CLI::Range(1, 256));
  one->add_option("--samples", m.samples, "answers of a rollout")->check(CLI::Range(16, 1 << 20));
  one->add_flag("--json", m.json, "print one JSON object");
}

std::function<int()> setup(CLI::App& app) {
  auto o = std::make_shared<Options>();
  CLI::App* cpu = app.add_subcommand(
      "cpu", "matrix products against oneDNN and the FMA peak; training and decode beside their floors");
  cpu->add_option("--rounds", o->gemm.rounds, "interleaved rounds a case; the table shows medians")
      ->check(CLI::Range(1, 1000));
  cpu->add_option("--threads", o->gemm.threads, "also measure with this many threads; 1: one thread alone")
      ->check(CLI::Range(1, 256));
  cpu->add_option("--slice", o->gemm.slice_ms, "shortest measurement of a product in milliseconds")
      ->check(CLI::Range(0.01, 1000.0));
  cpu->add_option("--only", o->gemm.only, "cases whose name contains this, for example 'cube' or 'TN'");
  cpu->add_flag("--no-model", o->no_model, "matrix products only");
  cpu->add_flag("--no-gemm", o->no_gemm, "training and decode only");
  add_model_options(*cpu, o->model);
  add_one(app, "train", "pre-training tokens a second of a config, beside the floor", o->model);
  add_one(app, "rollout", "rollout tokens a second of a config, beside the floor", o->model);
  add_cuda_bench(app, o->cuda);
  CLI::App* rewards = app.add_subcommand("rewards", "verdicts a second of every checker");
  rewards->add_option("--threads", o->rewards.threads, "threads")->check(CLI::Range(1, 256));
  rewards->add_option("--seconds", o->rewards.seconds, "shortest measurement")->check(CLI::Range(0.01, 600.0));
  app.require_subcommand(1);
  app.footer(
      "Examples:\n  r1 bench cpu --only cube --rounds 21\n  r1 bench train --config small --threads 2\n"
      "PyTorch beside it: python3 tests/peers/torch_toy.py --help");
  return [o, &app] {
    if (app.got_subcommand("cuda")) return bench_cuda(o->cuda);
    if (app.got_subcommand("rewards")) return bench_rewards(o->rewards), 0;
    if (app.got_subcommand("train")) return bench_train(o->model), 0;
    if (app.got_subcommand("rollout")) return bench_rollout(o->model), 0;
    if (!o->no_gemm) bench_gemm(o->gemm);
    if (o->no_model) return 0;
    o->model.rounds = o->gemm.rounds, o->model.threads = o->gemm.threads;
    std::printf("\n%s, %d threads; floor = max(FLOP / FMA peak, bytes / copy bandwidth)\n", o->model.config.c_str(),
                o->model.threads);
    bench_train(o->model);
    bench_rollout(o->model);
    return 0;
  };
}

R1_REGISTER(Command, "bench", {"measure speed: `r1 bench cpu`, `cuda`, `train`, `rollout`, `rewards`", setup});

}  // namespace
}  // namespace r1
