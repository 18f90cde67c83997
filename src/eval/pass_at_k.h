// Scores of several answers to one problem: pass@k and the majority vote.
//   pass@1 = mean of p_i over k samples [R1 App. D.1]; pass@k = 1 - C(n-c, k) / C(n, k), the unbiased estimate from n
//   >= k samples of which c are right (Chen et al. 2021, arXiv 2107.03374); cons@k = majority vote of k samples [R1
//   App. D.1].
// Trap: a vote among readable answers only flatters a base that rarely gives one. Here all unreadable answers stand
// together as one candidate that is always wrong, and the winner's point is split among tied candidates.
#pragma once
#include <cstdint>
#include <vector>

#include "eval/judged.h"

namespace r1 {

/// Chance that at least one of k answers drawn without replacement from n, of which `correct` are right, is right.
/// Exact to rounding for any n; needs 1 <= k <= n and 0 <= correct <= n, throws Error otherwise.
double pass_at_k(int64_t n, int64_t correct, int64_t k);

/// Point of one majority vote in [0, 1]: 1 if the right answer wins, 1/m if it ties with m - 1 others, else 0.
/// Answers are compared as strings; should one string be judged both right and wrong, its share of right ones counts.
double majority_vote(const Judged* answers, size_t count);

/// Mean majority_vote over the consecutive blocks of k answers (the rest of n / k is not used). Throws Error if n < k.
double cons_at_k(const std::vector<Judged>& answers, int64_t k);

}  // namespace r1
