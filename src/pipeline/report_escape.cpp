// HTML escaping of hostile text. Completions may hold markup, broken UTF-8, terminal codes and direction overrides that
// would make a line read otherwise than it is. Paper: none.
#include <cstdint>

#include "pipeline/report_svg.h"

namespace r1 {
namespace {

// Decodes one character at i: its length, 0 if the bytes are not UTF-8 (overlong forms and surrogates included).
size_t decode(const std::string& s, size_t i, uint32_t& code) {
  const auto byte = [&](size_t k) { return i + k < s.size() ? static_cast<unsigned char>(s[i + k]) : 0u; };
  const uint32_t first = byte(0);
  const size_t length = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
  if (length == 0) return 0;
  code = length == 1 ? first : first & (0xFFu >> (length + 1));
  for (size_t k = 1; k < length; ++k) {
    if (byte(k) >> 6 != 2) return 0;
    code = code << 6 | (byte(k) & 0x3F);
  }
  static constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  return code < kLeast[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF) ? 0 : length;
}

bool is_unseen(uint32_t c) {
  if (c == '\n' || c == '\t') return false;
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || c == 0x2028 || c == 0x2029;
}

}  // namespace

std::string html_escape(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    uint32_t code = 0;
    const size_t n = decode(text, i, code);
    if (n == 0 || is_unseen(code)) {
      out += "\xEF\xBF\xBD";
    } else if (code == '&') {
      out += "&amp;";
    } else if (code == '<') {
      out += "&lt;";
    } else if (code == '>') {
      out += "&gt;";
    } else if (code == '"') {
      out += "&quot;";
    } else if (code == '\'') {
      out += "&#39;";
    } else {
      out.append(text, i, n);
    }
    i += n == 0 ? 1 : n;
  }
  return out;
}

}  // namespace r1
