// The whole GRPO loop on a tiny world: it learns, rollout and training agree bit for bit, and its weights do not depend
// on threads or on a stop in between.
#include "rl/trainer.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/tiny.h"

using namespace r1;
using namespace r1_test;

namespace {

constexpr token_t kEnd = 23;

/// Question q: answer with a token of the same parity as the prompt's last token, then stop within three more.
Environment parity_world() {
  Environment env;
  env.problem = [](uint32_t rollout, uint32_t question) {
    Problem p;
    p.level = static_cast<int>((rollout * 7 + question) % 20);
    return p;
  };
  env.encode = [](const Problem& p) { return std::vector<token_t>{1, 2, static_cast<token_t>(p.level)}; };
  env.judge = at_once([](const Problem& p, const std::vector<token_t>& ids) {
    Score s;
    s.accuracy = !ids.empty() && ids[0] != kEnd && ids[0] % 2 == p.level % 2 ? 1 : 0;
    s.format = ids.size() <= 4 && ids.back() == kEnd ? 1 : 0;
    s.total = s.accuracy + s.format;
    return s;
  });
  env.eos = kEnd;
  return env;
}

GrpoConfig config(const char* minibatch_of) {
  GrpoConfig c;
  c.questions = 8, c.group_size = 8, c.minibatches = 2, c.minibatch_of = minibatch_of, c.max_new_tokens = 6;
  c.lr = 1e-3, c.warmup = 0, c.ref_refresh = 4, c.kl_beta = 0.01;
  return c;
}

std::vector<real> weights(const CausalLm& m) {
  std::vector<real> all;
  for (const Param& p : m.params().all())
    for (real x : p.value.to_vector()) all.push_back(x);
  return all;
}

std::unique_ptr<DeepseekV3> model() {
  return tiny_model([](ModelConfig& c) { c.n_mtp = 0; });
}

}  // namespace

TEST_CASE("rewards rise, rollout and training log-probabilities are equal, the first ratio is exactly 1") {
  auto policy = model(), reference = model();
  ThreadPool pool(2);
  GrpoTrainer t(*policy, *reference, config("outputs"), parity_world(), pool, 5);
  const RolloutReport first = t.step();
  double accuracy = 0, format = 0;
  for (int i = 1; i < 200; ++i) {
    const RolloutReport r = t.step();
    CHECK(r.exact_diff == 0);
    CHECK(r.first_ratio_max == 1);
    if (i >= 195) accuracy += r.accuracy / 5, format += r.format / 5;
  }
  CHECK(first.accuracy < 0.75);
  CHECK(accuracy > 0.8);
  CHECK(format > 0.8);
}

TEST_CASE("online rejection sampling learns too; shuffled rewards teach nothing") {
  const auto accuracy_after = [](const char* objective, bool shuffled) {
    auto policy = model(), reference = model();
    ThreadPool pool(2);
    GrpoConfig c = config("groups");
    c.objective = objective, c.shuffle_rewards = shuffled, c.group_size = 16;
    GrpoTrainer t(*policy, *reference, c, parity_world(), pool, 5);
    double accuracy = 0;
    for (int i = 0; i < 150; ++i) {
      const RolloutReport r = t.step();
      if (i >= 145) accuracy += r.accuracy / 5;
    }
    return accuracy;
  };
  CHECK(accuracy_after("rft", false) > 0.75);
  CHECK(accuracy_after("grpo", true) < 0.65);
}

TEST_CASE("policy weights are bitwise the same for 1 and 2 threads, and after a stop and a resume") {
  for (const char* minibatch_of : {"groups", "outputs"}) {
    std::vector<real> expect;
    for (int threads : {1, 2}) {
      auto policy = model(), reference = model();
      ThreadPool pool(threads);
      GrpoTrainer t(*policy, *reference, config(minibatch_of), parity_world(), pool, 5);
      while (t.rollouts() < 6) t.step();
      if (threads == 1)
        expect = weights(*policy);
      else
        CHECK(weights(*policy) == expect);
    }
    for (int stop : {1, 3, 5}) {
      const TempDir dir;
      ThreadPool pool(2);
      {
        auto policy = model(), reference = model();
        GrpoTrainer t(*policy, *reference, config(minibatch_of), parity_world(), pool, 5);
        while (t.rollouts() < stop) t.step();
        save_checkpoint(dir.path() + "/u-1", t.state());
      }
      auto policy = tiny_model([](ModelConfig&c) { c.n_mtp = 0; }, 9), reference = model();
      GrpoTrainer t(*policy, *reference, config(minibatch_of), parity_world(), pool, 5);
      CheckpointState state = t.state();
      t.restore(load_checkpoint(dir.path() + "/u-1", state));
      while (t.rollouts() < 6) t.step();
      CHECK(weights(*policy) == expect);
    }
  }
}

TEST_CASE("a checkpoint of another seed or stage is refused; a world without signal stops with the reason") {
  auto policy = model(), reference = model();
  ThreadPool pool(1);
  GrpoTrainer t(*policy, *reference, config("groups"), parity_world(), pool, 5);
  CHECK_THROWS_WITH(t.restore(Json::object()), ContainsSubstring("no section 'grpo'"));
  Json other = t.state().sections;
  other["grpo"]["seed"] = 6;
  CHECK_THROWS_WITH(t.restore(other), ContainsSubstring("checkpoint of seed 6, this run has seed 5"));
  Environment dull = parity_world();
  dull.judge = at_once([](const Problem&, const std::vector<token_t>&) { return Score{}; });
  GrpoConfig c = config("groups");
  c.kl_beta = 0;
  GrpoTrainer d(*policy, *reference, c, dull, pool, 5);
  CHECK_THROWS_WITH(
      [&] {
        for (int i = 0; i < 20; ++i) d.step();
      }(),
      ContainsSubstring("no parameter has moved for 10 rollouts"));
}

TEST_CASE("judging begins while the engine draws, ends after the reference pass, and undecided outputs are masked") {
  auto policy = model(), reference = model();
  ThreadPool pool(2);
  Environment world = parity_world();
  int begun = 0, ended = 0, at_first_end = 0, unknown = 0;
  world.judge = [&, judge = parity_world().judge](const Problem& p, const std::vector<token_t>& ids) {
    ++begun;  // one call at a time
    Score s = judge(p, ids)();
    return std::function<Score()>([&, s, undecided = ids[0] % 5 == 0]() mutable {
      if (ended++ == 0) at_first_end = begun;
      s.unknown = undecided, unknown += undecided;
      return s;
    });
  };
  GrpoTrainer t(*policy, *reference, config("outputs"), world, pool, 5);
  const RolloutReport r = t.step();
  CHECK(begun == 64);
  CHECK(ended == 64);
  CHECK(at_first_end == 64);
  CHECK(unknown > 0);
  CHECK(r.unknown == Approx(unknown / 64.0));
  CHECK(r.exact_diff == 0);
  int64_t tokens = 0;  // of the outputs that were not masked
  for (const Group& g : t.last_groups())
    for (size_t i = 0; i < g.completions.size(); ++i)
      tokens += g.scores[i].unknown ? 0 : static_cast<int64_t>(g.completions[i].ids.size());
  CHECK(r.stats.tokens == tokens);
}
