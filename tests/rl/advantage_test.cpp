#include "rl/advantage.h"

#include <cmath>

#include "base/check.h"
#include "support/catch.h"

using namespace r1;

TEST_CASE("advantages are z-scores of the group [R1 Eq. 3]") {
  // rewards 2, 0, 1, 1: mean 1, population variance 0.5.
  const auto a = group_advantage({2, 0, 1, 1}, {false, false, false, false}, "std", 1e-4);
  const double s = std::sqrt(0.5) + 1e-4;
  CHECK(std::abs(a[0] - 1 / s) < 1e-12);
  CHECK(std::abs(a[1] + 1 / s) < 1e-12);
  CHECK(a[2] == 0);
  const auto b = group_advantage({2, 0, 1, 1}, {false, false, false, false}, "none", 1e-4);
  CHECK(b == std::vector<double>{1, -1, 0, 0});
}

TEST_CASE("equal rewards, one sample, masked samples teach nothing; NaN is an error") {
  const double third = 1.0 / 3;  // whose mean of three is not exactly itself
  CHECK(group_advantage({third, third, third}, {false, false, false}, "std", 0) == std::vector<double>{0, 0, 0});
  CHECK(group_advantage({5}, {false}, "std", 1e-4) == std::vector<double>{0});
  CHECK(group_advantage({5, 1}, {true, true}, "std", 1e-4) == std::vector<double>{0, 0});
  const auto a = group_advantage({9, 2, 0}, {true, false, false}, "none", 0);
  CHECK(a == std::vector<double>{0, 1, -1});
  CHECK_THROWS_AS(group_advantage({NAN, 1}, {false, false}, "std", 1e-4), Error);
}

TEST_CASE("rejection sampling keeps what is right and well formed, nothing else [DSM §5.2.1]") {
  Score right, wrong, formless, unknown;
  right.accuracy = right.format = 1;
  wrong.format = 1;
  formless.accuracy = 1;
  unknown.accuracy = unknown.format = 1, unknown.unknown = true;
  CHECK(rejection_advantage({right, wrong, formless, unknown}) == std::vector<double>{1, 0, 0, 0});
}
