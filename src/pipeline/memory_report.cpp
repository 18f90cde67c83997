// The memory plan on a terminal. Paper: none.
#include "pipeline/memory_report.h"

#include <algorithm>
#include <cstdio>

namespace r1 {

namespace {

constexpr int64_t kQuestionsLookedAt = 1000;  // for the longest prompt: a run draws more, of the same kind

std::string cell(size_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%14s", bytes ? format_bytes(static_cast<double>(bytes)).c_str() : "");
  return text;
}

std::string line(const std::string& name, const std::string& cells, const std::string& how) {
  char text[64];
  std::snprintf(text, sizeof text, "  %-33s", name.c_str());
  return text + cells + (how.empty() ? "" : "  " + how) + "\n";
}

int64_t longest(const World& world, uint64_t seed, Split split, int64_t problems) {
  size_t tokens = 0;
  for (int64_t i = 0; i < problems; ++i)
    tokens = std::max(tokens, world.prompt(world.task().problem(seed, split, static_cast<uint32_t>(i))).size());
  return static_cast<int64_t>(tokens);
}

}  // namespace

std::string memory_table(const MemoryPlan& worst, const MemoryPlan* occurred, const MeasuredMemory* measured) {
  std::string out = occurred ? line("memory of a GRPO step", "      at worst      occurred      measured", "")
                             : line("memory of a GRPO step", "      at worst", "every answer at the limit");
  for (const MemoryRow& r : worst.rows) {
    std::string cells = cell(r.bytes), how = r.how;
    if (occurred) {
      const size_t own = r.name == kMemoryUpdate ? measured->update : r.name == kMemoryEngine ? measured->rollout : 0;
      cells += cell(occurred->of(r.name)) + cell(own);
      for (const MemoryRow& o : occurred->rows)
        if (o.name == r.name) how = o.how;
    }
    out += line(r.name, cells, how);
  }
  std::string cells = cell(worst.total()), note;
  if (occurred) {
    cells += cell(occurred->total()) + cell(measured->peak);
    char text[96];
    if (measured->peak > 0) {
      std::snprintf(text, sizeof text, "measured / planned = %.3f (VmHWM since the %s)",
                    static_cast<double>(measured->peak) / static_cast<double>(occurred->total()),
                    measured->from_the_step ? "first rollout" : "start of the process");
      note = text;
    }
  }
  return out + line("peak", cells, note);
}

MemoryReport::MemoryReport(const R1ZeroJob& job, const CausalLm& policy, const World& world, ThreadPool& pool,
                           const ProcessMemory& before)
    : job_(job), policy_(policy), pool_(pool), process_(own_memory(before)) {
  longest_prompt_ = longest(world, job.seed, Split::kTrain,
                            std::min(kQuestionsLookedAt, job.grpo.questions * std::max<int64_t>(1, job.grpo.rollouts)));
  const Split split = job.eval.split == "test" ? Split::kTest : Split::kDev;
  evaluation_.prompts = job.eval.problems;
  evaluation_.longest_prompt = longest(world, 1000, split, job.eval.problems);
  evaluation_.params.n = job.eval.samples, evaluation_.params.max_new_tokens = job.eval.max_new_tokens;
}

MemoryPlan MemoryReport::plan(const StepLengths& lengths) const {
  return plan_memory(policy_, job_.grpo, lengths, {rollout_request(job_.grpo, lengths.longest_prompt), evaluation_},
                     pool_, process_);
}

std::string MemoryReport::before() const { return memory_table(plan(worst_lengths(job_.grpo, longest_prompt_))); }

void MemoryReport::start() { from_the_step_ = reset_peak_memory(); }

void MemoryReport::saw_engine(size_t bytes) { engine_bytes_ = std::max(engine_bytes_, bytes); }

std::string MemoryReport::after(GrpoTrainer& trainer) const {
  if (trainer.lengths().tokens == 0) return "";
  const MemoryPlan worst = plan(worst_lengths(job_.grpo, std::max(longest_prompt_, trainer.lengths().longest_prompt))),
                   occurred = plan(trainer.lengths());
  const MeasuredMemory measured{process_memory().peak, trainer.runner().peak_activation_bytes(), engine_bytes_,
                                from_the_step_};
  return memory_table(worst, &occurred, &measured);
}

}  // namespace r1
