#include "pipeline/gate.h"

#include <cmath>

#include "model/dense.h"
#include "support/catch.h"

using namespace r1;

TEST_CASE("a net that knows nothing fails the gate by chance's figures, the same on 1 and 2 threads") {
  const World world{WorldConfig{}};
  ModelConfig c = find_model_config("nano");
  c.vocab_size = world.tokenizer().vocab_size(), c.init_std = 0.001;
  const auto model = make_model(c);
  model->allocate();
  model->init(1);
  ThreadPool one(1), two(2);
  const GateReport g = measure_gate(*model, world, 10, one);
  const double v = static_cast<double>(c.vocab_size);  // nearly uniform over the vocabulary
  CHECK(std::abs(g.sum * v * v - 1) < 0.2);
  CHECK(std::abs(g.quick * v * v - 1) < 0.2);
  CHECK(std::abs(g.checks_en * v - 1) < 0.2);
  CHECK(std::abs(std::log(g.careful_part[0]) / std::log(v) + 7) < 0.1);  // "5*8=40," is seven tokens
  CHECK(g.careful_en < g.careful_part[4]);
  CHECK(g.line() == measure_gate(*model, world, 10, two).line());
  for (const char* what : {"copy", "carry", "sum", "careful en", "careful zh", "checks"})
    CHECK(g.failed().find(what) != std::string::npos);
  CHECK(g.failed().find("quick") == std::string::npos);
}

TEST_CASE("the gate has two sides") {
  GateReport g;
  for (double& x : g.copy) x = .99;
  g.carry = g.sum = g.careful_en = g.careful_zh = .96, g.quick = .1, g.checks_en = .05, g.checks_zh = .08;
  CHECK(g.failed().empty());
  g.quick = .5;
  CHECK(g.failed() == "quick product 0.5 > 0.35");
  g.quick = .1, g.checks_zh = .2;
  CHECK(g.failed() == "checks zh 0.2 > 0.12");
  g.checks_zh = .08, g.copy[4] = .8;
  CHECK(g.failed() == "copy 0.8 < 0.83");
}
