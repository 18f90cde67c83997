// Splits as lists of spans, refined step by step. Paper: none.
#include "tokenizer/pre_tokenizer.h"

#include "base/check.h"
#include "base/text.h"

namespace r1 {

const char* const kGpt2Pattern = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

namespace {

struct Span {
  size_t begin, end;
  bool text;  ///< false: bytes that are not UTF-8, never cut further
};

std::vector<Span> cut_by_validity(std::string_view text) {
  std::vector<Span> spans;
  for (size_t at = 0; at < text.size();) {
    const size_t valid = valid_utf8_prefix(text.substr(at));
    if (valid) spans.push_back({at, at + valid, true});
    at += valid;
    const size_t begin = at;
    while (at < text.size() && decode_utf8(text, at).length == 0) ++at;
    if (at > begin) spans.push_back({begin, at, false});
  }
  return spans;
}

std::vector<Span> refine(std::string_view text, const std::vector<Span>& spans, const Regex& regex) {
  std::vector<Span> out;
  out.reserve(spans.size());
  for (const Span& s : spans) {
    if (!s.text) {
      out.push_back(s);
      continue;
    }
    size_t done = s.begin;
    regex.each_match(text.substr(s.begin, s.end - s.begin), [&](size_t begin, size_t end) {
      if (s.begin + begin > done) out.push_back({done, s.begin + begin, true});
      done = s.begin + end;
      out.push_back({s.begin + begin, done, true});
    });
    if (done < s.end) out.push_back({done, s.end, true});
  }
  return out;
}

}  // namespace

void PreTokenizer::add_split(const std::string& pattern) { steps_.push_back({Kind::kSplit, Regex(pattern)}); }

void PreTokenizer::add_digits(bool individual) {
  steps_.push_back({Kind::kDigits, Regex(individual ? "\\p{N}" : "\\p{N}+"), individual});
}

void PreTokenizer::add_gpt2() { steps_.push_back({Kind::kByteLevel, Regex(kGpt2Pattern)}); }

void PreTokenizer::each_piece(std::string_view text, const std::function<void(std::string_view)>& fn) const {
  std::vector<Span> spans = cut_by_validity(text);
  for (const Step& step : steps_) spans = refine(text, spans, step.regex);
  for (const Span& s : spans) fn(text.substr(s.begin, s.end - s.begin));
}

std::vector<std::string> PreTokenizer::pieces(std::string_view text) const {
  std::vector<std::string> out;
  each_piece(text, [&](std::string_view p) { out.emplace_back(p); });
  return out;
}

}  // namespace r1
