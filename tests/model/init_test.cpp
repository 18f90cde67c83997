#include "model/init.h"

#include <cmath>

#include "support/catch.h"
#include "support/tiny.h"

using namespace r1;
using namespace r1_test;

namespace {
/// Root mean square and mean of a parameter.
std::pair<double, double> moments(const Param& p) {
  double sum = 0, squares = 0;
  for (real x : p.value.to_vector()) sum += double(x), squares += double(x) * double(x);
  const double n = double(p.value.numel());
  return {std::sqrt(squares / n), sum / n};
}
}  // namespace

TEST_CASE("weights begin normal with the given deviation, less where they write the residual stream [V3 §4.2]") {
  auto m = tiny_model([](ModelConfig& c) { c.dim = 64, c.inter_dim = 96, c.moe_inter_dim = 48, c.init_std = 0.05; });
  ModelConfig c;
  c.n_layers = 2;
  CHECK(residual_scale(c) == 0.5);
  int matrices = 0, scaled = 0, norms = 0;
  for (const Param& p : m->params().all()) {
    const auto [rms, mean] = moments(p);
    INFO(p.name);
    if (!p.decay) {
      CHECK(rms == 1);
      CHECK(mean == 1);
      ++norms;
      continue;
    }
    const bool residual = p.name.find("o_proj") != std::string::npos || p.name.find(".w2") != std::string::npos;
    const double std = residual ? 0.025 : 0.05, n = double(p.value.numel());
    CHECK(std::abs(rms / std - 1) < 5 / std::sqrt(2 * n));  // five deviations of the estimate
    CHECK(std::abs(mean) < 5 * std / std::sqrt(n));
    ++matrices, scaled += residual;
  }
  CHECK(norms > 3);
  CHECK(scaled > 2);
  CHECK(matrices > 2 * scaled);
}

TEST_CASE("initial weights are a function of the seed, and no two parameters share a stream") {
  auto a = tiny_model(3), b = tiny_model(3), c = tiny_model(4);
  const auto first = [](const DeepseekV3& m, size_t i) { return m.params().all()[i].value.to_vector()[0]; };
  std::vector<real> seen;
  for (size_t i = 0; i < a->params().all().size(); ++i) {
    CHECK(first(*a, i) == first(*b, i));
    if (!a->params().all()[i].decay) continue;
    CHECK(first(*a, i) != first(*c, i));
    for (real x : seen) CHECK(first(*a, i) != x);
    seen.push_back(first(*a, i));
  }
}
