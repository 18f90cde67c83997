// A loop at the end is a period of the reversed ids' beginning: one pass of the Z algorithm finds all of them.
// Paper: [R1 §2.3].
#include "rewards/repetition.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/check.h"

namespace r1 {
namespace {

/// z[i]: how many ids from i on equal those from 0 on.
std::vector<int64_t> z_function(const std::vector<token_t>& s) {
  const int64_t n = static_cast<int64_t>(s.size());
  std::vector<int64_t> z(s.size(), 0);
  const auto at = [&](int64_t i) { return s[static_cast<size_t>(i)]; };
  for (int64_t i = 1, left = 0, right = 0; i < n; ++i) {
    int64_t& k = z[static_cast<size_t>(i)];
    if (i < right) k = std::min(right - i, z[static_cast<size_t>(i - left)]);
    while (i + k < n && at(k) == at(i + k)) ++k;
    if (i + k > right) left = i, right = i + k;
  }
  return z;
}

}  // namespace

Loop find_loop(std::span<const token_t> ids, const LoopRules& rules) {
  const std::vector<token_t> reversed(ids.rbegin(), ids.rend());
  const std::vector<int64_t> z = z_function(reversed);
  Loop best;
  int64_t most = 0;
  for (int64_t period = 1; period * rules.repeats <= static_cast<int64_t>(ids.size()); ++period) {
    const int64_t repeats = (period + z[static_cast<size_t>(period)]) / period, covered = repeats * period;
    if (repeats < rules.repeats || covered < rules.tokens || covered <= most) continue;
    best = {period, repeats}, most = covered;
  }
  return best;
}

double repeated_share(std::span<const token_t> ids, int64_t n) {
  R1_CHECK(n >= 1, "n-grams of ", n, " tokens");
  const int64_t count = static_cast<int64_t>(ids.size()) - n + 1;
  if (count <= 0) return 0;
  std::unordered_set<std::string_view> seen;  // views into ids: exact, no hash collisions
  int64_t again = 0;
  for (int64_t i = 0; i < count; ++i) {
    const auto* bytes = reinterpret_cast<const char*>(ids.data() + i);
    again += !seen.emplace(bytes, static_cast<size_t>(n) * sizeof(token_t)).second;
  }
  return static_cast<double>(again) / static_cast<double>(count);
}

bool truncated(std::span<const token_t> ids, token_t eos) { return ids.empty() || ids.back() != eos; }

}  // namespace r1
