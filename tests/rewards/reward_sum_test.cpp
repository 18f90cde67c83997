// The sums of the three stages, worked by hand [R1 Eq. 4, 7-10].
#include "rewards/reward_sum.h"

#include "support/catch.h"

using namespace r1;

TEST_CASE("each stage adds the parts that the paper names, with weight 1") {
  Score s;
  s.accuracy = 1, s.format = 0.5, s.language = 0.25, s.preference = 0.125;
  CHECK(weighted_sum(stage_weights(RewardStage::kZero, false), s) == 1.5);
  CHECK(weighted_sum(stage_weights(RewardStage::kReasoning, false), s) == 1.75);
  CHECK(weighted_sum(stage_weights(RewardStage::kAllScenarios, false), s) == 1.75);
  CHECK(weighted_sum(stage_weights(RewardStage::kAllScenarios, true), s) == 0.875);
  CHECK_THROWS_WITH(stage_weights(RewardStage::kZero, true), ContainsSubstring("no rule can check"));
}
