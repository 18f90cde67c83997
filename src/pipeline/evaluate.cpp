// Evaluation of a policy. Paper: [R1 App. D.1].
#include "pipeline/evaluate.h"

#include <chrono>
#include <cstdio>

#include "base/log.h"
#include "eval/metrics.h"
#include "tasks/math_1_oracle.h"
#include "tasks/reflection.h"

namespace r1 {

namespace {

Judged judge(const World& world, const Problem& p, const Completion& done, int64_t problem) {
  const Score s = world.judge(p, done.ids);
  Judged j;
  j.problem = static_cast<int>(problem), j.level = p.level, j.language = p.language;
  j.correct = s.accuracy > 0, j.format = s.format > 0, j.answer = s.answer;
  j.length = static_cast<int>(done.ids.size()), j.truncated = done.finish == Finish::kLength;
  j.text = world.text(done.ids);
  return j;
}

/// Counts what the task's own oracle says of the checks.
void count_checks(PolicyEvaluation& e) {
  double wrong = 0, right = 0, repaired = 0, spoiled = 0, checked = 0;
  for (const Judged& j : e.judged) {
    const Problem& p = e.problems[static_cast<size_t>(j.problem)];
    if (p.task != "math-1") continue;
    for (const LineReport& line : math_oracle(p, j.text).lines) {
      if (!line.checked) continue;
      checked += 1, wrong += !line.open && !line.quick_right, right += line.quick_right, repaired += line.repaired(),
          spoiled += line.spoiled();
    }
  }
  e.checks = checked / static_cast<double>(e.judged.size());
  e.repaired = wrong > 0 ? repaired / wrong : 0;
  e.spoiled = right > 0 ? spoiled / right : 0;
}

}  // namespace

PolicyEvaluation evaluate_policy(const CausalLm& policy, const World& world, const EvalConfig& c, uint64_t problem_seed,
                                 uint64_t seed, uint32_t rollout, ThreadPool& pool) {
  const auto start = std::chrono::steady_clock::now();
  PolicyEvaluation e;
  const Split split = c.split == "test" ? Split::kTest : Split::kDev;
  Prompts prompts;
  for (int64_t i = 0; i < c.problems; ++i) {
    e.problems.push_back(world.task().problem(problem_seed, split, static_cast<uint32_t>(i)));
    prompts.push_back(world.prompt(e.problems.back()));
  }
  SamplingParams s;
  s.n = c.samples, s.temperature = c.temperature, s.top_p = c.top_p, s.max_new_tokens = c.max_new_tokens,
  s.eos = world.eos();
  s.seed = seed, s.stream = Stream::kEval, s.rollout = rollout;
  const auto note_bytes = [&](const EngineProgress& p) { e.engine_bytes = p.bytes; };
  for (const Completion& done : Engine(policy, EngineConfig{}, pool).generate(prompts, s, note_bytes))
    e.judged.push_back(judge(world, e.problems[static_cast<size_t>(done.prompt)], done, done.prompt));
  EvalOptions o;
  o.cons_k = std::min<int64_t>(c.samples, 16), o.kin = reflective_words_zh(), o.seed = problem_seed;
  for (const double k : c.pass_k) o.pass_k.push_back(static_cast<int64_t>(k));
  e.summary = summarize(e.judged, o);
  count_checks(e);
  e.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return e;
}

void put(Record& record, const PolicyEvaluation& e) {
  put(record, e.summary);
  record.set(kEvalChecks, e.checks)
      .set(kEvalRepaired, e.repaired)
      .set(kEvalSpoiled, e.spoiled)
      .set(kEvalSeconds, e.seconds);
}

std::string eval_line(const PolicyEvaluation& e) {
  const EvalFigures& f = e.summary.all;
  char text[256];
  std::snprintf(
      text, sizeof text,
      "pass@1 %5.1f%%  cons@%lld %5.1f%%  format %5.1f%%  length %5.1f  reflective %.2f  checks %.2f  repaired %.2f |",
      100 * f.pass_at_1.value, static_cast<long long>(e.summary.cons_k), 100 * f.cons.value, 100 * f.format.value,
      f.length.value, f.reflective.value + f.kin.value, e.checks, e.repaired);
  std::string line = text;
  for (const auto& [level, figures] : e.summary.level) {
    std::snprintf(text, sizeof text, " %.0f", 100 * figures.pass_at_1.value);
    line += text;
  }
  return line;
}

}  // namespace r1
