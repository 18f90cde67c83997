// Examples and how they are packed: documents go by best fit into a fixed number of gradient slots, are never cut, and
// see only themselves (cu_seqlens). Slots are the unit of parallelism and of summation, so the result does not depend
// on threads. Paper: [R1 App. B.1] (sort by length, best-fit into chunks).
#pragma once
#include <cstdint>
#include <vector>

#include "base/types.h"

namespace r1 {

/// Number of gradient slots of every batch, independent of threads and ranks: 1, 2, 4 or 8 share them evenly. More
/// would cost memory traffic: each writes gradients of the whole net.
constexpr int kGradSlots = 8;

/// One document: token i may be a target (predicted from the tokens before it) where mask[i] is 1; mask[0] is unused.
struct Example {
  std::vector<token_t> tokens;
  std::vector<uint8_t> mask;
  uint64_t index = 0;  ///< its number in the data stream
};

/// Documents of one slot, concatenated.
struct PackedSlot {
  std::vector<token_t> ids;
  std::vector<int32_t> positions;
  std::vector<int32_t> cu_seqlens{0};
  std::vector<int32_t> prefix;  ///< document that each goes on from, -1 = none (AttentionArgs::prefix)
  std::vector<uint8_t> mask;
  std::vector<size_t> source;  ///< which of the given documents each one is
  int64_t tokens() const { return static_cast<int64_t>(ids.size()); }
  /// Adds a document; `behind`: one of this slot that it goes on from.
  void append(const Example& e, size_t from, int32_t behind = -1);
};

/// Which document goes where.
struct Packing {
  std::vector<std::vector<size_t>> slots;  ///< document indices per slot, ascending
  std::vector<size_t> left;                ///< documents that found no room
};

/// Best-fit decreasing: longest first, each into the slot whose room is left smallest but enough; ties to the lower
/// slot. capacity 0 = no limit: each goes into the emptiest slot (balanced).
Packing pack_best_fit(const std::vector<int64_t>& lengths, int slots, int64_t capacity);

}  // namespace r1
