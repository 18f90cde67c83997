// The memory plan against what is really allocated, row by row, and its sum against the resident size that the system
// counts, in processes of their own so that nothing else is in the way.
#include "rl/memory_plan.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>

#include "base/json_file.h"
#include "base/memory.h"
#include "model/dense.h"
#include "rl/trainer.h"
#include "support/catch.h"
#include "support/tiny.h"

using namespace r1;
using namespace r1_test;

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;  // shadow memory and quarantine: the resident size says nothing
#else
constexpr bool kSanitized = false;
#endif

constexpr token_t kEnd = 3;

struct Case {
  const char* name;
  ModelConfig model;
  GrpoConfig grpo;
  int threads;
};

GrpoConfig grpo(int64_t questions, int64_t group, int64_t minibatches, int64_t tokens) {
  GrpoConfig c;
  c.questions = questions, c.group_size = group, c.minibatches = minibatches, c.max_new_tokens = tokens;
  c.warmup = 0, c.lr = 1e-5;
  return c;
}

Case case_of(const std::string& name) {
  if (name == "nano") return {"nano", find_model_config("nano"), grpo(16, 8, 2, 64), 2};
  if (name == "small") return {"small", find_model_config("small"), grpo(4, 4, 2, 40), 2};
  ModelConfig c;
  fields::from_json(c, read_json_file(std::string(R1_SOURCE_DIR) + "/examples/configs/math-1.json")["model"], "math-1");
  return {"math-1", c, grpo(16, 16, 2, 128), 2};
}

/// Prompts of 9 to 24 tokens; the reward differs inside a group, so that weights move.
Environment world(int64_t vocab) {
  Environment env;
  env.problem = [](uint32_t rollout, uint32_t question) {
    Problem p;
    p.level = static_cast<int>(rollout * 1000 + question);
    return p;
  };
  env.encode = [vocab](const Problem& p) {
    Rng rng(3, Stream::kTest, static_cast<uint32_t>(p.level));
    std::vector<token_t> ids(static_cast<size_t>(rng.range(9, 24)));
    for (token_t& id : ids) id = static_cast<token_t>(rng.below(static_cast<uint32_t>(vocab)));
    return ids;
  };
  env.judge = at_once([](const Problem&, const std::vector<token_t>& ids) {
    Score s;
    s.total = s.accuracy = ids[0] % 2;
    return s;
  });
  env.eos = kEnd;
  return env;
}

struct Outcome {
  size_t planned = 0, without_update = 0, peak = 0;
  size_t planned_update = 0, update = 0, planned_engine = 0, engine = 0;
  int64_t tokens = 0;
  bool moved = false;
};

/// Three rollouts in this process.
Outcome run(const Case& c) {
  const ProcessMemory before = process_memory();
  ThreadPool pool(c.threads);
  const auto policy = make_model(c.model), reference = make_model(c.model);
  policy->allocate(), reference->allocate();
  policy->init(1);
  // The end token is as likely as all others together in some states: answers of very different lengths.
  real* row = policy->params().all()[0].value.data() + kEnd * c.model.dim;
  for (int64_t i = 0; i < c.model.dim; ++i) row[i] *= real(0.4 / c.model.init_std);
  GrpoTrainer trainer(*policy, *reference, c.grpo, world(c.model.vocab_size), pool, 5);
  reset_peak_memory();
  Outcome o;
  for (int i = 0; i < 3; ++i) {
    const RolloutReport r = trainer.step();
    o.engine = std::max(o.engine, r.engine_bytes);
    o.moved = o.moved || r.moved;
  }
  o.peak = process_memory().peak;
  const MemoryPlan plan =
      plan_memory(*policy, c.grpo, trainer.lengths(), {rollout_request(c.grpo, trainer.lengths().longest_prompt)}, pool,
                  own_memory(before));
  o.planned = plan.total(), o.without_update = plan.total() - plan.of(kMemoryUpdate);
  o.planned_update = plan.of(kMemoryUpdate), o.update = trainer.runner().peak_activation_bytes();
  o.planned_engine = plan.of(kMemoryEngine), o.engine += Engine(*policy, EngineConfig{}, pool).packed_bytes();
  o.tokens = trainer.lengths().tokens;
  return o;
}

/// The same in a child process, which begins with little memory.
Outcome run_apart(const Case& c) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);  // a huge page would count as resident where one byte is used
    Outcome o;
    try {
      o = run(c);
    } catch (...) {
    }
    const bool told = ::write(ends[1], &o, sizeof o) == sizeof o;
    ::_exit(told ? 0 : 1);
  }
  ::close(ends[1]);
  Outcome o;
  CHECK(::read(ends[0], &o, sizeof o) == sizeof o);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  return o;
}

}  // namespace

