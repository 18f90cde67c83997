// Percentile bootstrap over problems: problems are the sample, the answers to one problem are not independent. All
// columns share the resampled problems, so a difference of two columns has its own paired interval when it is given as
// a column. Paper: none (the paper tests significance by a t-test [R1 App. D.1]).
// Trap: where every problem has the same value (all wrong) the interval has no width; it is not a proof.
#pragma once
#include <cstdint>
#include <vector>

namespace r1 {

struct Interval {
  double value = 0;       ///< mean over the problems
  double lo = 0, hi = 0;  ///< 95% limits
};

/// columns[c][p] is a figure of problem p; gives the mean of each column with the 2.5% and 97.5% points of its mean
/// over `resamples` draws of as many problems with replacement. Same seed, same limits. An empty column gives zeros;
/// columns of different lengths throw Error.
std::vector<Interval> bootstrap_means(const std::vector<std::vector<double>>& columns, int resamples, uint64_t seed);

}  // namespace r1
