// Grammar: sum = product {(+|-) product}; product = factor {(*|/) factor}; factor = number | ( sum ) | (+|-) factor.
// Paper: [R1 §2.2].
#include "rewards/expression.h"

#include "base/text.h"

namespace r1 {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Reader {
 public:
  Reader(std::string_view text, const ExpressionRules& rules, Evaluation& out)
      : text_(text), rules_(rules), out_(out) {}

  /// Reads everything; true if a value came out, else out.status says why not.
  bool read_all(Rational& v) {
    if (!read_sum(v, 0)) return false;
    skip_blanks();
    return at_ == text_.size() || stop(EvalStatus::kMalformed);
  }

 private:
  bool stop(EvalStatus why) {
    out_.status = why;
    return false;
  }
  bool too_large_number() {
    out_.large_number = true;
    return stop(EvalStatus::kTooLarge);
  }
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }
  /// The operator that comes next, if it is one of `some`; takes it.
  char take(const char* some) {
    skip_blanks();
    if (at_ < text_.size())
      for (const char* c = some; *c; ++c)
        if (text_[at_] == *c) return ++at_, *c;
    return 0;
  }
  bool keep(const std::optional<Rational>& result, Rational& v) {
    if (!result) return stop(EvalStatus::kTooLarge);
    v = *result;
    return true;
  }

  bool read_sum(Rational& v, int depth) {
    if (!read_product(v, depth)) return false;
    while (const char op = take("+-")) {
      Rational right;
      if (!read_product(right, depth) || !keep(op == '+' ? sum(v, right) : difference(v, right), v)) return false;
    }
    return true;
  }
  bool read_product(Rational& v, int depth) {
    if (!read_factor(v, depth)) return false;
    while (const char op = take("*/")) {
      Rational right;
      if (!read_factor(right, depth)) return false;
      if (op == '/' && right.numerator == 0) return stop(EvalStatus::kDivisionByZero);
      if (!keep(op == '*' ? product(v, right) : quotient(v, right), v)) return false;
    }
    return true;
  }
  bool read_factor(Rational& v, int depth) {
    if (depth > kMaxExpressionDepth) return stop(EvalStatus::kMalformed);
    if (take("(")) return read_sum(v, depth + 1) && (take(")") || stop(EvalStatus::kMalformed));
    if (rules_.signs)
      if (const char sign = take("+-"))
        return read_factor(v, depth + 1) && (sign == '+' || keep(difference(Rational{}, v), v));
    return read_literal(v);
  }
  bool read_literal(Rational& v) {
    skip_blanks();
    Wide digits = 0, scale = 1;
    if (!read_digits(digits, nullptr)) return false;
    if (at_ < text_.size() && text_[at_] == '.') {
      if (!rules_.decimals) return stop(EvalStatus::kMalformed);
      ++at_;
      if (!read_digits(digits, &scale)) return false;
    }
    if (const auto r = make_rational(digits, scale)) {
      v = *r;
    } else {
      return too_large_number();
    }
    out_.numbers.push_back(v);
    return true;
  }
  /// Appends a run of at least one digit to `value`; multiplies *scale by ten for each.
  bool read_digits(Wide& value, Wide* scale) {
    const Wide limit = Wide{1} << 100;
    const size_t begin = at_;
    bool fits = true;
    for (; at_ < text_.size() && is_digit(text_[at_]); ++at_) {
      fits = fits && value < limit && (!scale || *scale < limit);
      if (!fits) continue;  // go on to the end: "99..9x" is malformed, not large
      value = value * 10 + (text_[at_] - '0');
      if (scale) *scale *= 10;
    }
    if (at_ == begin) return stop(EvalStatus::kMalformed);
    return fits || too_large_number();
  }

  std::string_view text_;
  const ExpressionRules& rules_;
  Evaluation& out_;
  size_t at_ = 0;
};

bool number_shape(std::string_view s) {
  const auto digits = [&] {
    const size_t n =
        s.find_first_not_of("0123456789") == std::string_view::npos ? s.size() : s.find_first_not_of("0123456789");
    s.remove_prefix(n);
    return n > 0;
  };
  if (!s.empty() && (s[0] == '-' || s[0] == '+')) s.remove_prefix(1);
  if (!digits()) return false;
  if (s.empty()) return true;
  const char mark = s[0];
  if (mark != '.' && mark != '/') return false;
  s.remove_prefix(1);
  return digits() && s.empty();
}

}  // namespace

Evaluation evaluate(std::string_view text, const ExpressionRules& rules) {
  Evaluation out;
  if (text.size() > kMaxExpression) return out;
  Reader reader(text, rules, out);
  Rational v;
  if (!reader.read_all(v)) return out;
  out.status = EvalStatus::kValue;
  out.value = v;
  return out;
}

Evaluation read_number(std::string_view text) {
  text = trim(text);
  if (!number_shape(text)) return {};
  return evaluate(text);
}

Equality compare(const Evaluation& a, const Evaluation& b) {
  const bool value_a = a.status == EvalStatus::kValue, value_b = b.status == EvalStatus::kValue;
  if (value_a && value_b) return a.value == b.value ? Equality::kEqual : Equality::kDifferent;
  if (a.status == EvalStatus::kTooLarge || b.status == EvalStatus::kTooLarge || (!value_a && !value_b))
    return Equality::kUnknown;
  return Equality::kDifferent;
}

}  // namespace r1
