// Word counting on UTF-8 text. Paper: [R1 App. C.2], [R1 Eq. 7].
#include "eval/reflective.h"

#include <algorithm>
#include <cstdint>

namespace r1 {
namespace {

bool is_latin(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word_char(char c) { return is_latin(c) || (c >= '0' && c <= '9') || c == '_'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool matches(const std::string& text, size_t at, const std::string& word) {
  for (size_t i = 0; i < word.size(); ++i)
    if (lower(text[at + i]) != lower(word[i])) return false;
  return true;
}

// Han ideographs: U+3400-U+9FFF and U+F900-U+FAFF are three bytes, U+20000-U+323AF four. Returns their length, 0 if
// none.
size_t han_length(const std::string& s, size_t i) {
  const auto byte = [&](size_t k) { return i + k < s.size() ? static_cast<unsigned char>(s[i + k]) : 0u; };
  if ((byte(0) & 0xF0) == 0xE0) {
    const uint32_t c = (byte(0) & 0xFu) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu);
    return i + 3 <= s.size() && ((c >= 0x3400 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF)) ? 3 : 0;
  }
  if ((byte(0) & 0xF8) == 0xF0) {
    const uint32_t c = (byte(0) & 7u) << 18 | (byte(1) & 0x3Fu) << 12 | (byte(2) & 0x3Fu) << 6 | (byte(3) & 0x3Fu);
    return i + 4 <= s.size() && c >= 0x20000 && c <= 0x323AF ? 4 : 0;
  }
  return 0;
}

// "<think>" or "</answer>" at i: the length of the tag, else 0. A tag has no spaces and is short.
size_t tag_length(const std::string& s, size_t i) {
  size_t k = i + 1;
  if (k < s.size() && s[k] == '/') ++k;
  const size_t first = k;
  while (k < s.size() && k - first < 24 && (is_word_char(s[k]) || s[k] == '-')) ++k;
  return s[i] == '<' && k > first && k < s.size() && s[k] == '>' ? k + 1 - i : 0;
}

}  // namespace

int count_word(const std::string& text, const std::string& word) {
  if (word.empty()) return 0;
  const bool whole = std::all_of(word.begin(), word.end(), is_word_char);
  int count = 0;
  for (size_t i = 0; i + word.size() <= text.size();) {
    const size_t end = i + word.size();
    const bool open =
        !whole || ((i == 0 || !is_word_char(text[i - 1])) && (end == text.size() || !is_word_char(text[end])));
    if (open && matches(text, i, word)) {
      ++count;
      i = end;
    } else {
      ++i;
    }
  }
  return count;
}

int count_words(const std::string& text, const std::vector<std::string>& words) {
  int count = 0;
  for (const auto& w : words) count += count_word(text, w);
  return count;
}

std::map<std::string, double> language_shares(const std::string& text) {
  int latin = 0, han = 0;
  for (size_t i = 0; i < text.size();) {
    if (const size_t tag = text[i] == '<' ? tag_length(text, i) : 0) {
      i += tag;
    } else if (is_latin(text[i])) {
      ++latin;
      while (i < text.size() && is_latin(text[i])) ++i;
    } else if (han_length(text, i)) {
      ++han;
      for (size_t n; (n = han_length(text, i));) i += n;
    } else {
      ++i;
    }
  }
  if (latin + han == 0) return {};
  const double all = latin + han;
  return {{"en", latin / all}, {"zh", han / all}};
}

}  // namespace r1
