// R1-Zero. Paper: [R1 §2].
#include "pipeline/r1_zero.h"

#include <cstdio>

#include "base/io.h"
#include "base/log_progress.h"
#include "base/memory.h"
#include "model/dense.h"
#include "pipeline/interrupt.h"
#include "pipeline/memory_report.h"
#include "pipeline/model_dir.h"
#include "pipeline/report.h"
#include "pipeline/run_folder.h"
#include "rewards/code/code_reward.h"
#include "rewards/code/metrics.h"
#include "rewards/repetition.h"
#include "rl/metrics.h"
#include "rl/trainer.h"
#include "tasks/reflection.h"
#include "train/metrics.h"

namespace r1 {

namespace {

/// Everything of one run that its steps share.
struct Session {
  const R1ZeroJob& job;
  const ModelConfig& config;
  const World& world;
  CausalLm& policy;
  ThreadPool& pool;
  RunFolder& run;
  Progress& progress;
  MemoryReport& memory;
  ExecutorStats judged;  ///< at the last record
};

Json describe(const R1ZeroJob& job, const ModelDir& base, const World& world) {
  Json j = Json::object();
  j["kind"] = "r1-zero";
  j["seed"] = job.seed;
  j["base"] = Json{{"dir", job.base}};
  j["world"] =
      Json{{"name", job.world.name}, {"template", job.world.chat_template}, {"recipe", world.corpus().recipe()}};
  if (!job.world.task.empty()) j["world"]["task"] = job.world.task;
  j["model"] = fields::to_json(base.config);
  j["grpo"] = fields::to_json(job.grpo);
  j["eval"] = fields::to_json(job.eval);
  j["eval_every"] = job.eval_every;
  return j;
}

Environment environment(const R1ZeroJob& job, const World& world) {
  Environment env;
  env.problem = [&](uint32_t rollout, uint32_t question) {
    return world.task().problem(job.seed, Split::kTrain,
                                rollout * static_cast<uint32_t>(job.grpo.questions) + question);
  };
  env.encode = [&](const Problem& p) { return world.prompt(p); };
  env.judge = [&](const Problem& p, const std::vector<token_t>& ids) { return world.begin_judging(p, ids); };
  env.eos = world.eos();
  return env;
}

void log_rollout(Session& s, const GrpoTrainer& trainer, const RolloutReport& r, Record& record) {
  const double n = static_cast<double>(std::max<int64_t>(1, r.stats.tokens));
  record.set(kRewardAccuracy, r.accuracy)
      .set(kRewardFormat, r.format)
      .set(kRewardLanguage, r.language)
      .set(kRewardTotal, r.reward)
      .set(kRewardUnknown, r.unknown)
      .set(kRolloutWaited, r.waited_s);
  record.set(kRolloutLength, r.length).set(kRolloutTruncated, r.truncated).set(kRolloutZeroVariance, r.zero_variance);
  record.set(kRolloutTokens, static_cast<double>(r.tokens) / r.rollout_s)
      .set(kRolloutSeconds, r.rollout_s)
      .set(kUpdateSeconds, r.update_s + r.reference_s);
  double words = 0, answers = 0, loops = 0;
  for (const Group& g : trainer.last_groups())
    for (const Completion& c : g.completions)
      words += static_cast<double>(reflect(s.world.text(c.ids)).total), answers += 1,
          loops += find_loop(c.ids).period > 0;
  record.set(kRolloutReflective, words / answers).set(kRolloutLoops, loops / answers);
  record.set(kGrpoLoss, r.stats.loss).set(kGrpoKl, r.stats.kl / n).set(kGrpoEntropy, r.stats.entropy / n);
  record.set(kGrpoClipped, r.stats.clipped / n).set(kGrpoRatioMax, r.stats.ratio_max).set(kGrpoLogpDiff, r.exact_diff);
  record.set(kGradNorm, r.grad_norm).set(kLr, r.lr);
}

/// Evaluates, writes figures and one sample per level, returns the line for the terminal.
std::string evaluate(Session& s, int64_t rollout, int64_t update, Record& record) {
  const PolicyEvaluation e =
      evaluate_policy(s.policy, s.world, s.job.eval, 1000, s.job.seed, static_cast<uint32_t>(rollout), s.pool);
  put(record, e);
  if (s.job.keep_models) save_model_dir(cat(s.job.run, "/models/", rollout), s.config, s.policy, s.world.tokenizer());
  s.memory.saw_engine(e.engine_bytes);
  for (size_t i = 0; i < e.judged.size(); i += static_cast<size_t>(s.job.eval.samples)) {
    const Judged& j = e.judged[i];
    if (j.problem >= s.world.task().levels()) break;
    const Problem& p = e.problems[static_cast<size_t>(j.problem)];
    s.run.samples().write(Json{{"rollout", rollout},
                               {"update", update},
                               {"problem", j.problem},
                               {"level", j.level},
                               {"prompt", p.prompt},
                               {"completion", j.text},
                               {"answer", j.answer},
                               {"reference", p.answer},
                               {"accuracy", j.correct ? 1 : 0},
                               {"format", j.format ? 1 : 0},
                               {"length", j.length}});
  }
  return eval_line(e);
}

std::string figures(const RolloutReport& r) {
  char text[128];
  std::snprintf(text, sizeof text, "accuracy %.0f%%  format %.0f%%  length %.0f", 100 * r.accuracy, 100 * r.format,
                r.length);
  return text;
}

/// The loop: rollout, log, evaluation and checkpoint when due.
void train(Session& s, GrpoTrainer& trainer) {
  const R1ZeroJob& job = s.job;
  while (trainer.rollouts() < job.grpo.rollouts && !interrupted()) {
    const RolloutReport r = trainer.step();
    s.memory.saw_engine(r.engine_bytes);
    Record record(r.rollout, r.update);
    log_rollout(s, trainer, r, record);
    if (const Executor* executor = installed_executor()) {
      const ExecutorStats now = executor->stats();
      put(record, s.judged, now);
      s.judged = now;
    }
    const bool last = r.rollout == job.grpo.rollouts;
    if (last || (job.eval_every > 0 && r.rollout % job.eval_every == 0)) {
      char head[32];
      std::snprintf(head, sizeof head, "%5lld  ", static_cast<long long>(r.update));
      s.progress.message(head + evaluate(s, r.rollout, r.update, record));
    }
    s.run.metrics().write(record);
    if (last || (job.checkpoint_every > 0 && r.rollout % job.checkpoint_every == 0))
      s.run.save(trainer.state(), r.rollout);
    s.progress.update(r.rollout, figures(r));
  }
}

}  // namespace

int run_r1_zero(const R1ZeroJob& job) {
  std::optional<Executor> executor;  // its processes come before our threads
  std::optional<InstalledExecutor> installed;
  if (job.run_programs) {
    executor.emplace(job.executor);
    installed.emplace(*executor);
    std::printf("programs run at sandbox level %d\n", executor->level());
  }
  const ProcessMemory before = process_memory();
  ModelDir base = load_model_dir(job.base);
  ModelDir reference = load_model_dir(job.base);
  const World world(
      job.world, std::move(base.tokenizer),
      {.accuracy = job.grpo.accuracy_weight, .format = job.grpo.format_weight, .language = job.grpo.language_weight});
  ThreadPool pool(job.threads);
  GrpoTrainer trainer(*base.model, *reference.model, job.grpo, environment(job, world), pool, job.seed);
  RunFolder run(job.run, describe(job, base, world), job.resume);
  std::optional<RunPosition> from;
  if (job.resume) {
    from = RunPosition{-1, -1};  // without a checkpoint the run begins anew, its first evaluation too
    if (const std::string path = run.newest(); !path.empty()) {
      CheckpointState state = trainer.state();
      trainer.restore(load_checkpoint(path, state));
      from = RunPosition{trainer.rollouts(), trainer.updates()};
    }
  }
  run.open_logs(from);
  watch_interrupts();
  MemoryReport memory(job, *base.model, world, pool, before);
  std::printf("%s\n", memory.before().c_str());
  std::fflush(stdout);
  memory.start();
  Progress progress("r1-zero", "rollouts", std::max<int64_t>(1, job.grpo.rollouts), trainer.rollouts());
  Session s{job, base.config, world, *base.model, pool, run, progress, memory, {}};
  if (trainer.rollouts() == 0) {
    Record record(0, 0);
    progress.message("    0  " + evaluate(s, 0, 0, record));
    run.metrics().write(record);
  }
  train(s, trainer);
  progress.finish();
  std::printf("%s", memory.after(trainer).c_str());
  if (trainer.rollouts() < job.grpo.rollouts) {
    run.save(trainer.state(), trainer.rollouts());
    return 130;
  }
  if (!job.out.empty()) save_model_dir(job.out, base.config, *base.model, world.tokenizer());
  const Run done = load_run(job.run);
  write_file(job.run + "/report.html", report_html({done}));
  std::printf("%s\nreport: %s/report.html\n", report_text({done}, false).c_str(), job.run.c_str());
  return 0;
}

}  // namespace r1
