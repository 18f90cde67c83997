// Evaluation of a policy on held-out problems: k sampled answers each, judged, summed up with intervals.
// Paper: [R1 App. D.1] (pass@1 over k samples at 0.6 / 0.95), [R1 App. C.2] (reflective words).
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "eval/summary.h"
#include "pipeline/world.h"

namespace r1 {

struct EvalConfig {
  int64_t problems = 100;
  int64_t samples = 16;
  double temperature = 1.0;
  double top_p = 1.0;
  int64_t max_new_tokens = 192;
  std::string split = "dev";
  std::vector<double> pass_k;
  template <class V>
  void visit(V& v) {
    v("problems", problems, "held-out problems, the same number per level", 1, 1 << 20);
    v("samples", samples, "answers per problem", 1, 1 << 16);
    v("temperature", temperature, "sampling temperature, 0 = greedy", 0.0, 100.0);
    v("top_p", top_p, "nucleus", 1e-6, 1.0);
    v("max_new_tokens", max_new_tokens, "longest answer", 1, 1 << 24);
    v("pass_k", pass_k, "pass@k for these k beside pass@1, each at most `samples`");
    v("split", split, "which held-out problems", std::vector<std::string>{"dev", "test"});
  }
};

/// What an evaluation found.
struct PolicyEvaluation {
  std::vector<Problem> problems;
  std::vector<Judged> judged;
  EvalSummary summary;
  double checks = 0;    ///< checks an answer
  double repaired = 0;  ///< of wrong lines that were checked, the share right after
  double spoiled = 0;   ///< of right lines that were checked, the share wrong after
  double seconds = 0;
  size_t engine_bytes = 0;  ///< of the engine's workers at their peak
};

/// Draws and judges; `problem_seed` names the problem set, `seed` the draws (with `rollout`, so that each evaluation of
/// a run draws anew).
PolicyEvaluation evaluate_policy(const CausalLm& policy, const World& world, const EvalConfig& c, uint64_t problem_seed,
                                 uint64_t seed, uint32_t rollout, ThreadPool& pool);

/// Writes all of it into a record.
void put(Record& record, const PolicyEvaluation& e);

/// The line that a terminal shows: "pass@1 46.2% cons@16 61.0% format 95% length 58 wait 0.52 | 90 71 38 22 10".
std::string eval_line(const PolicyEvaluation& e);

}  // namespace r1
