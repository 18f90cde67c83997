// Brackets, sets, absolute values, matrices, sums over a range. Paper: [R1 §2.2].
#include <utility>

#include "rewards/math/parser.h"

namespace r1::math {

/// Items separated by commas up to `close`, which is taken; at least one.
std::vector<int> Parser::parse_items(char close) {
  const Nesting nesting(*this);
  const int bars = std::exchange(bars_, 0);
  std::vector<int> items{parse_relation()};
  const char separator = is(';') ? ';' : ',';
  while (take(separator)) items.push_back(parse_relation());
  bars_ = bars;
  if (close) expect(close);
  return items;
}

int Parser::parse_bracket(char open, char close) {
  ++at_;
  std::vector<int> items = parse_items(0);
  if (!is(')') && !is(']')) malformed("a bracket that does not close");
  close = now().symbol;
  ++at_;
  const bool matching = (open == '(') == (close == ')');
  if (items.size() == 1 && matching) return items[0];
  if (items.size() == 1) malformed("brackets that do not match");
  return make(NodeKind::kBracket, std::move(items), std::string{open, close});
}

/// { } groups if it holds one thing and is bare; \{ \} is a set.
int Parser::parse_set(char close) {
  ++at_;
  if (take(close)) return make(NodeKind::kSet);
  std::vector<int> items = parse_items(0);
  if (is('|') || is(':')) throw Stop{Trouble::kUnsupported, "a set by a condition"};
  expect(close);
  if (items.size() == 1 && close == '}') return items[0];
  return make(NodeKind::kSet, std::move(items));
}

int Parser::parse_bars() {
  const Nesting nesting(*this);
  ++at_;
  ++bars_;
  const int kid = parse_sum();
  --bars_;
  expect('|');
  return make(NodeKind::kCall, {kid}, "abs");
}

int Parser::parse_matrix() {
  const std::string name(now().text);
  if (name != "pmatrix" && name != "bmatrix" && name != "matrix" && name != "Bmatrix")
    throw Stop{Trouble::kUnsupported, "an environment that is no matrix"};
  ++at_;
  std::vector<int> cells;
  int columns = 0, row = 0;
  for (;;) {
    cells.push_back(parse_sum()), ++row;
    if (take('&')) continue;
    if (columns && row != columns) malformed("rows of different length");
    columns = row, row = 0;
    const bool more = take('N');
    if (more && now().kind != TokenKind::kFinish) continue;
    if (now().kind != TokenKind::kFinish || now().text != name) malformed("a matrix that does not end");
    ++at_;
    return make(NodeKind::kMatrix, std::move(cells), "", columns);
  }
}

/// The "dx" of an integral: named, and replaced by 1, as in \frac{dx}{x}. Without one the variable is x.
int Parser::take_differential() {
  for (size_t i = at_; i < tokens_.size(); ++i) {
    Token& t = tokens_[i];
    const bool together = t.kind == TokenKind::kWord && t.text.size() == 2 && t.text[0] == 'd';
    const bool apart = t.kind == TokenKind::kLetter && t.text == "d" && tokens_[i + 1].kind == TokenKind::kCommand;
    if (!together && !apart) continue;
    const int name = make(NodeKind::kName, {}, std::string(together ? t.text.substr(1) : tokens_[i + 1].text));
    if (apart) tokens_.erase(tokens_.begin() + static_cast<ptrdiff_t>(i) + 1);
    Token one = tokens_[i];
    one.kind = TokenKind::kCommand, one.text = "one";
    tokens_[i] = one;
    return name;
  }
  return make(NodeKind::kName, {}, "x");
}

int Parser::parse_integral() {
  const Nesting nesting(*this);
  int limits[2] = {-1, -1};
  for (int i = 0; i < 2; ++i) {
    if (!is('_') && !is('^')) continue;
    int& limit = limits[is('^')];
    ++at_;
    const bool empty = is('{') && now(1).kind == TokenKind::kSymbol && now(1).symbol == '}';
    limits_ = true;
    if (empty) at_ += 2;
    if (!empty) limit = parse_argument();
    limits_ = false;
  }
  const int name = take_differential(), body = parse_sum();
  if (limits[0] < 0 && limits[1] < 0) return make(NodeKind::kIntegral, {name, body});
  if (limits[0] < 0 || limits[1] < 0) malformed("an integral with one limit");
  return make(NodeKind::kIntegral, {name, body, limits[0], limits[1]});
}

int Parser::parse_sum_over(const std::string& name) {
  const Nesting nesting(*this);
  int variable = -1, first = -1, last = -1;
  for (int i = 0; i < 2; ++i) {
    if (take('_')) {
      expect('{');
      if (now().kind != TokenKind::kLetter) malformed("a sum without its variable");
      variable = make(NodeKind::kName, {}, std::string(now().text));
      ++at_;
      expect('=');
      first = parse_sum();
      expect('}');
    } else if (take('^')) {
      limits_ = true;  // "^3_{k = 1}" has no base
      last = parse_argument();
      limits_ = false;
    }
  }
  if (variable < 0 || last < 0) malformed("a sum without its limits");
  return make(NodeKind::kSumOver, {variable, first, last, parse_term()}, name);
}

}  // namespace r1::math
