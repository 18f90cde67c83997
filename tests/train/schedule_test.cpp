#include "train/schedule.h"

#include "support/catch.h"

using namespace r1;

TEST_CASE("the rate warms up in a line and falls along half a cosine to its share [R1 App. B.4.2]") {
  const ScheduleConfig c{5e-5, 10, "cosine", 0.1};  // 5e-5 to 5e-6, as the paper's SFT
  for (int u = 0; u < 10; ++u) CHECK(std::abs(learning_rate(c, u, 110) - 5e-6 * (u + 1)) < 1e-18);
  CHECK(learning_rate(c, 10, 110) == 5e-5);
  CHECK(std::abs(learning_rate(c, 35, 110) - (5e-6 + 4.5e-5 * (1 + std::sqrt(0.5)) / 2)) < 1e-18);  // a quarter
  CHECK(std::abs(learning_rate(c, 60, 110) - 2.75e-5) < 1e-18);                                     // half
  CHECK(std::abs(learning_rate(c, 110, 110) - 5e-6) < 1e-18);
  CHECK(std::abs(learning_rate(c, 500, 110) - 5e-6) < 1e-18);  // never rises again
  for (int u = 11; u <= 110; ++u) CHECK(learning_rate(c, u, 110) < learning_rate(c, u - 1, 110));
}

TEST_CASE("without decay the rate stays at its peak [R1 §2.1]") {
  const ScheduleConfig c{3e-6, 0, "constant", 0.1};
  for (int u : {0, 1, 1000}) CHECK(learning_rate(c, u, 0) == 3e-6);
  CHECK(learning_rate({1, 5, "cosine", 0.1}, 7, 5) == 1);  // nothing left after the warm-up
}
