// Factors: numbers, names, words, commands, functions. Paper: [R1 §2.2].
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "rewards/math/parser.h"

namespace r1::math {
namespace {

constexpr std::string_view kFunctions[] = {
    "sin",  "cos",  "tan",  "cot",  "sec",     "csc",    "arcsin",  "arccos", "arctan",  "asin",   "acos",
    "atan", "sinh", "cosh", "tanh", "arcsinh", "arsinh", "arccosh", "arcosh", "arctanh", "artanh", "ln",
    "log",  "lg",   "exp",  "abs",  "floor",   "ceil",   "gcd",     "lcm",    "max",     "min"};
constexpr std::string_view kGreek[] = {"alpha", "beta",  "gamma", "delta",  "epsilon", "varepsilon", "zeta",  "eta",
                                       "theta", "iota",  "kappa", "lambda", "mu",      "nu",         "xi",    "rho",
                                       "sigma", "tau",   "phi",   "varphi", "chi",     "psi",        "omega", "Delta",
                                       "Omega", "Gamma", "Sigma", "Theta",  "Phi",     "ell"};

template <class List>
bool has(const List& list, std::string_view word) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

bool is_function(std::string_view name) { return has(kFunctions, name); }
bool all_digits(std::string_view s) {
  return !s.empty() && std::all_of(s.begin(), s.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The constant that a command or word means, or nothing.
std::string constant_of(std::string_view name) {
  if (name == "pi" || name == "emptyset" || name == "Reals") return std::string(name);
  if (name == "varnothing") return "emptyset";
  if (name == "exponentialE") return "e";
  for (const std::string_view s : {"infty", "infinity", "inf", "oo"})
    if (name == s) return "infinity";
  return "";
}

/// The value of a number as written: grouping marks out, decimal point, period, exponent.
Exact number_value(std::string_view text, Budget& b) {
  std::string digits, period;
  int64_t places = 0, exponent = 0;
  size_t i = 0;
  bool point = false;
  for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
    if (text.substr(i, 10) == "\\overline{") {
      for (i += 10; i < text.size() && text[i] != '}'; ++i) period += text[i];
      continue;
    }
    if (text[i] == '.') point = true;
    if (text[i] < '0' || text[i] > '9') continue;
    digits += text[i];
    places += point;
  }
  if (i + 1 < text.size()) {
    const bool minus = text[++i] == '-';
    if (text[i] == '-' || text[i] == '+') ++i;
    if (text.size() - i > 6) throw Stop{Trouble::kTooLarge, "a huge exponent"};
    for (; i < text.size(); ++i) exponent = exponent * 10 + (text[i] - '0');
    if (minus) exponent = -exponent;
  }
  Exact value(BigInt::parse(digits, 10, b));
  if (places) value = divide(value, power(Exact(10), places, b), b);
  if (!period.empty()) {
    const Exact nines = subtract(power(Exact(10), static_cast<int64_t>(period.size()), b), Exact(1), b);
    const Exact tail = divide(Exact(BigInt::parse(period, 10, b)), nines, b);
    value = add(value, divide(tail, power(Exact(10), places, b), b), b);
  }
  return exponent ? multiply(value, power(Exact(10), exponent, b), b) : value;
}

}  // namespace

bool is_small_word(std::string_view word) {
  constexpr std::string_view kWords[] = {"and", "or", "per", "sq",  "is",  "the", "of",  "an", "it",
                                         "for", "to", "are", "was", "not", "has", "but", "if", "by",
                                         "be",  "as", "at",  "we",  "so",  "AM",  "PM",  "am", "pm"};
  return has(kWords, word);
}

bool is_fraction_command(std::string_view name) {
  return name == "frac" || name == "dfrac" || name == "tfrac" || name == "cfrac";
}

bool Parser::at_function() const {
  return (now().kind == TokenKind::kCommand || now().kind == TokenKind::kWord) && is_function(now().text);
}

int Parser::parse_primary() {
  switch (now().kind) {
    case TokenKind::kNumber:
      return parse_number();
    case TokenKind::kLetter: {
      std::string name(now().text);
      ++at_;
      if (name == "e" || name == "i") {
        if (is('_')) throw Stop{Trouble::kUnsupported, "a subscript of a constant"};
        return make(NodeKind::kConstant, {}, name);
      }
      if (is('_') && !limits_) name += "_" + read_subscript();
      return make(NodeKind::kName, {}, std::move(name));
    }
    case TokenKind::kWord:
      return parse_word();
    case TokenKind::kCommand:
      return parse_command();
    case TokenKind::kBegin:
      return parse_matrix();
    case TokenKind::kText:
      throw Stop{Trouble::kUnsupported, "words inside a formula"};
    default:
      break;
  }
  if (is('(') || is('[')) return parse_bracket(now().symbol, 0);
  if (is('{')) return parse_set('}');
  if (is('S')) return parse_set('s');
  if (is('|')) return parse_bars();
  if (is('F') || is('C')) {
    const bool floor = is('F');
    ++at_;
    const int kid = parse_sum();
    expect(floor ? 'f' : 'c');
    return make(NodeKind::kCall, {kid}, floor ? "floor" : "ceil");
  }
  malformed("a missing number, variable or bracket");
}

int Parser::parse_number() {
  const std::string_view text = now().text;
  ++at_;
  budget_.spend(static_cast<int64_t>(text.size()));
  const int kid = make_number(number_value(text, budget_));
  if (is('_') && all_digits(text) && !limits_) {
    node(kid).text = std::string(text);
    return parse_based(kid);
  }
  return kid;
}

/// 52_8: digits in a base.
int Parser::parse_based(int number) {
  const std::string digits = node(number).text, subscript = read_subscript();
  const bool fits = all_digits(subscript) && subscript.size() <= 2;
  const int base = fits ? std::stoi(subscript) : 0;
  if (base < 2 || base > 36) throw Stop{Trouble::kUnsupported, "a subscript of a number that is no base"};
  for (const char c : digits)
    if (c - '0' >= base) malformed("a digit that its base does not have");
  if (base == 10) return number;
  node(number).kind = NodeKind::kBased;
  node(number).base = base;
  node(number).number = Exact(BigInt::parse(digits, base, budget_));
  return number;
}

/// The text of a subscript; the cursor is at _.
std::string Parser::read_subscript() {
  expect('_');
  std::string out;
  const auto append = [&] {
    out += now().kind == TokenKind::kSymbol ? std::string(1, now().symbol) : std::string(now().text);
    ++at_;
  };
  if (!take('{')) {
    if (now().kind == TokenKind::kSymbol || at_end()) malformed("a subscript that is missing");
    append();
    return out;
  }
  while (!is('}')) {
    if (at_end()) malformed("braces that do not close");
    append();
  }
  ++at_;
  if (out.empty()) malformed("an empty subscript");
  return out;
}

int Parser::parse_word() {
  const std::string word(now().text);
  if (const std::string c = constant_of(word); !c.empty()) return ++at_, make(NodeKind::kConstant, {}, c);
  if (word == "sqrt" || word == "cbrt") {
    ++at_;
    const int kid = parse_power();
    return make(NodeKind::kCall, {kid}, "root", word == "cbrt" ? make_number(Exact(3)) : -1);
  }
  if (is_function(word)) return parse_call(word);
  if (const int n = number_word(word); n >= 0) return ++at_, make_number(Exact(n));
  if (is_known_word(word)) return ++at_, make(NodeKind::kName, {}, word);
  if (word.size() > 3 || is_small_word(word)) throw Stop{Trouble::kUnsupported, "words inside a formula"};
  ++at_;
  std::vector<int> letters;
  for (size_t i = 0; i < word.size(); ++i) {
    std::string name(1, word[i]);
    if (name == "e" || name == "i") {
      letters.push_back(make(NodeKind::kConstant, {}, name));
      continue;
    }
    if (i + 1 == word.size() && is('_')) name += "_" + read_subscript();
    letters.push_back(make(NodeKind::kName, {}, std::move(name)));
  }
  // "xy^2" is x y^2: what follows belongs to the last letter.
  int last = parse_postfix(letters.back());
  if (take('^')) last = make(NodeKind::kPower, {last, parse_exponent()});
  letters.back() = last;
  return make(NodeKind::kProduct, std::move(letters), "letters");
}

int Parser::parse_command() {
  const std::string name(now().text);
  ++at_;
  if (is_fraction_command(name)) return parse_fraction();
  if (name == "binom" || name == "dbinom" || name == "tbinom" || name == "choose") {
    const int n = parse_argument();
    return make(NodeKind::kCall, {n, parse_argument()}, "binom");
  }
  if (name == "sqrt" || name == "surd") {
    int index = -1;
    if (name == "sqrt" && take('[')) {
      index = parse_sum();
      expect(']');
    }
    const int kid = name == "sqrt" ? parse_argument() : parse_power();
    return make(NodeKind::kCall, {kid}, "root", index);
  }
  if (const std::string c = constant_of(name); !c.empty()) return make(NodeKind::kConstant, {}, c);
  if (is_function(name)) return --at_, parse_call(name);
  if (name == "sum" || name == "prod") return parse_sum_over(name);
  if (name == "one") return make_number(Exact(1));
  if (name == "int") return parse_integral();
  if (has(kGreek, name)) return make(NodeKind::kName, {}, is('_') ? name + "_" + read_subscript() : name);
  throw Stop{Trouble::kUnsupported, "a command that has no meaning here"};
}

int Parser::parse_fraction() {
  const int top = parse_argument(), bottom = parse_argument();
  const Node& below = node(bottom);
  const bool derivative = node(top).text == "d" && (below.text == "letters" || below.kind == NodeKind::kProduct) &&
                          node(below.kids[0]).text == "d";
  if (derivative) return make(NodeKind::kDerivative, {below.kids[1], parse_run(false)});
  return make(NodeKind::kQuotient, {top, bottom});
}

/// {...}, or one token: \frac43 is four thirds.
int Parser::parse_argument() {
  if (take('{')) {
    const Nesting nesting(*this);
    const int bars = std::exchange(bars_, 0);
    const int kid = parse_sum();
    bars_ = bars;
    expect('}');
    return kid;
  }
  Token& t = tokens_[at_];
  if (t.kind == TokenKind::kNumber && t.text.size() > 1 && all_digits(t.text)) {
    const int kid = make_number(Exact(t.text[0] - '0'));
    t.text.remove_prefix(1), t.blank = false;
    return kid;
  }
  const Nesting nesting(*this);
  return parse_primary();
}

/// \sin^2 x, \log_2 8, \max(1, 2), \sin 2x, \cos\theta.
int Parser::parse_call(const std::string& name) {
  const Nesting nesting(*this);
  ++at_;
  int base = -1, exponent = -1;
  for (int i = 0; i < 2; ++i) {
    if (is('_') && base < 0) {
      ++at_;
      base = parse_argument();
    } else if (is('^') && exponent < 0) {
      ++at_;
      exponent = parse_exponent();
    }
  }
  std::vector<int> arguments = parse_arguments();
  std::string function = name;
  if (exponent >= 0 && node(exponent).kind == NodeKind::kNegative && node(node(exponent).kids[0]).number.is_one()) {
    function = "arc" + function, exponent = -1;
  }
  const int call = make(NodeKind::kCall, std::move(arguments), function, base);
  return exponent < 0 ? call : make(NodeKind::kPower, {call, exponent});
}

std::vector<int> Parser::parse_arguments() {
  if (is('(')) return ++at_, parse_items(')');
  if (is('{')) return {parse_argument()};
  if (is('-')) {
    ++at_;
    return {make(NodeKind::kNegative, {parse_power()})};
  }
  const bool function = at_function();
  int left = parse_power();
  while (!function && starts_factor() && !at_function() && !is('(') && !is('|'))
    left = make(NodeKind::kProduct, {left, parse_power()});
  return {left};
}

}  // namespace r1::math
