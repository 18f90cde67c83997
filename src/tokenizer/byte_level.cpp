// Printable Latin-1 bytes stand for themselves; the other 68 take U+0100, U+0101, ... in ascending order. Paper: none.
#include "tokenizer/byte_level.h"

#include <array>

#include "base/text.h"

namespace r1 {
namespace {

constexpr char32_t kFirstSubstitute = 0x100;
constexpr size_t kCharacters = 0x144;  // 256 + the 68 substitutes

constexpr bool stands_for_itself(int b) { return (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b != 0xAD && b <= 0xFF); }

struct Tables {
  std::array<char32_t, 256> character{};
  std::array<int, kCharacters> byte{};
};

constexpr Tables make_tables() {
  Tables t;
  for (int& b : t.byte) b = -1;
  char32_t next = kFirstSubstitute;
  for (int b = 0; b < 256; ++b) {
    const char32_t c = stands_for_itself(b) ? static_cast<char32_t>(b) : next++;
    t.character[static_cast<size_t>(b)] = c;
    t.byte[c] = b;
  }
  return t;
}

constexpr Tables kTables = make_tables();

}  // namespace

std::string to_byte_level(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) append_utf8(out, kTables.character[static_cast<unsigned char>(c)]);
  return out;
}

std::optional<std::string> from_byte_level(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = decode_utf8(text, at);
    if (c.length == 0 || c.value >= kCharacters || kTables.byte[c.value] < 0) return std::nullopt;
    out += static_cast<char>(static_cast<unsigned char>(kTables.byte[c.value]));
    at += static_cast<size_t>(c.length);
  }
  return out;
}

}  // namespace r1
