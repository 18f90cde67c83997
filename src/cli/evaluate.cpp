// `r1 evaluate`: pass@1, cons@k, pass@k and the rest of the figures of one or more models on held-out problems.
// Paper: [R1 App. D.1].
#include "pipeline/evaluate.h"
#include "base/json_file.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/settings.h"
#include "pipeline/gate.h"
#include "pipeline/model_dir.h"

namespace r1 {
namespace {

struct EvaluateJob {
  std::vector<std::string> models;
  std::string json;
  uint64_t seed = 0, problems = 1000;
  int threads = 0;
  bool gate = false;
  WorldConfig world;
  EvalConfig eval;
};

std::string percent(const Interval& i) {
  char text[64];
  std::snprintf(text, sizeof text, "%5.1f%% (%.1f-%.1f)", 100 * i.value, 100 * i.lo, 100 * i.hi);
  return text;
}

Json evaluate_model(const EvaluateJob& job, const std::string& dir, ThreadPool& pool) {
  ModelDir model = load_model_dir(dir);
  const World world(job.world, std::move(model.tokenizer));
  const PolicyEvaluation e = evaluate_policy(*model.model, world, job.eval, job.problems, job.seed, 0, pool);
  std::printf("%s\n  %s\n  pass@1 %s  cons@%lld %s\n", dir.c_str(), eval_line(e).c_str(),
              percent(e.summary.all.pass_at_1).c_str(), static_cast<long long>(e.summary.cons_k),
              percent(e.summary.all.cons).c_str());
  for (const auto& [k, interval] : e.summary.pass_at)
    std::printf("  pass@%-4lld %s\n", static_cast<long long>(k), percent(interval).c_str());
  Record record(0, 0);
  put(record, e);
  Json out{{"model", dir}, {"eval", fields::to_json(job.eval)}, {"figures", Json::object()}};
  for (const auto& [name, value] : record.values()) out["figures"][name] = value;
  if (job.gate) {
    const GateReport g = measure_gate(*model.model, world, 200, pool);
    const std::string failed = g.failed();
    std::printf("  gate: %s\n        %s\n", g.line().c_str(), failed.empty() ? "passed" : failed.c_str());
    out["gate"] = Json{{"line", g.line()}, {"failed", failed}};
  }
  std::fflush(stdout);
  return out;
}

std::function<int()> setup(CLI::App& app) {
  auto job = std::make_shared<EvaluateJob>();
  auto s = std::make_shared<Settings>();
  app.add_option("models", job->models, "model directories")->required();
  app.add_option("--world", job->world.name, "toy world whose problems are asked");
  app.add_option("--task", job->world.task, "ask this task's problems alone, for example one part of r1-1: code-1");
  app.add_option("--seed", job->seed, "seed of the draws");
  app.add_option("--problems-seed", job->problems, "seed of the problem set");
  app.add_option("--threads", job->threads, "threads, 0 = all cores");
  app.add_option("--json", job->json, "write all figures to this file");
  app.add_flag("--gate", job->gate, "measure the gate of math-1 too");
  app.add_option("--config", s->file, "JSON file with the sections eval, world");
  app.add_option("--set", s->sets, "one setting, e.g. --set eval.samples=256 (repeatable)");
  app.footer(
      "Example: r1 evaluate runs/zero/model --config examples/configs/math-1.json --set eval.temperature=0.6 "
      "--set eval.top_p=0.95");
  return [job, s] {
    const Json j = s->read({"model", "train", "world", "grpo", "eval"});
    s->apply(j, "eval", job->eval);
    if (j.contains("world")) job->world.recipe = j["world"];
    ThreadPool pool(job->threads);
    Json all = Json::array();
    for (const std::string& dir : job->models) all.push_back(evaluate_model(*job, dir, pool));
    if (!job->json.empty()) write_json_file(job->json, all);
    return 0;
  };
}

R1_REGISTER(Command, "evaluate", {"figures of models on held-out problems", setup});

}  // namespace
}  // namespace r1
