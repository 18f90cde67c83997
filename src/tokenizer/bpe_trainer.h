// Learns the merges of a byte-level BPE vocabulary from text. In: texts (special tokens already cut out).
// Out: ids 0.. = specials, then the 256 bytes, then one token a merge. Rule: the pair with the highest count, ties by
// the lexicographically greater pair of byte strings, so that a corpus has one result on every machine.
// Paper: [V3 §4.1] (byte-level BPE; the trainer is not described there).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace r1 {

class BpeTrainer {
 public:
  explicit BpeTrainer(PreTokenizer pre_tokenizer) : pre_tokenizer_(std::move(pre_tokenizer)) {}

  /// Counts the pieces of a text.
  void add(std::string_view text);
  /// Learns until the vocabulary has `vocab_size` entries or no pair occurs `min_count` times.
  /// Throws Error if vocab_size is less than 256 + specials, or a special is named twice.
  TokenizerData train(int64_t vocab_size, const std::vector<std::string>& specials, int64_t min_count = 1) const;

 private:
  PreTokenizer pre_tokenizer_;
  std::unordered_map<std::string, int64_t> counts_;
};

}  // namespace r1
