// Word counting on UTF-8 text. Paper: [R1 App. C.2].
#include "eval/reflective.h"

#include <algorithm>

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

}  // namespace r1
