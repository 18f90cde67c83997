// A regular expression for pre-tokenization: PCRE2 with JIT, UTF and Unicode properties, under limits, because
// patterns come from files and can be hostile (catastrophic backtracking). In: valid UTF-8. Out: byte spans.
// Trap: a match that runs into a limit is an error, never "no match". Paper: none.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace r1 {

/// Compiled once, used by many threads.
class Regex {
 public:
  /// `pattern` in Oniguruma's syntax (oniguruma.h). Throws Error with the reason and the place if it is not supported,
  /// does not compile, or is over 64 KiB.
  explicit Regex(std::string pattern);

  /// Calls fn(begin, end) for each non-empty match from left to right; bytes no match covers are left out.
  /// `text` must be valid UTF-8. Throws Error when a limit is hit.
  void each_match(std::string_view text, const std::function<void(size_t begin, size_t end)>& fn) const;

  const std::string& pattern() const { return pattern_; }

 private:
  struct Compiled;
  std::string pattern_;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace r1
