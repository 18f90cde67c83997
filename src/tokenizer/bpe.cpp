// Symbols form a linked list over the piece; a heap holds the merges that are possible now. Entries whose symbols
// have changed since are recognised by their ids and dropped. Paper: [V3 §4.1].
#include "tokenizer/bpe.h"

#include <algorithm>

#include "base/check.h"

namespace r1 {
namespace {

constexpr uint64_t pair_key(token_t left, token_t right) {
  return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
}

struct Symbol {
  token_t id;
  int64_t previous, next;  ///< -1 at the ends
};

struct Candidate {
  uint32_t rank;
  int64_t at;
  token_t left, right, result;
};

// std::push_heap keeps the greatest in front: "greater" is lower rank, then further left.
bool later(const Candidate& a, const Candidate& b) { return a.rank != b.rank ? a.rank > b.rank : a.at > b.at; }

constexpr token_t kGone = -1;

}  // namespace

Bpe::Bpe(const std::array<token_t, 256>& byte_ids, const std::vector<Merge>& merges) : byte_ids_(byte_ids) {
  rules_.reserve(merges.size());
  for (size_t i = 0; i < merges.size(); ++i) {
    const Merge& m = merges[i];
    const bool fresh = rules_.emplace(pair_key(m.left, m.right), Rule{static_cast<uint32_t>(i), m.result}).second;
    if (!fresh) fail("merge ", i, " of ids ", m.left, " and ", m.right, " is there twice");
  }
}

const Bpe::Rule* Bpe::find(token_t left, token_t right) const {
  const auto it = rules_.find(pair_key(left, right));
  return it == rules_.end() ? nullptr : &it->second;
}

void Bpe::encode(std::string_view piece, std::vector<token_t>& out) const {
  const auto n = static_cast<int64_t>(piece.size());
  const auto byte_id = [&](int64_t i) { return byte_ids_[static_cast<unsigned char>(piece[static_cast<size_t>(i)])]; };
  if (n == 1) return out.push_back(byte_id(0));

  std::vector<Symbol> symbols;
  std::vector<Candidate> heap;
  symbols.reserve(piece.size()), heap.reserve(piece.size());
  const auto symbol = [&](int64_t i) -> Symbol& { return symbols[static_cast<size_t>(i)]; };
  const auto offer = [&](int64_t at) {
    if (at < 0 || symbol(at).next < 0) return;
    const token_t left = symbol(at).id, right = symbol(symbol(at).next).id;
    if (const Rule* rule = find(left, right)) {
      heap.push_back({rule->rank, at, left, right, rule->result});
      std::push_heap(heap.begin(), heap.end(), later);
    }
  };
  for (int64_t i = 0; i < n; ++i) symbols.push_back({byte_id(i), i - 1, i + 1 < n ? i + 1 : -1});
  for (int64_t i = 0; i + 1 < n; ++i) offer(i);

  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), later);
    const Candidate c = heap.back();
    heap.pop_back();
    Symbol& left = symbol(c.at);
    if (left.id != c.left || left.next < 0 || symbol(left.next).id != c.right) continue;
    Symbol& right = symbol(left.next);
    left.id = c.result;
    left.next = right.next;
    right.id = kGone;
    if (left.next >= 0) symbol(left.next).previous = c.at;
    offer(left.previous);
    offer(c.at);
  }
  for (int64_t i = n ? 0 : -1; i >= 0; i = symbol(i).next) out.push_back(symbol(i).id);
}

}  // namespace r1
