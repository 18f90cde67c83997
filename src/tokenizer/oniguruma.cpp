// One pass over the pattern; the state is whether we are inside a character class. Paper: none.
#include "tokenizer/oniguruma.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace r1 {
namespace {

// Oniguruma's word characters: of the numbers without a digit value only those of Latin-1 belong to them; circled
// letters do.
constexpr const char* kWord =
    "\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\p{Pc}\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}\\x{24b6}-\\x{24e9}";
constexpr const char* kHex = "0-9a-fA-F";

class Translator {
 public:
  explicit Translator(const std::string& pattern) : in_(pattern) {}

  std::string run() {
    while (at_ < in_.size()) {
      if (in_[at_] == '\\') {
        escape();
      } else if (in_class_) {
        inside_class();
      } else {
        outside_class();
      }
    }
    return out_;
  }

 private:
  [[noreturn]] void refuse(const char* what) const {
    fail("pre-tokenizer pattern ", in_quotes(in_), ": ", what, " at byte ", at_, " is not supported");
  }
  bool next_is(std::string_view s) const { return in_.compare(at_, s.size(), s) == 0; }

  /// A set of characters by its members, bare inside a class and bracketed outside.
  void put_set(const char* members, bool negated) {
    if (negated && in_class_) refuse("a negated set inside a class");
    out_ += in_class_ ? "" : negated ? "[^" : "[";
    out_ += members;
    out_ += in_class_ ? "" : "]";
  }

  void put_border(bool negated) {
    const std::string w = cat("[", kWord, "]");
    out_ += negated ? cat("(?:(?<=", w, ")(?=", w, ")|(?<!", w, ")(?!", w, "))")
                    : cat("(?:(?<=", w, ")(?!", w, ")|(?<!", w, ")(?=", w, "))");
  }

  void escape() {
    const char c = at_ + 1 < in_.size() ? in_[at_ + 1] : '\0';
    if (c == 'h' || c == 'H') {
      put_set(kHex, c == 'H');
    } else if (c == 'w' || c == 'W') {
      put_set(kWord, c == 'W');
    } else if ((c == 'b' || c == 'B') && !in_class_) {
      put_border(c == 'B');
    } else if (c == 'u' && in_.find_first_not_of("0123456789abcdefABCDEF", at_ + 2) >= at_ + 6) {
      out_ += cat("\\x{", in_.substr(at_ + 2, 4), "}");
      at_ += 4;
    } else {
      const bool named = (c == 'p' || c == 'P' || c == 'x') && at_ + 2 < in_.size() && in_[at_ + 2] == '{';
      const size_t end = named ? in_.find('}', at_) : at_ + 1;  // \p{L} is one escape: its brace is no quantifier
      if (end == std::string::npos) refuse("an open brace");
      out_ += in_.substr(at_, end + 1 - at_);
      at_ = end - 1;
    }
    at_ = std::min(at_ + 2, in_.size());
  }

  void inside_class() {
    if (next_is("&&")) refuse("the intersection of classes");
    if (next_is("[") && !next_is("[:")) refuse("a class inside a class");
    if (next_is("[:")) {  // [:alpha:] as it stands
      const size_t end = in_.find(":]", at_);
      if (end == std::string::npos) refuse("an open [:");
      out_ += in_.substr(at_, end + 2 - at_);
      at_ = end + 2;
      return;
    }
    if (in_[at_] == ']') in_class_ = false;
    out_ += in_[at_++];
  }

  void outside_class() {
    if (next_is("{,")) refuse("a quantifier without a lower bound");
    if (next_is("}+")) refuse("a quantifier on a quantifier");
    if (in_[at_] == '[') {
      in_class_ = true;
      out_ += in_[at_++];
      if (next_is("^")) out_ += in_[at_++];
      if (next_is("]")) refuse("a class that begins with ]");
      return;
    }
    out_ += in_[at_++];
  }

  const std::string& in_;
  std::string out_;
  size_t at_ = 0;
  bool in_class_ = false;
};

}  // namespace

std::string pcre2_from_oniguruma(const std::string& pattern) { return Translator(pattern).run(); }

}  // namespace r1
