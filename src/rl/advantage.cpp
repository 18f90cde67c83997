// Group advantage. Paper: [R1 Eq. 3].
#include "rl/advantage.h"

#include <cmath>

#include "base/check.h"

namespace r1 {

std::vector<double> group_advantage(const std::vector<double>& reward, const std::vector<bool>& masked,
                                    const std::string& scale, double eps) {
  R1_CHECK(reward.size() == masked.size(), reward.size(), " rewards, ", masked.size(), " masks");
  std::vector<double> a(reward.size(), 0.0);
  if (zero_variance(reward, masked)) return a;  // exactly: rounding of the mean must not leave a residue over eps
  double n = 0, mean = 0, var = 0;
  for (size_t i = 0; i < reward.size(); ++i)
    if (!masked[i]) n += 1, mean += reward[i];
  mean /= n;
  for (size_t i = 0; i < reward.size(); ++i)
    if (!masked[i]) var += (reward[i] - mean) * (reward[i] - mean);
  const double divisor = scale == "std" ? std::sqrt(var / n) + eps : 1.0;
  for (size_t i = 0; i < reward.size(); ++i)
    if (!masked[i]) a[i] = (reward[i] - mean) / divisor;
  return a;
}

std::vector<double> rejection_advantage(const std::vector<Score>& scores) {
  std::vector<double> a;
  for (const Score& s : scores) a.push_back(!s.unknown && s.accuracy > 0 && s.format > 0 ? 1.0 : 0.0);
  return a;
}

bool zero_variance(const std::vector<double>& reward, const std::vector<bool>& masked) {
  const double* first = nullptr;
  for (size_t i = 0; i < reward.size(); ++i) {
    R1_CHECK(std::isfinite(reward[i]), "reward ", reward[i], " of answer ", i, ", expected a finite number");
    if (masked[i]) continue;
    if (first && reward[i] != *first) return false;
    if (!first) first = &reward[i];
  }
  return true;
}

}  // namespace r1
