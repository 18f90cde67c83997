// Loops against a search by definition, and outputs that repeat honestly.
#include "rewards/repetition.h"

#include <algorithm>
#include <vector>

#include "base/rng.h"
#include "support/catch.h"

using namespace r1;

namespace {

/// The loop at the end, by trying every period.
Loop by_definition(const std::vector<token_t>& ids, const LoopRules& rules) {
  Loop best;
  const int64_t n = static_cast<int64_t>(ids.size());
  for (int64_t period = 1; period <= n; ++period) {
    int64_t repeats = 1;
    while ((repeats + 1) * period <= n && std::equal(ids.end() - period, ids.end(), ids.end() - (repeats + 1) * period))
      ++repeats;
    if (repeats >= rules.repeats && repeats * period >= rules.tokens && repeats * period > best.period * best.repeats)
      best = {period, repeats};
  }
  return best;
}

std::vector<token_t> repeat(std::vector<token_t> part, int times, std::vector<token_t> head = {}) {
  for (int i = 0; i < times; ++i) head.insert(head.end(), part.begin(), part.end());
  return head;
}

}  // namespace

TEST_CASE("loops are those of the definition") {
  Rng rng(1, Stream::kTest);
  int loops = 0;
  for (int i = 0; i < 3000; ++i) {
    std::vector<token_t> ids;
    for (int n = rng.range(0, 12); n > 0; --n) ids.push_back(rng.range(0, 2));
    std::vector<token_t> part;
    for (int n = rng.range(1, 4); n > 0; --n) part.push_back(rng.range(0, 2));
    ids = repeat(part, rng.range(0, 6), ids);
    const LoopRules rules{rng.range(2, 4), rng.range(1, 10)};
    const Loop got = find_loop(ids, rules), want = by_definition(ids, rules);
    CHECK(got.period == want.period);
    CHECK(got.repeats == want.repeats);
    loops += got.period > 0;
  }
  CHECK(loops > 500);
  CHECK(loops < 2900);
}

TEST_CASE("a loop is at the very end and long enough") {
  CHECK(find_loop(repeat({5, 6, 7}, 10)).period == 3);
  CHECK(find_loop(repeat({5, 6, 7}, 10)).repeats == 10);
  CHECK(find_loop(repeat({5}, 200)).period == 1);
  auto recovered = repeat({5, 6, 7}, 10);
  recovered.push_back(1);
  CHECK(find_loop(recovered).period == 0);
  CHECK(find_loop(repeat({5, 6, 7}, 4)).period == 0);  // 12 tokens: as far as an honest list goes
  CHECK(find_loop({}).period == 0);
  CHECK(find_loop(repeat({1, 2}, 200000)).repeats == 200000);  // linear time
}

TEST_CASE("the share of repeated n-grams, worked by hand") {
  const std::vector<token_t> ids{1, 2, 1, 2, 1};  // 12 21 12 21: two of four again
  CHECK(repeated_share(ids, 2) == 0.5);
  CHECK(repeated_share(ids, 5) == 0);
  CHECK(repeated_share(ids, 6) == 0);
  CHECK(repeated_share(std::vector<token_t>(11, 7), 2) == Approx(0.9));
}

TEST_CASE("an output without end was cut off") {
  CHECK(truncated(std::vector<token_t>{1, 2}, 0));
  CHECK(truncated(std::vector<token_t>{}, 0));
  CHECK_FALSE(truncated(std::vector<token_t>{1, 2, 0}, 0));
}
