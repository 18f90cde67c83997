// UTF-8 decoding by the table of well-formed byte sequences of the Unicode standard. Paper: none.
#include "base/text.h"

namespace r1 {
namespace {

// Smallest value that needs this many bytes; anything below is an overlong form.
constexpr char32_t kSmallest[5] = {0, 0, 0x80, 0x800, 0x10000};

int length_by_first_byte(unsigned char c) {
  if (c < 0x80) return 1;
  if (c >= 0xC2 && c < 0xE0) return 2;
  if (c >= 0xE0 && c < 0xF0) return 3;
  if (c >= 0xF0 && c < 0xF5) return 4;
  return 0;
}

}  // namespace

CodePoint decode_utf8(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const int n = length_by_first_byte(byte(at));
  if (n == 0 || at + static_cast<size_t>(n) > text.size()) return {};
  if (n == 1) return {byte(at), 1};
  char32_t v = byte(at) & (0x7Fu >> n);
  for (int k = 1; k < n; ++k) {
    const unsigned char c = byte(at + static_cast<size_t>(k));
    if ((c & 0xC0) != 0x80) return {};
    v = v << 6 | (c & 0x3Fu);
  }
  const bool surrogate = v >= 0xD800 && v < 0xE000;
  if (v < kSmallest[n] || v > 0x10FFFF || surrogate) return {};
  return {v, n};
}

size_t valid_utf8_prefix(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const CodePoint c = decode_utf8(text, at);
    if (c.length == 0) return at;
    at += static_cast<size_t>(c.length);
  }
  return at;
}

void append_utf8(std::string& out, char32_t v) {
  const auto put = [&](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (v < 0x80) {
    put(v);
  } else if (v < 0x800) {
    put(0xC0 | v >> 6), put(0x80 | (v & 0x3F));
  } else if (v < 0x10000) {
    put(0xE0 | v >> 12), put(0x80 | (v >> 6 & 0x3F)), put(0x80 | (v & 0x3F));
  } else {
    put(0xF0 | v >> 18), put(0x80 | (v >> 12 & 0x3F)), put(0x80 | (v >> 6 & 0x3F)), put(0x80 | (v & 0x3F));
  }
}

std::string in_quotes(std::string_view text, size_t limit) {
  static const char* const hex = "0123456789abcdef";
  std::string out = "'";
  for (size_t at = 0; at < text.size();) {
    if (at >= limit) return out + "...'";
    const CodePoint c = decode_utf8(text, at);
    const auto byte = static_cast<unsigned char>(text[at]);
    if (c.length == 0 || c.value < 0x20 || c.value == 0x7F) {
      out += "\\x", out += hex[byte >> 4], out += hex[byte & 15];
      ++at;
    } else {
      out.append(text.substr(at, static_cast<size_t>(c.length)));
      at += static_cast<size_t>(c.length);
    }
  }
  return out + "'";
}

std::string_view trim(std::string_view text) {
  const char* const blanks = " \t\n\r";
  const size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

std::string ascii_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 32);
  return out;
}

std::string plain(const std::vector<Piece>& pieces) {
  std::string out;
  for (const Piece& p : pieces) out += p.text;
  return out;
}

}  // namespace r1
