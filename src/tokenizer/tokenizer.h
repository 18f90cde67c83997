// Text to token ids and back: byte-level BPE with special tokens that text can never forge. In: any bytes.
// Out: ids; decode(encode(x)) == x for every x. Trap: `encode(text)` treats "<think>" as seven letters; only pieces
// (or a template's own text through encode_with_specials) yield special ids. Paper: [V3 §4.1], [R1 Table 1].
#pragma once
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "base/types.h"
#include "tokenizer/bpe.h"
#include "tokenizer/pre_tokenizer.h"

namespace r1 {

/// A token that stands outside the text: end of sequence, <think>, a role mark.
struct SpecialToken {
  std::string name;
  token_t id;
  bool operator==(const SpecialToken&) const = default;
};

/// Everything a tokenizer is made of; what files and the trainer produce.
struct TokenizerData {
  std::vector<std::string> tokens;     ///< bytes by id; the name where the id is special; "" where the id is unused
  std::vector<Merge> merges;           ///< by rank
  std::vector<SpecialToken> specials;  ///< at least the names a template uses
  PreTokenizer pre_tokenizer;
  bool assumes_nfc = false;  ///< the file asks for Unicode NFC: we expect text in that form and do not compose
};

class Tokenizer {
 public:
  /// Throws Error naming the entry when ids repeat or are out of range, a byte has no token, a merge does not join
  /// to its result, or caps are exceeded (2^22 tokens, 2^22 merges).
  explicit Tokenizer(TokenizerData data);

  /// Ids of plain text; never a special id.
  std::vector<token_t> encode(std::string_view text) const;
  /// Ids of pieces; a special piece is one id, neighbouring texts count as one text. Throws Error for an unknown
  /// special.
  std::vector<token_t> encode(const std::vector<Piece>& pieces) const;
  /// Ids of text that we wrote ourselves, special names spelt in it, longest name first. Never for text of others.
  std::vector<token_t> encode_with_specials(std::string_view text) const;
  /// Bytes of ids, specials by name. Throws Error for an id outside the vocabulary.
  std::string decode(std::span<const token_t> ids) const;

  /// Ids run from 0 to vocab_size() - 1.
  int64_t vocab_size() const { return static_cast<int64_t>(data_.tokens.size()); }
  /// Id of a special by name; throws Error that lists some that exist.
  token_t special(std::string_view name) const;
  bool has_special(std::string_view name) const { return by_name_.count(std::string(name)) > 0; }
  bool is_special(token_t id) const { return valid(id) && special_[static_cast<size_t>(id)]; }
  bool valid(token_t id) const { return id >= 0 && id < vocab_size(); }
  /// The bytes (or the name) of one id; throws Error for an id outside the vocabulary.
  const std::string& bytes(token_t id) const;

  const TokenizerData& data() const { return data_; }

 private:
  void encode_text(std::string_view text, std::vector<token_t>& out) const;

  TokenizerData data_;
  std::vector<bool> special_;  ///< by id
  std::map<std::string, token_t> by_name_;
  std::shared_ptr<const Bpe> bpe_;
};

}  // namespace r1
