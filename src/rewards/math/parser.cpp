// Paper: [R1 §2.2].
#include "rewards/math/parser.h"

#include <algorithm>

#include "base/text.h"

namespace r1::math {
namespace {

bool is_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

bool is_joint(const Token& t) {
  if (t.kind != TokenKind::kWord && t.kind != TokenKind::kText && t.kind != TokenKind::kCommand) return false;
  const std::string word = ascii_lower(trim(t.text));
  return word == "and" || word == "or" || word == "lor" || word == "land";
}

bool is_unit_text(std::string_view text) {
  Unit unit;
  return find_unit(trim(text), true, unit);
}

/// A number, a formula or a choice that somebody put into \text{}: read like the rest.
bool holds_mathematics(std::string_view text) {
  text = trim(text);
  if (text.size() == 1 && is_letter(text[0])) return true;
  if (text.size() == 3 && text[0] == '(' && is_letter(text[1]) && text[2] == ')') return true;
  return std::any_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || c == '/' || c == '^'; });
}

}  // namespace

int number_word(std::string_view word) {
  constexpr std::string_view kWords[] = {"zero",     "one",      "two",      "three",   "four",    "five",
                                         "six",      "seven",    "eight",    "nine",    "ten",     "eleven",
                                         "twelve",   "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
                                         "eighteen", "nineteen", "twenty"};
  const std::string small = ascii_lower(word);
  for (size_t i = 0; i < std::size(kWords); ++i)
    if (kWords[i] == small) return static_cast<int>(i);
  return -1;
}

/// Words of numbers that only make sense with others: forty, hundred. One word up to twenty is read as the number.
static bool spells_number(std::string_view word) {
  constexpr std::string_view kTens[] = {"thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"};
  const std::string small = ascii_lower(word);
  return number_word(word) >= 0 || multiplier(word) > 0 ||
         std::any_of(std::begin(kTens), std::end(kTens),
                     [&](std::string_view t) { return small.substr(0, t.size()) == t; });
}

Parser::Parser(std::string_view text, Budget& budget, const Reading& reading)
    : budget_(budget), reading_(reading), tokens_(read_tokens(text, budget)) {
  splice_texts();
}

bool Parser::take(char symbol) {
  if (!is(symbol)) return false;
  ++at_;
  return true;
}

void Parser::expect(char symbol) {
  if (!take(symbol)) malformed("a bracket that does not close, or something that cannot stand there");
}

int Parser::make(NodeKind kind, std::vector<int> kids, std::string text, int base) {
  budget_.spend(100);
  Node n;
  n.kind = kind, n.kids = std::move(kids), n.text = std::move(text), n.base = base;
  tree_.nodes.push_back(std::move(n));
  return static_cast<int>(tree_.nodes.size()) - 1;
}

int Parser::make_number(Exact value) {
  const int i = make(NodeKind::kNumber);
  node(i).number = std::move(value);
  return i;
}

void Parser::splice_texts() {
  std::vector<Token> out;
  for (const Token& t : tokens_) {
    const bool behind_number =
        !out.empty() && (out.back().kind == TokenKind::kNumber || out.back().symbol == '}' || out.back().symbol == ')');
    const bool unit = behind_number && is_unit_text(t.text);
    if (t.kind != TokenKind::kText || unit || !holds_mathematics(t.text)) {
      if (t.kind != TokenKind::kText || !trim(t.text).empty()) out.push_back(t);
      continue;
    }
    std::vector<Token> inside = read_tokens(trim(t.text), budget_);
    inside.pop_back();
    for (Token& x : inside)
      if (behind_number && x.kind == TokenKind::kLetter) x.kind = TokenKind::kText;  // \text{ m/s}
    if (!inside.empty()) inside[0].blank = true;
    out.insert(out.end(), inside.begin(), inside.end());
  }
  tokens_ = std::move(out);
}

Tree Parser::parse_answer() {
  if (at_end()) malformed("nothing");
  tree_.root = parse_list();
  if (!at_end()) malformed("something behind the answer");
  return std::move(tree_);
}

bool Parser::at_separator() const { return is(',') || is(';') || is_joint(now()); }

int Parser::parse_list() {
  std::vector<int> items;
  std::string joints;
  for (;;) {
    items.push_back(parse_item());
    if (!at_separator()) break;
    std::string joint = is_joint(now()) ? ascii_lower(trim(now().text)) : ",";
    ++at_;
    if (is_joint(now()) && joint == ",") joint = ascii_lower(trim(now().text)), ++at_;  // "a, b, and c"
    if (joint == "lor") joint = "or";
    if (joint == "land") joint = "and";
    if (joint != ",") {
      if (!joints.empty() && joints != joint) malformed("both 'and' and 'or'");
      joints = joint;
    }
  }
  return items.size() == 1 ? items[0] : make(NodeKind::kList, std::move(items), joints);
}

bool Parser::at_prose() const {
  bool words = false, long_word = false;
  size_t count = 0;
  for (size_t i = 0;; ++i) {
    const Token& t = now(i);
    if (t.kind == TokenKind::kEnd || is_joint(t)) break;
    if (t.kind == TokenKind::kSymbol && (t.symbol == ',' || t.symbol == ';')) break;
    if (t.kind == TokenKind::kSymbol && (t.symbol == '\'' || t.symbol == '-') && i > 0) continue;
    if (t.kind != TokenKind::kWord && t.kind != TokenKind::kLetter && t.kind != TokenKind::kText) return false;
    ++count;
    const bool unknown = t.kind == TokenKind::kWord && !is_known_word(t.text) && number_word(t.text) < 0;
    words = words || t.kind == TokenKind::kText || unknown;
    long_word = long_word || t.kind == TokenKind::kText || (unknown && t.text.size() > 3);
  }
  return words && (long_word || count > 1);
}

