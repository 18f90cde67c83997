// Byte pair encoding of one piece: start from single bytes, apply the learned merge of lowest rank, leftmost first,
// until none applies. In: bytes. Out: token ids. O(n log n), so that a hostile long piece costs little.
// Paper: [V3 §4.1] (byte-level BPE).
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/types.h"

namespace r1 {

/// Joins `left` and `right` into `result`; the place in the list of merges is its rank.
struct Merge {
  token_t left, right, result;
  bool operator==(const Merge&) const = default;
};

/// The lookup tables of a vocabulary; immutable, shared by threads.
class Bpe {
 public:
  /// `byte_ids[b]` is the token of the single byte b. Throws Error when a pair occurs twice.
  Bpe(const std::array<token_t, 256>& byte_ids, const std::vector<Merge>& merges);

  /// Appends the ids of one piece.
  void encode(std::string_view piece, std::vector<token_t>& out) const;

 private:
  struct Rule {
    uint32_t rank;
    token_t result;
  };
  const Rule* find(token_t left, token_t right) const;

  std::array<token_t, 256> byte_ids_;
  std::unordered_map<uint64_t, Rule> rules_;
};

}  // namespace r1
