// PCRE2 behind the small interface of regex.h. Paper: none.
#define PCRE2_CODE_UNIT_WIDTH 8
#include "tokenizer/regex.h"

#include <pcre2.h>

#include "base/check.h"
#include "base/text.h"
#include "tokenizer/oniguruma.h"

namespace r1 {
namespace {

constexpr size_t kMaxPattern = 64 << 10;
// A honest pre-tokenizer needs a handful of steps a character; these stop a hostile one within milliseconds.
constexpr uint32_t kMatchLimit = 2'000'000;
constexpr uint32_t kDepthLimit = 20'000;
constexpr uint32_t kHeapLimitKiB = 64 << 10;

std::string reason(int code) {
  PCRE2_UCHAR buffer[256];
  pcre2_get_error_message(code, buffer, sizeof buffer);
  return reinterpret_cast<const char*>(buffer);
}

struct MatchData {
  pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
  MatchData() = default;
  MatchData(const MatchData&) = delete;
  MatchData& operator=(const MatchData&) = delete;
  ~MatchData() { pcre2_match_data_free(data); }
};

}  // namespace

struct Regex::Compiled {
  pcre2_code* code = nullptr;
  pcre2_match_context* limits = nullptr;
  Compiled() = default;
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;
  ~Compiled() {
    pcre2_match_context_free(limits);
    pcre2_code_free(code);
  }
};

Regex::Regex(std::string pattern) : pattern_(std::move(pattern)) {
  if (pattern_.size() > kMaxPattern)
    fail("pre-tokenizer pattern of ", pattern_.size(), " bytes, expected at most ", kMaxPattern);
  if (const size_t bad = valid_utf8_prefix(pattern_); bad != pattern_.size())
    fail("pre-tokenizer pattern ", in_quotes(pattern_), ": byte ", bad, " is not UTF-8");
  const std::string translated = pcre2_from_oniguruma(pattern_);
  auto compiled = std::make_shared<Compiled>();
  int error = 0;
  PCRE2_SIZE offset = 0;
  // Backslash-C would cut characters into bytes: refused.
  constexpr uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C;
  compiled->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(), options, &error,
                                 &offset, nullptr);
  if (!compiled->code) fail("pre-tokenizer pattern ", in_quotes(pattern_), ": ", reason(error), " at byte ", offset);
  compiled->limits = pcre2_match_context_create(nullptr);
  R1_CHECK(compiled->limits, "out of memory for a regular expression");
  pcre2_set_match_limit(compiled->limits, kMatchLimit);
  pcre2_set_depth_limit(compiled->limits, kDepthLimit);
  pcre2_set_heap_limit(compiled->limits, kHeapLimitKiB);
  pcre2_jit_compile(compiled->code, PCRE2_JIT_COMPLETE);  // where it cannot, the interpreter matches the same
  compiled_ = std::move(compiled);
}

void Regex::each_match(std::string_view text, const std::function<void(size_t, size_t)>& fn) const {
  MatchData match;
  R1_CHECK(match.data, "out of memory for a regular expression");
  const auto subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  for (size_t at = 0; at < text.size();) {
    uint32_t options = PCRE2_NO_UTF_CHECK;
    int rc = pcre2_match(compiled_->code, subject, text.size(), at, options, match.data, compiled_->limits);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT) {  // the interpreter has a heap of its own, under the same limits
      options |= PCRE2_NO_JIT;
      rc = pcre2_match(compiled_->code, subject, text.size(), at, options, match.data, compiled_->limits);
    }
    if (rc == PCRE2_ERROR_NOMATCH) return;
    if (rc < 0)
      fail("pre-tokenizer pattern ", in_quotes(pattern_), " on a text of ", text.size(), " bytes: ", reason(rc));
    const PCRE2_SIZE* span = pcre2_get_ovector_pointer(match.data);
    if (span[1] > span[0] && span[0] >= at) {
      fn(span[0], span[1]);
      at = span[1];
    } else {  // an empty match: step over one character
      const size_t from = span[0] > at ? span[0] : at;
      at = from < text.size() ? from + static_cast<size_t>(decode_utf8(text, from).length) : text.size();
    }
  }
}

}  // namespace r1
