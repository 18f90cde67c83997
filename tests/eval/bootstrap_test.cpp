// Bootstrap intervals: reproducible, paired, and right about 95% of the time.
#include "eval/bootstrap.h"

#include <cmath>

#include "base/rng.h"
#include "support/catch.h"

using namespace r1;

TEST_CASE("the mean is the mean and the limits enclose it; same seed, same limits") {
  std::vector<double> x;
  for (int i = 0; i < 40; ++i) x.push_back(i % 4 == 0);
  const Interval a = bootstrap_means({x}, 500, 7)[0], b = bootstrap_means({x}, 500, 7)[0];
  CHECK(a.value == 0.25);
  CHECK((a.lo < 0.25 && a.hi > 0.25 && a.lo > 0.05 && a.hi < 0.45));
  CHECK((a.lo == b.lo && a.hi == b.hi));
  const Interval c = bootstrap_means({x}, 500, 8)[0];
  CHECK((c.lo != a.lo || c.hi != a.hi));
}

TEST_CASE("columns are resampled together: a constant difference has no width") {
  std::vector<double> x, y, d;
  Rng rng(1, Stream::kTest);
  for (int i = 0; i < 50; ++i) x.push_back(rng.uniform()), y.push_back(x.back() + 0.125), d.push_back(0.125);
  const auto out = bootstrap_means({x, y, d}, 300, 1);
  CHECK(std::abs(out[1].lo - out[0].lo - 0.125) < 1e-12);
  CHECK((out[2].lo == 0.125 && out[2].hi == 0.125));
}

TEST_CASE("edge cases: one problem, none, unequal columns") {
  const Interval one = bootstrap_means({{0.5}}, 10, 0)[0];
  CHECK((one.value == 0.5 && one.lo == 0.5 && one.hi == 0.5));
  const Interval none = bootstrap_means({{}}, 10, 0)[0];
  CHECK((none.value == 0 && none.lo == 0 && none.hi == 0));
  CHECK(bootstrap_means({}, 10, 0).empty());
  CHECK_THROWS(bootstrap_means({{1.0}, {1.0, 2.0}}, 10, 0));
  CHECK_THROWS(bootstrap_means({{1.0}}, 0, 0));
}

TEST_CASE("95% intervals hold the true rate of synthetic binomials about 95% of the time") {
  // 100 problems of 8 answers each; problem rates are uniform in [0.1, 0.7], so the true mean is 0.4.
  constexpr int kTrials = 400;
  int held = 0, below = 0;
  double width = 0;
  for (uint32_t t = 0; t < kTrials; ++t) {
    Rng rng(11, Stream::kTest, t);
    std::vector<double> means;
    for (int p = 0; p < 100; ++p) {
      const double rate = 0.1 + 0.6 * rng.uniform();
      double right = 0;
      for (int s = 0; s < 8; ++s) right += rng.chance(rate);
      means.push_back(right / 8);
    }
    const Interval i = bootstrap_means({means}, 300, t)[0];
    held += i.lo <= 0.4 && 0.4 <= i.hi;
    below += i.hi < 0.4;
    width += (i.hi - i.lo) / kTrials;
  }
  // A binomial count of 400 at 0.95 has standard deviation 4.4; the percentile bootstrap is known to be a little short.
  CHECK(held > 360);
  CHECK(held < 396);
  CHECK(below < 25);
  // Width by theory: 2 * 1.96 * sqrt((0.03 + 0.21/8) / 100): spread of the rates plus that of 8 draws (mean p(1-p) =
  // .21).
  CHECK(std::abs(width - 0.0930) < 0.004);
}
