// sum = term {(+|-|+-) term}; term = run {(*|/|mod) run}; run = power {power}, side by side; power = primary postfix
// [^ exponent]. Paper: [R1 §2.2].
#include <algorithm>

#include "rewards/math/parser.h"

namespace r1::math {

int Parser::parse_sum() {
  const Nesting nesting(*this);
  std::vector<int> terms;
  int out = -1;
  const auto flush = [&] {
    if (terms.empty()) return out;
    out = terms.size() == 1 ? terms[0] : make(NodeKind::kSum, terms);
    terms.clear();
    return out;
  };
  for (;;) {
    if (is('p') || is('m')) {
      const char sign = now().symbol;
      const int left = flush();
      ++at_;
      terms = {make(NodeKind::kPlusMinus, {left, parse_term()}, std::string(1, sign))};
    } else if (terms.empty()) {
      terms.push_back(parse_term());
    } else if (!is('+') && !is('-')) {
      return flush();
    } else {
      const bool minus = is('-');
      if (is('+') || minus) ++at_;
      const int term = parse_term();
      terms.push_back(minus ? make(NodeKind::kNegative, {term}) : term);
    }
  }
}

int Parser::parse_term() {
  const Nesting nesting(*this);
  bool minus = false;
  while (is('-') || is('+')) minus = minus != is('-'), ++at_;
  int left = parse_run(false);
  if (minus) left = make(NodeKind::kNegative, {left});  // -7 mod 3 is (-7) mod 3
  for (;;) {
    const bool mod = (now().kind == TokenKind::kCommand || now().kind == TokenKind::kWord) &&
                     (now().text == "mod" || now().text == "bmod");
    if (!mod && !is('*') && !is('/')) {
      if (!starts_factor() || (reading_.letter_units && at_letter_unit())) return left;
      left = make(NodeKind::kProduct, {left, parse_run(false)});  // behind a loosely read slash
      continue;
    }
    const char sign = mod ? '%' : now().symbol;
    ++at_;
    if (is('-') || is('+')) {
      const bool minus = is('-');
      ++at_;
      const int kid = parse_run(sign == '/');
      left = make(mod           ? NodeKind::kModulo
                  : sign == '/' ? NodeKind::kQuotient
                                : NodeKind::kProduct,
                  {left, minus ? make(NodeKind::kNegative, {kid}) : kid}, "explicit");
      continue;
    }
    const int right = parse_run(sign == '/');
    left = make(mod           ? NodeKind::kModulo
                : sign == '/' ? NodeKind::kQuotient
                              : NodeKind::kProduct,
                {left, right}, "explicit");
  }
}

/// Factors side by side. Behind a slash the run may be one factor only, as the reading says.
int Parser::parse_run(bool after_slash) {
  int left = parse_power();
  while (starts_factor()) {
    if (after_slash) {
      tree_.ambiguous_slash = true;
      if (!reading_.tight_slash) return left;
    }
    const Token& before = tokens_[at_ - 1];
    const bool literal = before.kind == TokenKind::kNumber && node(left).kind == NodeKind::kNumber;
    if (literal &&
        (now().kind == TokenKind::kNumber || (now().kind == TokenKind::kCommand && is_fraction_command(now().text)))) {
      left = parse_mixed(left);
      continue;
    }
    if (before.kind == TokenKind::kNumber && now().kind == TokenKind::kNumber) malformed("two numbers side by side");
    if (literal && at_letter_unit()) {
      tree_.ambiguous_unit = true;
      if (reading_.letter_units) return left;
    }
    left = make(NodeKind::kProduct, {left, parse_power()});
  }
  return left;
}

/// 1 4/5 and 1\frac{4}{5} are sums; 2\frac{x}{3} is a product.
int Parser::parse_mixed(int whole) {
  const bool integer = node(whole).number.is_integer();
  int part = -1;
  if (now().kind == TokenKind::kNumber) {
    const bool slash = now(1).kind == TokenKind::kSymbol && now(1).symbol == '/' && now(2).kind == TokenKind::kNumber;
    if (!integer || !slash || !now().blank) malformed("two numbers side by side");
    const int top = parse_number();
    ++at_;
    part = make(NodeKind::kQuotient, {top, parse_number()});
  } else {
    ++at_;
    part = parse_fraction();
  }
  const auto literal = [&](int i) { return node(i).kind == NodeKind::kNumber && node(i).number.is_integer(); };
  const int top = node(part).kids[0], bottom = node(part).kids[1];
  if (integer && literal(top) && literal(bottom) && compare(node(top).number, node(bottom).number, budget_) < 0)
    return make(NodeKind::kSum, {whole, part}, "mixed");
  return make(NodeKind::kProduct, {whole, part});
}

bool Parser::at_letter_unit() const {
  Unit unit;
  return now().kind == TokenKind::kLetter && at_ > 0 && tokens_[at_ - 1].kind == TokenKind::kNumber &&
         find_unit(now().text, true, unit);
}

/// "5 min", "3 sec": functions too, but of nothing here.
bool Parser::at_time_unit() const {
  if (now().kind != TokenKind::kWord || (now().text != "min" && now().text != "sec")) return false;
  return now(1).kind == TokenKind::kEnd ||
         (now(1).kind == TokenKind::kSymbol && (now(1).symbol == ',' || now(1).symbol == '='));
}

bool Parser::starts_factor() const {
  switch (now().kind) {
    case TokenKind::kNumber:
    case TokenKind::kLetter:
    case TokenKind::kBegin:
      return true;
    case TokenKind::kWord: {
      Unit unit;
      if (at_time_unit()) return false;
      if (is_known_word(now().text)) return now().text != "mod";
      return now().text.size() <= 3 && !is_small_word(now().text) && !find_unit(now().text, false, unit) &&
             number_word(now().text) < 0;
    }
    case TokenKind::kCommand:
      return now().text != "mod" && now().text != "bmod" && now().text != "lor" && now().text != "land";
    case TokenKind::kSymbol:
      return is('(') || is('[') || is('{') || is('S') || is('F') || is('C') || (is('|') && bars_ == 0);
    default:
      return false;
  }
}

int Parser::parse_power() {
  const Nesting nesting(*this);
  int kid = parse_postfix(parse_primary());
  if (is('^')) {
    const Token& next = now(1);
    if (next.kind == TokenKind::kSymbol && next.symbol == '\'') malformed("a prime that is a power");
    ++at_;
    const int exponent = parse_exponent();
    if (is('_') && node(kid).kind == NodeKind::kName) node(kid).text += "_" + read_subscript();
    kid = parse_postfix(make(NodeKind::kPower, {kid, exponent}));
  }
  return kid;
}

int Parser::parse_exponent() {
  if (take('{')) {
    const int kid = parse_sum();
    expect('}');
    return kid;
  }
  if (is('-') || is('+')) {
    const bool minus = is('-');
    ++at_;
    const int kid = parse_exponent();
    return minus ? make(NodeKind::kNegative, {kid}) : kid;
  }
  const Nesting nesting(*this);
  int kid = parse_primary();
  if (take('^')) kid = make(NodeKind::kPower, {kid, parse_exponent()});
  return kid;
}

/// Behind a factor: ! % degree and the superscript characters; "^\circ" is a degree.
int Parser::parse_postfix(int kid) {
  for (;;) {
    const bool circle = is('^') && now(1).kind == TokenKind::kCommand && now(1).text == "circ";
    const bool braced = is('^') && now(1).kind == TokenKind::kSymbol && now(1).symbol == '{' &&
                        now(2).kind == TokenKind::kCommand && now(2).text == "circ" &&
                        now(3).kind == TokenKind::kSymbol && now(3).symbol == '}';
    if (take('!')) {
      kid = make(NodeKind::kCall, {kid}, "factorial");
    } else if (take('%') || (now().kind == TokenKind::kWord && now().text == "percent" && ++at_)) {
      kid = make(NodeKind::kPercent, {kid});
    } else if (circle || braced || is('d')) {
      at_ += braced ? 4 : circle ? 2 : 1;
      kid = make(NodeKind::kDegree, {kid});
    } else if (at_command("super2") || at_command("super3")) {
      kid = make(NodeKind::kPower, {kid, make_number(Exact(now().text == "super2" ? 2 : 3))});
      ++at_;
    } else {
      return kid;
    }
  }
}

}  // namespace r1::math