int Parser::parse_prose() {
  std::string text;
  for (; !at_end() && !at_separator(); ++at_) {
    if (spells_number(trim(now().text))) throw Stop{Trouble::kUnsupported, "a number in words"};
    if (!text.empty() && now().kind != TokenKind::kSymbol) text += ' ';
    text += now().kind == TokenKind::kSymbol ? std::string(1, now().symbol) : ascii_lower(trim(now().text));
  }
  return make(NodeKind::kText, {}, std::move(text));
}

int Parser::parse_item() { return at_prose() ? parse_prose() : parse_relation(); }

char Parser::relation_sign() const {
  if (now().kind != TokenKind::kSymbol) return 0;
  const char c = now().symbol;
  return std::string_view("=<>lgnaE").find(c) == std::string_view::npos ? 0 : c;
}

int Parser::parse_relation() {
  std::vector<int> sides;
  std::string signs;
  if (is('a') || is('=')) {  // "= 5", "approx 3.14": the left side is the question's
    const bool approximate = is('a');
    ++at_;
    const int kid = parse_union();
    if (!approximate) return kid;
    return make(NodeKind::kRelation, {kid}, "a");
  }
  sides.push_back(parse_union());
  while (const char sign = relation_sign()) {
    signs += sign, ++at_;
    sides.push_back(parse_union());
  }
  if (is(':')) {
    while (take(':')) sides.push_back(parse_quantity());
    if (!signs.empty()) malformed("a ratio inside a relation");
    return make(NodeKind::kRatio, std::move(sides));
  }
  return signs.empty() ? sides[0] : make(NodeKind::kRelation, std::move(sides), signs);
}

int Parser::parse_union() {
  std::vector<int> kids{parse_quantity()};
  std::string signs;
  while (is('U') || is('I') || is('D')) {
    signs += now().symbol, ++at_;
    kids.push_back(parse_quantity());
  }
  return signs.empty() ? kids[0] : make(NodeKind::kUnion, std::move(kids), signs);
}

/// A sum with money before it or units behind it.
int Parser::parse_quantity() {
  Unit money;
  const bool minus = is('-') && now(1).kind == TokenKind::kSymbol && now(1).symbol == '$';
  if (minus) ++at_;
  const bool euro = at_command("euro"), pound = at_command("pounds");
  if (euro || pound || is('$')) {
    money.present = true;
    money.power[static_cast<size_t>(euro ? Dimension::kEuro : pound ? Dimension::kPound : Dimension::kDollar)] = 1;
    ++at_;
  }
  int kid = parse_sum();
  if (minus) kid = make(NodeKind::kNegative, {kid});
  if (money.present) {
    kid = make(NodeKind::kQuantity, {kid});
    node(kid).unit = money;
  }
  return parse_units(kid);
}

/// The unit at the cursor, if it is one; words that the table lacks are kept together as one unit.
bool Parser::read_unit_word(Unit& out, bool first, bool denominator) {
  const Token& t = now();
  if (t.kind == TokenKind::kLetter) {
    if (!(reading_.letter_units || denominator) || !find_unit(t.text, true, out)) return false;
    ++at_;
    return true;
  }
  if (t.kind != TokenKind::kText && t.kind != TokenKind::kWord) return false;
  if (is_joint(t)) return false;
  const std::string_view word = trim(t.text);
  if (first && (word == "units" || word == "unit")) {
    out = Unit{};
  } else if (!find_unit(word, t.kind == TokenKind::kText, out)) {
    out = Unit{};
    out.present = true, out.words = ascii_lower(word);
  }
  ++at_;
  return true;
}

int Parser::unit_exponent() {
  if (at_command("super2") || at_command("super3")) return now().text == "super2" ? ++at_, 2 : (++at_, 3);
  if (!take('^')) return 1;
  const bool braces = take('{'), minus = take('-');
  if (now().kind != TokenKind::kNumber || now().text.size() > 1) malformed("an exponent of a unit");
  const int e = now().text[0] - '0';
  ++at_;
  if (braces) expect('}');
  return minus ? -e : e;
}

/// "cm^2", "miles per hour", "square feet", "m/s", "million dollars", "apples".
int Parser::parse_units(int kid) {
  Unit total;
  int sign = 1, square = 1;
  bool any = false;
  for (;;) {
    const std::string word =
        now().kind == TokenKind::kText || now().kind == TokenKind::kWord ? ascii_lower(trim(now().text)) : "";
    Unit one;
    if (const int64_t scale = any ? 0 : multiplier(word)) {
      kid = make(NodeKind::kProduct, {kid, make_number(Exact(scale))}, "scaled"), ++at_;
    } else if (word == "square" || word == "sq" || word == "cubic") {
      square = word == "cubic" ? 3 : 2, ++at_;
    } else if (word == "per" || (any && is('/'))) {
      sign = -1, ++at_;
    } else if (any && is('*')) {
      ++at_;
    } else if (read_unit_word(one, !any, sign < 0)) {
      total = combine(total, one, sign * square * unit_exponent(), budget_);
      total.present = total.present && (one.present || any);
      any = true, square = 1, sign = 1;
    } else {
      break;
    }
  }
  if (sign < 0) malformed("'per' without a unit");
  if (!total.present) return kid;
  if (node(kid).kind == NodeKind::kQuantity && node(kid).unit.same_kind(total)) return kid;  // $5 dollars
  const int out = make(NodeKind::kQuantity, {kid});
  node(out).unit = std::move(total);
  return out;
}

Tree parse(std::string_view text, Budget& budget, const Reading& reading) {
  return Parser(text, budget, reading).parse_answer();
}

}  // namespace r1::math