TEST_CASE("the plan for the lengths that occurred is within 10 % of the measured peak") {
  std::vector<const char*> names{"nano"};
  if (!kSanitized && sizeof(real) == 4) names.insert(names.end(), {"math-1", "small"});  // the other builds are slow
  for (const char* name : names) {
    const Case c = case_of(name);
    const Outcome o = run_apart(c);
    INFO(name << ": planned " << format_bytes(double(o.planned)) << ", measured " << format_bytes(double(o.peak))
              << ", update " << format_bytes(double(o.planned_update)) << " / " << format_bytes(double(o.update))
              << ", engine " << format_bytes(double(o.planned_engine)) << " / " << format_bytes(double(o.engine)));
    CHECK(o.moved);
    CHECK(o.tokens < c.grpo.questions * c.grpo.group_size * (24 + c.grpo.max_new_tokens));
    // The workers meet slots of nearly the same size; the plan takes the one with most rows for each. One with a few
    // rows less may need a little more: longer documents, more targets.
    CHECK(double(o.update) <= 1.01 * double(o.planned_update));
    CHECK(double(o.update) >= 0.9 * double(o.planned_update));
    CHECK(double(o.engine) <= double(o.planned_engine));
    CHECK(double(o.engine) >= 0.75 * double(o.planned_engine));  // it takes all prompts for as long as the longest
    if (kSanitized || o.peak == 0) continue;
    CHECK(double(o.peak) / double(o.planned) > 0.9);
    CHECK(double(o.peak) / double(o.planned) < 1.1);
    CHECK(double(o.peak) / double(o.without_update) > 1.1);  // the promise can fail
  }
}

TEST_CASE("one worker's activations are counted to the byte, recomputation too") {
  const auto m = tiny_model();
  ThreadPool pool(1);
  GrpoConfig c = grpo(6, 4, 1, 12);
  PolicyBatch batch;
  for (int64_t i = 0; i < 24; ++i) {
    PolicyOutput o;
    o.prompt_length = 5;
    for (int64_t t = 0; t < 13; ++t) o.ids.push_back(static_cast<token_t>((i * 5 + t) % 24));
    o.advantage = i % 2 ? 1 : -1;
    o.logp_old.assign(static_cast<size_t>(o.answer_length()), real(-1));
    o.logp_ref = o.logp_old;
    batch.outputs.push_back(std::move(o));
  }
  std::vector<size_t> all(24);
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  const auto largest = batch_lengths(batch, all, c.part_tokens).part;
  const auto measured = [&] {
    SlotRunner runner(m->params(), pool);
    GrpoStats stats;
    grpo_gradient(runner, *m, batch, all, c, stats);
    return runner.peak_activation_bytes();
  };
  const size_t kept = part_bytes(*m, largest, c, false), forward = part_bytes(*m, largest, c, true);
  CHECK(measured() == kept);
  CHECK(forward < kept);
  m->set_recompute(true);
  const size_t recomputed = part_bytes(*m, largest, c, false);
  CHECK(measured() == recomputed);
  CHECK(recomputed < kept);
  DeepseekV3 shapes(tiny_config());  // without memory: the same count
  CHECK(part_bytes(shapes, largest, c, false) == kept);
}

TEST_CASE("answers at the limit are the worst case, exactly") {
  GrpoConfig c = grpo(8, 6, 2, 10);
  PolicyBatch batch;
  for (int64_t i = 0; i < c.questions * c.group_size; ++i) {
    PolicyOutput o;
    o.prompt_length = 7;
    o.ids.assign(static_cast<size_t>(7 + c.max_new_tokens), 1);
    batch.outputs.push_back(std::move(o));
  }
  for (size_t i = 0; i < batch.outputs.size(); ++i)  // 8 groups of 6, each with a prompt of its own
    batch.outputs[i].ids[0] = static_cast<token_t>(i / 6);
  std::vector<std::vector<size_t>> minibatches(2);
  for (size_t i = 0; i < batch.outputs.size(); ++i) minibatches[i / 24].push_back(i);
  const StepLengths real_ones = rollout_lengths(batch, minibatches, c), worst = worst_lengths(c, 7);
  CHECK(real_ones.update.part.size() == 6);
  CHECK(worst.update.part.size() == 6);
  CHECK(real_ones.reference.part.size() == worst.reference.part.size());
  CHECK(part_rows(worst.update.part) == 7 + 6 * 10);
  CHECK(real_ones.tokens == worst.tokens);
  CHECK(real_ones.longest_prompt == worst.longest_prompt);
  StepLengths longest = real_ones;
  longest.include(worst_lengths(c, 9));
  CHECK(longest.tokens == worst_lengths(c, 9).tokens);
  longest.include(real_ones);
  CHECK(longest.longest_prompt == 9);
}
