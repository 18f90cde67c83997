// Checks of a vocabulary, then encoding: pieces -> pre-tokenizer -> byte pairs. Paper: [V3 §4.1].
#include "tokenizer/tokenizer.h"

#include <algorithm>

#include "base/check.h"

namespace r1 {
namespace {

constexpr size_t kMaxTokens = size_t{1} << 22;  // reliability: caps on what a file may declare
constexpr size_t kMaxMerges = size_t{1} << 22;

std::array<token_t, 256> find_bytes(const TokenizerData& data, const std::vector<bool>& special) {
  std::array<token_t, 256> ids;
  ids.fill(-1);
  for (size_t id = 0; id < data.tokens.size(); ++id) {
    const std::string& t = data.tokens[id];
    if (t.size() != 1 || special[id]) continue;
    token_t& slot = ids[static_cast<unsigned char>(t[0])];
    if (slot >= 0) fail("tokenizer: ids ", slot, " and ", id, " are both the byte ", in_quotes(t));
    slot = static_cast<token_t>(id);
  }
  for (size_t b = 0; b < 256; ++b)
    if (ids[b] < 0) fail("tokenizer: no token for byte ", b, ", expected one for each of the 256 bytes");
  return ids;
}

}  // namespace

Tokenizer::Tokenizer(TokenizerData data) : data_(std::move(data)) {
  const size_t n = data_.tokens.size();
  if (n > kMaxTokens) fail("tokenizer: ", n, " tokens, expected at most ", kMaxTokens);
  if (data_.merges.size() > kMaxMerges)
    fail("tokenizer: ", data_.merges.size(), " merges, expected at most ", kMaxMerges);
  special_.assign(n, false);
  for (const SpecialToken& s : data_.specials) {
    if (!valid(s.id)) fail("tokenizer: special ", in_quotes(s.name), " has id ", s.id, ", expected 0 to ", n - 1);
    if (s.name.empty() || valid_utf8_prefix(s.name) != s.name.size())
      fail("tokenizer: special token ", s.id, " has the name ", in_quotes(s.name), ", expected UTF-8 text");
    if (special_[static_cast<size_t>(s.id)]) fail("tokenizer: id ", s.id, " is special twice");
    if (!by_name_.emplace(s.name, s.id).second) fail("tokenizer: special ", in_quotes(s.name), " is there twice");
    special_[static_cast<size_t>(s.id)] = true;
    data_.tokens[static_cast<size_t>(s.id)] = s.name;
  }
  const auto plain_token = [&](token_t id) {
    return valid(id) && !is_special(id) && !data_.tokens[static_cast<size_t>(id)].empty();
  };
  for (size_t i = 0; i < data_.merges.size(); ++i) {
    const Merge& m = data_.merges[i];
    if (!plain_token(m.left) || !plain_token(m.right) || !plain_token(m.result))
      fail("tokenizer: merge ", i, " names an id that is no ordinary token (", m.left, ", ", m.right, ", ", m.result,
           ")");
    if (bytes(m.left) + bytes(m.right) != bytes(m.result))
      fail("tokenizer: merge ", i, " joins ", in_quotes(bytes(m.left)), " and ", in_quotes(bytes(m.right)), " to ",
           in_quotes(bytes(m.result)));
  }
  bpe_ = std::make_shared<const Bpe>(find_bytes(data_, special_), data_.merges);
}

const std::string& Tokenizer::bytes(token_t id) const {
  if (!valid(id)) fail("token id ", id, " is outside the vocabulary, expected 0 to ", vocab_size() - 1);
  return data_.tokens[static_cast<size_t>(id)];
}

token_t Tokenizer::special(std::string_view name) const {
  const auto it = by_name_.find(std::string(name));
  if (it != by_name_.end()) return it->second;
  std::string some;
  for (const auto& [known, id] : by_name_) {
    if (some.size() > 120) break;
    some += some.empty() ? "" : ", ", some += known;
  }
  fail("tokenizer: no special token ", in_quotes(name), ", it has: ", some.empty() ? "none" : some);
}

void Tokenizer::encode_text(std::string_view text, std::vector<token_t>& out) const {
  data_.pre_tokenizer.each_piece(text, [&](std::string_view piece) { bpe_->encode(piece, out); });
}

std::vector<token_t> Tokenizer::encode(std::string_view text) const {
  std::vector<token_t> out;
  out.reserve(text.size() / 2 + 1);
  encode_text(text, out);
  return out;
}

std::vector<token_t> Tokenizer::encode(const std::vector<Piece>& pieces) const {
  std::vector<token_t> out;
  std::string text;  // neighbouring text pieces are one text: words may cross the seam of a template
  for (const Piece& p : pieces) {
    if (!p.special) {
      text += p.text;
      continue;
    }
    encode_text(text, out);
    text.clear();
    out.push_back(special(p.text));
  }
  encode_text(text, out);
  return out;
}

std::vector<token_t> Tokenizer::encode_with_specials(std::string_view text) const {
  std::vector<token_t> out;
  size_t done = 0;
  for (size_t at = 0; at < text.size();) {
    const SpecialToken* best = nullptr;
    for (const SpecialToken& s : data_.specials)
      if (text.compare(at, s.name.size(), s.name) == 0 && (!best || s.name.size() > best->name.size())) best = &s;
    if (!best) {
      ++at;
      continue;
    }
    encode_text(text.substr(done, at - done), out);
    out.push_back(best->id);
    done = at += best->name.size();
  }
  encode_text(text.substr(done), out);
  return out;
}

std::string Tokenizer::decode(std::span<const token_t> ids) const {
  std::string out;
  for (const token_t id : ids) out += bytes(id);
  return out;
}

}  // namespace r1
