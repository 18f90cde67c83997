// Pre-training stage. Paper: [V3 §4.2].
#include "pipeline/pretrain.h"

#include <chrono>
#include <cstdio>

#include "base/log_progress.h"
#include "kernels/device.h"
#include "model/dense.h"
#include "pipeline/gate.h"
#include "pipeline/interrupt.h"
#include "pipeline/model_dir.h"
#include "pipeline/run_folder.h"
#include "train/metrics.h"

namespace r1 {

namespace {

Json describe(PretrainJob& job, const World& world) {
  Json j = Json::object();
  j["kind"] = "pretrain";
  j["seed"] = job.seed;
  j["world"] =
      Json{{"name", job.world.name}, {"template", job.world.chat_template}, {"recipe", world.corpus().recipe()}};
  j["model"] = fields::to_json(job.model);
  j["train"] = fields::to_json(job.train);
  return j;
}

void log(RunFolder& run, const PretrainReport& r, double tokens_per_s) {
  Record record(0, r.update);
  record.set(kTrainLoss, r.loss).set(kTrainMtpLoss, r.mtp_loss).set(kTrainBalance, r.balance_loss);
  record.set(kGradNorm, r.grad_norm).set(kLr, r.lr).set(kTrainTokens, tokens_per_s).set(kExpertLoad, r.load_max);
  run.metrics().write(record);
}

/// Moves the model to the device, if what training will take fits there: better to say so now than after an hour.
void move_to_device(CausalLm& model, const PretrainJob& job) {
  if (job.device == Device::kCpu) return;
  const device::Info info = device::info();
  const PretrainPlan plan = plan_pretraining(model, job.train, job.device);
  if (plan.total() > info.free_bytes)
    fail("out of device memory: pre-training needs ", plan.text(), "; ", info.name, " has ", info.free_bytes >> 20,
         " MiB free, expected a smaller model or train.batch_tokens (now ", job.train.batch_tokens, ")");
  model.to(job.device);
}

/// The gate runs on the CPU: a model that trains elsewhere is copied for it.
GateReport gate_of(const CausalLm& model, const PretrainJob& job, const World& world, ThreadPool& pool) {
  if (model.device() == Device::kCpu) return measure_gate(model, world, 60, pool);
  const std::unique_ptr<CausalLm> here = make_model(job.model);
  here->allocate();
  for (const Param& p : model.params().all()) here->params().all()[static_cast<size_t>(p.id)].value.copy_from(p.value);
  for (size_t b = 0; b < model.buffers().size(); ++b) here->buffers()[b].value.copy_from(model.buffers()[b].value);
  return measure_gate(*here, world, 60, pool);
}

}  // namespace

int run_pretrain(PretrainJob job) {
  const World world(job.world);
  job.model.vocab_size = world.tokenizer().vocab_size();
  std::unique_ptr<CausalLm> model = make_model(job.model);
  model->allocate();
  model->init(job.seed);
  move_to_device(*model, job);
  ThreadPool pool(job.threads);
  Pretrainer trainer(
      *model, job.train, [&](uint64_t i, double progress) { return world.example(job.seed, i, progress); }, pool);
  RunFolder run(job.run, describe(job, world), job.resume);
  std::optional<RunPosition> from;
  if (job.resume) {
    if (const std::string path = run.newest(); !path.empty()) {
      CheckpointState state = trainer.state();
      trainer.restore(load_checkpoint(path, state));
      from = RunPosition{0, trainer.updates()};
    } else {
      from = RunPosition{0, 0};
    }
  }
  run.open_logs(from);
  watch_interrupts();
  Progress progress("pretrain", "updates", job.train.updates, trainer.updates());
  int64_t tokens = 0;
  auto since = std::chrono::steady_clock::now();
  while (!trainer.done() && !interrupted()) {
    const PretrainReport r = trainer.step();
    tokens += r.tokens;
    if (r.update % 20 == 0 || trainer.done()) {
      const double s = std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
      log(run, r, static_cast<double>(tokens) / s);
      char text[96];
      std::snprintf(text, sizeof text, "loss %.3f  %.0fk tokens/s", r.loss, static_cast<double>(tokens) / s / 1e3);
      progress.update(r.update, text);
      tokens = 0, since = std::chrono::steady_clock::now();
    }
    if (job.gate_every > 0 && r.update % job.gate_every == 0 && world.task().name() == "math-1") {
      const GateReport gate = gate_of(*model, job, world, pool);
      progress.message(cat(r.update, "  ", gate.line()));
    }
    if (job.checkpoint_every > 0 && r.update % job.checkpoint_every == 0) run.save(trainer.state(), r.update);
  }
  progress.finish();
  run.save(trainer.state(), trainer.updates());
  if (!trainer.done()) return 130;
  if (!job.out.empty()) save_model_dir(job.out, job.model, *model, world.tokenizer());
  return 0;
}

}  // namespace r1
