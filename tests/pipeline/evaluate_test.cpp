// An evaluation against its parts put together by hand: the shipped base answers held-out problems, each answer judged.
#include "pipeline/evaluate.h"

#include <cmath>
#include <set>

#include "pipeline/model_dir.h"
#include "support/catch.h"

using namespace r1;

namespace {

struct Setup {
  ModelDir base = load_model_dir(std::string(R1_SOURCE_DIR) + "/data/math-1-base");
  World world{WorldConfig{}, std::move(base.tokenizer)};
  EvalConfig config;
  Setup() {
    config.problems = 20, config.samples = 4, config.max_new_tokens = 60, config.top_p = 0.9;
    config.pass_k = {4};
  }
  PolicyEvaluation operator()(ThreadPool& pool, uint32_t rollout = 0) const {
    return evaluate_policy(*base.model, world, config, 3, 8, rollout, pool);
  }
};

std::vector<std::string> texts(const PolicyEvaluation& e) {
  std::vector<std::string> t;
  for (const Judged& j : e.judged) t.push_back(j.text);
  return t;
}

}  // namespace

TEST_CASE("an evaluation is what the judge says of what the engine draws") {
  const Setup setup;
  ThreadPool one(1), two(2);
  const PolicyEvaluation e = setup(one);
  REQUIRE(e.judged.size() == 80);

  SamplingParams s;
  s.n = 4, s.max_new_tokens = 60, s.top_p = 0.9, s.eos = setup.world.eos(), s.seed = 8, s.stream = Stream::kEval;
  Prompts prompts;
  for (uint32_t i = 0; i < 20; ++i)
    prompts.push_back(setup.world.prompt(setup.world.task().problem(3, Split::kDev, i)));
  double right = 0, form = 0, length = 0, solved = 0, level_1 = 0;
  const auto drawn = Engine(*setup.base.model, {}, one).generate(prompts, s);
  for (size_t p = 0; p < 20; ++p) {
    bool any = false;
    for (size_t i = 4 * p; i < 4 * p + 4; ++i) {
      const Score score = setup.world.judge(e.problems[p], drawn[i].ids);
      CHECK(e.judged[i].problem == static_cast<int>(p));
      CHECK(e.judged[i].text == setup.world.text(drawn[i].ids));
      right += score.accuracy, form += score.format, length += static_cast<double>(drawn[i].ids.size());
      level_1 += e.problems[p].level == 1 ? score.accuracy : 0;
      any = any || score.accuracy > 0;
    }
    solved += any;
  }
  CHECK(right > 0);  // a base that never answers right would let a broken judge pass
  CHECK(right < 80);
  CHECK(std::abs(e.summary.all.pass_at_1.value - right / 80) < 1e-12);
  CHECK(std::abs(e.summary.all.format.value - form / 80) < 1e-12);
  CHECK(std::abs(e.summary.all.length.value - length / 80) < 1e-12);
  CHECK(std::abs(e.summary.level.at(1).pass_at_1.value - level_1 / 16) < 1e-12);  // 4 problems a level
  CHECK(std::abs(e.summary.pass_at.at(4).value - solved / 20) < 1e-12);
  CHECK(eval_line(e).find("format") != std::string::npos);

  CHECK(texts(setup(two)) == texts(e));
  CHECK(texts(setup(one, 1)) != texts(e));
}

TEST_CASE("the splits of an evaluation ask different problems") {
  Setup setup;
  setup.config.samples = 1, setup.config.max_new_tokens = 1, setup.config.pass_k = {};
  ThreadPool pool(1);
  std::set<std::string> dev;
  for (const Problem& p : setup(pool).problems) dev.insert(p.key);
  setup.config.split = "test";
  for (const Problem& p : setup(pool).problems) CHECK(dev.count(p.key) == 0);
}
