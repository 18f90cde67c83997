// `r1 pretrain`: a base model from a toy world's corpus. Paper: [V3 §4].
#include "pipeline/pretrain.h"
#include "cli/command.h"
#include "cli/settings.h"

namespace r1 {
namespace {

std::function<int()> setup(CLI::App& app) {
  auto job = std::make_shared<PretrainJob>();
  auto s = std::make_shared<Settings>();
  app.add_option("--run", job->run, "run folder to write")->required();
  app.add_option("--out", job->out, "model directory to write at the end");
  app.add_option("--world", job->world.name, "toy world: math-1 | countdown-3 | r1-1 | ...");
  app.add_option("--seed", job->seed, "seed of weights and documents");
  app.add_option("--threads", job->threads, "threads, 0 = all cores");
  app.add_option_function<std::string>(
         "--device", [job](const std::string& name) { job->device = name == "cuda" ? Device::kCuda : Device::kCpu; },
         "where updates are computed: cpu | cuda (builds with the preset cuda or cuda-emulated)")
      ->check(CLI::IsMember({"cpu", "cuda"}));
  app.add_option("--checkpoint-every", job->checkpoint_every, "updates between checkpoints, 0 = only at the end");
  app.add_option("--gate-every", job->gate_every, "updates between measurements of the gate, 0 = never");
  app.add_flag("--resume", job->resume, "go on from the newest checkpoint of the run");
  app.add_option("--config", s->file, "JSON file with the sections model, train, world");
  app.add_option("--set", s->sets, "one setting, e.g. --set train.updates=100 (repeatable)");
  app.footer(
      "Examples:\n  r1 pretrain --run runs/base --out runs/base/model --config examples/configs/math-1.json\n"
      "  r1 pretrain --run runs/nano --config examples/configs/nano-dense.json --device cuda");
  return [job, s] {
    const Json j = s->read({"model", "train", "world", "grpo", "eval"});
    s->apply(j, "model", job->model);
    s->apply(j, "train", job->train);
    if (j.contains("world")) job->world.recipe = j["world"];
    return run_pretrain(*job);
  };
}

R1_REGISTER(Command, "pretrain", {"train a base model on a toy world", setup});

}  // namespace
}  // namespace r1
