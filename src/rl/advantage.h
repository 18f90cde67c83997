// Group-relative advantage: the rewards of the G answers to one question, z-scored within the group.
// Paper: [R1 Eq. 3]. The paper does not say which standard deviation, nor what std = 0 means: here the population's,
// with a named epsilon; a group of equal rewards gives zeros. Note: paper_notes/grpo.md
#pragma once
#include <string>
#include <vector>

#include "rewards/score.h"

namespace r1 {

/// `scale`: "std" divides by (population std + eps), "none" only subtracts the mean. Masked entries (unknown verdicts)
/// count for nothing and get 0. NaN rewards are an error.
std::vector<double> group_advantage(const std::vector<double>& reward, const std::vector<bool>& masked,
                                    const std::string& scale, double eps);

/// Online rejection-sampling fine-tuning in the same clothes: 1 for a right and well-formed answer, 0 for every other,
/// so that the policy gradient becomes the likelihood of what was kept [DSM §5.2.1].
std::vector<double> rejection_advantage(const std::vector<Score>& scores);

/// True if all unmasked rewards are equal: the group teaches nothing.
bool zero_variance(const std::vector<double>& reward, const std::vector<bool>& masked);

}  // namespace r1
