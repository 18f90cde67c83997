// Best-fit packing. Paper: [R1 App. B.1].
#include "train/batch.h"

#include <algorithm>
#include <numeric>

namespace r1 {

void PackedSlot::append(const Example& e, size_t from, int32_t behind) {
  const auto d = static_cast<size_t>(behind);
  const int32_t first = behind < 0 ? 0 : cu_seqlens[d + 1] - cu_seqlens[d];
  ids.insert(ids.end(), e.tokens.begin(), e.tokens.end());
  mask.insert(mask.end(), e.mask.begin(), e.mask.end());
  for (size_t i = 0; i < e.tokens.size(); ++i) positions.push_back(first + static_cast<int32_t>(i));
  cu_seqlens.push_back(static_cast<int32_t>(ids.size()));
  prefix.push_back(behind);
  source.push_back(from);
}

Packing pack_best_fit(const std::vector<int64_t>& lengths, int slots, int64_t capacity) {
  std::vector<size_t> order(lengths.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return lengths[a] > lengths[b]; });
  Packing p;
  p.slots.resize(static_cast<size_t>(slots));
  std::vector<int64_t> used(static_cast<size_t>(slots));
  for (size_t doc : order) {
    int best = -1;
    for (int s = 0; s < slots; ++s) {
      const int64_t u = used[static_cast<size_t>(s)];
      if (capacity > 0 && u + lengths[doc] > capacity) continue;
      const bool better =
          best < 0 || (capacity > 0 ? u > used[static_cast<size_t>(best)] : u < used[static_cast<size_t>(best)]);
      if (better) best = s;
    }
    if (best < 0) {
      p.left.push_back(doc);
      continue;
    }
    used[static_cast<size_t>(best)] += lengths[doc];
    p.slots[static_cast<size_t>(best)].push_back(doc);
  }
  for (auto& s : p.slots) std::sort(s.begin(), s.end());
  std::sort(p.left.begin(), p.left.end());
  return p;
}

}  // namespace r1
