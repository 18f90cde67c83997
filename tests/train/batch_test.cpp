#include "train/batch.h"

#include <algorithm>
#include <numeric>

#include "base/rng.h"
#include "support/catch.h"

using namespace r1;

TEST_CASE("best fit: longest first, each into the tightest slot that has room [R1 App. B.1]") {
  // Capacity 10, two slots: 7 into slot 0; 6 into slot 1; 4 fits slot 1 only; 3 fills slot 0; 2 finds no room.
  const Packing p = pack_best_fit({4, 7, 2, 6, 3}, 2, 10);
  CHECK(p.slots[0] == std::vector<size_t>{1, 4});
  CHECK(p.slots[1] == std::vector<size_t>{0, 3});
  CHECK(p.left == std::vector<size_t>{2});
}

TEST_CASE("without a capacity every document is placed and slots are even") {
  Rng rng(1, Stream::kTest);
  std::vector<int64_t> lengths;
  for (int i = 0; i < 300; ++i) lengths.push_back(rng.range(1, 60));
  const Packing p = pack_best_fit(lengths, kGradSlots, 0);
  CHECK(p.left.empty());
  std::vector<size_t> seen;
  int64_t low = INT64_MAX, high = 0;
  for (const auto& s : p.slots) {
    int64_t n = 0;
    for (size_t i : s) n += lengths[i], seen.push_back(i);
    low = std::min(low, n), high = std::max(high, n);
    CHECK(std::is_sorted(s.begin(), s.end()));
  }
  std::sort(seen.begin(), seen.end());
  std::vector<size_t> all(300);
  std::iota(all.begin(), all.end(), size_t{0});
  CHECK(seen == all);
  CHECK(high - low <= 60);
}

TEST_CASE("a packed slot keeps documents apart") {
  PackedSlot s;
  s.append({{5, 6, 7}, {1, 1, 0}, 9}, 4);
  s.append({{8, 9}, {1, 1}, 3}, 2);
  CHECK(s.cu_seqlens == std::vector<int32_t>{0, 3, 5});
  CHECK(s.positions == std::vector<int32_t>{0, 1, 2, 0, 1});
  CHECK(s.ids == std::vector<token_t>{5, 6, 7, 8, 9});
  CHECK(s.source == std::vector<size_t>{4, 2});
}
