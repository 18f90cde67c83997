// `r1 r1-zero`: GRPO with rule rewards on a base model. Paper: [R1 §2].
#include "pipeline/r1_zero.h"
#include "cli/command.h"
#include "cli/settings.h"

namespace r1 {
namespace {

std::function<int()> setup(CLI::App& app) {
  auto job = std::make_shared<R1ZeroJob>();
  auto s = std::make_shared<Settings>();
  auto preset = std::make_shared<std::string>("toy");
  app.add_option("--base", job->base, "model directory of the base")->required();
  app.add_option("--run", job->run, "run folder to write")->required();
  app.add_option("--out", job->out, "model directory to write at the end");
  app.add_option("--preset", *preset, "defaults of GRPO: toy | paper");
  app.add_option("--world", job->world.name, "toy world: math-1 | countdown-3 | r1-1 | ...");
  app.add_option("--task", job->world.task, "ask this task's problems alone, for example one part of r1-1: code-1");
  app.add_option("--seed", job->seed, "seed of questions and sampling");
  app.add_option("--threads", job->threads, "threads, 0 = all cores");
  app.add_flag("--run-programs", job->run_programs,
               "judge programs in an executor, in a sandbox, while the engine draws");
  app.add_option("--sandbox-min-level", job->executor.min_level, "refuse to run programs below this level (r1 sandbox)")
      ->check(CLI::Range(0, 3));
  app.add_option("--eval-every", job->eval_every, "rollouts between evaluations, 0 = only start and end");
  app.add_option("--checkpoint-every", job->checkpoint_every, "rollouts between checkpoints");
  app.add_flag("--keep-models", job->keep_models, "write a model directory at each evaluation: RUN/models/ROLLOUT");
  app.add_flag("--resume", job->resume, "go on from the newest checkpoint of the run");
  app.add_option("--config", s->file, "JSON file with the sections grpo, eval, world");
  app.add_option("--set", s->sets, "one setting, e.g. --set grpo.lr=1e-4 (repeatable)");
  app.footer("Example: r1 r1-zero --base data/math-1-base --run runs/zero --config examples/configs/math-1.json");
  return [job, s, preset] {
    job->grpo = grpo_preset(*preset);
    job->executor.first = true;
    const Json j = s->read({"model", "train", "world", "grpo", "eval"});
    s->apply(j, "grpo", job->grpo);
    s->apply(j, "eval", job->eval);
    if (j.contains("world")) job->world.recipe = j["world"];
    return run_r1_zero(*job);
  };
}

R1_REGISTER(Command, "r1-zero", {"reinforcement learning with rule rewards alone, from a base model", setup});

}  // namespace
}  // namespace r1
