// `r1 inspect CONFIG --grpo`: the same plan that `r1 r1-zero` prints, from the config alone. Paper: none.
#include "cli/inspect_memory.h"

#include <cstdio>

#include "cli/settings.h"
#include "model/dense.h"
#include "pipeline/memory_report.h"

namespace r1 {

void inspect_memory(const ModelConfig& config, const std::string& file, const InspectMemory& o) {
  const Settings settings{file, o.sets};
  const Json j = settings.read({"model", "train", "world", "grpo", "eval"});
  GrpoConfig grpo = grpo_preset(o.preset);
  EvalConfig eval;
  settings.apply(j, "grpo", grpo);
  settings.apply(j, "eval", eval);
  grpo.check("GRPO config");
  const auto model = make_model(config);  // shapes only
  ThreadPool pool(o.threads);
  EngineRequest evaluation{eval.problems, o.prompt_tokens, {}};
  evaluation.params.n = eval.samples, evaluation.params.max_new_tokens = eval.max_new_tokens;
  const MemoryPlan plan = plan_memory(*model, grpo, worst_lengths(grpo, o.prompt_tokens),
                                      {rollout_request(grpo, o.prompt_tokens), evaluation}, pool, 0);
  std::printf("%lld questions x %lld answers of %lld tokens, %lld minibatches, prompts of %lld tokens, %d threads\n%s",
              static_cast<long long>(grpo.questions), static_cast<long long>(grpo.group_size),
              static_cast<long long>(grpo.max_new_tokens), static_cast<long long>(grpo.minibatches),
              static_cast<long long>(o.prompt_tokens), pool.size(), memory_table(plan).c_str());
}

}  // namespace r1
