// Percentile bootstrap with the project's own counter-based numbers. Paper: none.
#include "eval/bootstrap.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/rng.h"

namespace r1 {
namespace {

constexpr uint32_t kBootstrap = 0xB0075u;  // names the stream beside the other users of Stream::kEval

// Linear between order statistics.
double quantile(const std::vector<double>& sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto i = static_cast<size_t>(at);
  const double rest = at - static_cast<double>(i);
  return i + 1 < sorted.size() ? sorted[i] + rest * (sorted[i + 1] - sorted[i]) : sorted[i];
}

}  // namespace

std::vector<Interval> bootstrap_means(const std::vector<std::vector<double>>& columns, int resamples, uint64_t seed) {
  std::vector<Interval> out(columns.size());
  const size_t n = columns.empty() ? 0 : columns[0].size();
  for (const auto& c : columns) R1_CHECK(c.size() == n, "bootstrap: columns of ", c.size(), " and ", n, " problems");
  R1_CHECK(resamples >= 1, "bootstrap: resamples = ", resamples, ", expected at least 1");
  if (n == 0) return out;
  std::vector<std::vector<double>> means(columns.size());
  std::vector<size_t> drawn(n);
  Rng rng(seed, Stream::kEval, kBootstrap);
  for (int r = 0; r < resamples; ++r) {
    for (size_t& i : drawn) i = rng.below(static_cast<uint32_t>(n));
    for (size_t c = 0; c < columns.size(); ++c) {
      double sum = 0;
      for (const size_t i : drawn) sum += columns[c][i];
      means[c].push_back(sum / static_cast<double>(n));
    }
  }
  for (size_t c = 0; c < columns.size(); ++c) {
    double sum = 0;
    for (const double v : columns[c]) sum += v;
    std::sort(means[c].begin(), means[c].end());
    out[c] = {sum / static_cast<double>(n), quantile(means[c], 0.025), quantile(means[c], 0.975)};
  }
  return out;
}

}  // namespace r1
