// One pass: runs of Latin letters, runs of Han characters, everything else. Paper: [R1 App. C.2].
#include "tasks/reflection.h"

#include <algorithm>

#include "base/text.h"

namespace r1 {
namespace {

bool is_latin(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_han(char32_t c) { return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF); }

void count_english(std::string word, Reflection& out) {
  for (char& c : word) c = static_cast<char>(c | 0x20);
  const auto& words = reflective_words();
  if (std::find(words.begin(), words.end(), word) == words.end()) return;
  ++out.total, ++out.count[word];
  out.waits += word == "wait";
}

void count_chinese(std::string_view run, Reflection& out) {
  for (size_t at = 0; at < run.size();) {
    const std::string* best = nullptr;
    for (const std::string& w : reflective_words_zh())
      if (run.compare(at, w.size(), w) == 0 && (!best || w.size() > best->size())) best = &w;
    if (best) {
      ++out.total, ++out.count[*best];
      out.waits += *best == "等等";
    }
    at += best ? best->size() : static_cast<size_t>(decode_utf8(run, at).length);
  }
}

}  // namespace

const std::vector<std::string>& reflective_words() {
  static const std::vector<std::string> words = {"wait",  "mistake", "however", "but",      "retry",
                                                 "error", "verify",  "wrong",   "evaluate", "check"};
  return words;
}

const std::vector<std::string>& reflective_words_zh() {
  static const std::vector<std::string> words = {"等等", "错误", "然而", "但是", "重试",
                                                 "验证", "错",   "评估", "检查", "不对"};
  return words;
}

Reflection reflect(std::string_view text) {
  Reflection out;
  for (size_t at = 0; at < text.size();) {
    const CodePoint first = decode_utf8(text, at);
    if (first.length == 0 || (!is_latin(first.value) && !is_han(first.value))) {
      at += first.length ? static_cast<size_t>(first.length) : 1;
      continue;
    }
    const bool latin = is_latin(first.value);
    size_t end = at;
    for (CodePoint c = first; c.length; c = end < text.size() ? decode_utf8(text, end) : CodePoint{}) {
      if (latin ? !is_latin(c.value) : !is_han(c.value)) break;
      end += static_cast<size_t>(c.length);
    }
    const std::string_view run = text.substr(at, end - at);
    if (latin) {
      count_english(std::string(run), out);
    } else {
      count_chinese(run, out);
    }
    at = end;
  }
  return out;
}

}  // namespace r1
