// pass@k as a product, so that no factorial overflows; the vote by counting. Paper: [R1 App. D.1].
#include "eval/pass_at_k.h"

#include <algorithm>
#include <map>

#include "base/check.h"

namespace r1 {

std::vector<std::vector<Judged>> by_problem(const std::vector<Judged>& answers) {
  std::map<int, std::vector<Judged>> groups;
  for (const Judged& a : answers) {
    auto& group = groups[a.problem];
    if (!group.empty() && (group.front().level != a.level || group.front().language != a.language))
      fail("evaluation: problem ", a.problem, " has answers of level ", group.front().level, " ",
           group.front().language, " and of level ", a.level, " ", a.language);
    group.push_back(a);
  }
  std::vector<std::vector<Judged>> out;
  for (auto& [problem, group] : groups) out.push_back(std::move(group));
  return out;
}

double pass_at_k(int64_t n, int64_t correct, int64_t k) {
  if (k < 1 || k > n || correct < 0 || correct > n)
    fail("pass@", k, " of ", n, " answers with ", correct, " right: expected 1 <= k <= n and 0 <= right <= n");
  if (n - correct < k) return 1.0;
  // C(n-c, k) / C(n, k) = prod over the c right ones of (1 - k / i), i = n-c+1 .. n: every factor is in [0, 1).
  double all_wrong = 1.0;
  for (int64_t i = n - correct + 1; i <= n; ++i) all_wrong *= 1.0 - static_cast<double>(k) / static_cast<double>(i);
  return 1.0 - all_wrong;
}

double majority_vote(const Judged* answers, size_t count) {
  struct Candidate {
    int votes = 0, right = 0;
  };
  std::map<std::string, Candidate> candidates;  // "" gathers the unreadable ones
  for (size_t i = 0; i < count; ++i) {
    Candidate& c = candidates[answers[i].answer];
    ++c.votes;
    c.right += answers[i].correct && !answers[i].answer.empty();
  }
  int most = 0, tied = 0;
  double right = 0;
  for (const auto& [answer, c] : candidates) most = std::max(most, c.votes);
  for (const auto& [answer, c] : candidates) {
    if (c.votes != most) continue;
    ++tied;
    right += static_cast<double>(c.right) / c.votes;
  }
  return tied > 0 ? right / tied : 0.0;
}

double cons_at_k(const std::vector<Judged>& answers, int64_t k) {
  const auto n = static_cast<int64_t>(answers.size());
  if (k < 1 || n < k)
    fail("cons@", k, " of problem ", n ? answers[0].problem : 0, ": expected at least ", k, " answers, got ", n);
  const int64_t blocks = n / k;
  double sum = 0;
  for (int64_t b = 0; b < blocks; ++b) sum += majority_vote(answers.data() + b * k, static_cast<size_t>(k));
  return sum / static_cast<double>(blocks);
}

}  // namespace r1
