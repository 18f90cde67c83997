// Paper: [R1 §2.2].
#include "rewards/math/lexer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace r1::math {
namespace {

using Pair = std::pair<std::string_view, char>;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

constexpr Pair kSymbolCommands[] = {
    {"cdot", '*'},     {"times", '*'},     {"ast", '*'},      {"div", '/'},      {"le", 'l'},     {"leq", 'l'},
    {"leqslant", 'l'}, {"ge", 'g'},        {"geq", 'g'},      {"geqslant", 'g'}, {"ne", 'n'},     {"neq", 'n'},
    {"lt", '<'},       {"gt", '>'},        {"approx", 'a'},   {"sim", 'a'},      {"simeq", 'a'},  {"pm", 'p'},
    {"mp", 'm'},       {"lbrace", 'S'},    {"rbrace", 's'},   {"vert", '|'},     {"lvert", '|'},  {"rvert", '|'},
    {"mid", '|'},      {"lbrack", '['},    {"rbrack", ']'},   {"in", 'E'},       {"cup", 'U'},    {"cap", 'I'},
    {"setminus", 'D'}, {"backslash", 'D'}, {"lfloor", 'F'},   {"rfloor", 'f'},   {"lceil", 'C'},  {"rceil", 'c'},
    {"llcorner", 'F'}, {"lrcorner", 'f'},  {"ulcorner", 'C'}, {"urcorner", 'c'}, {"degree", 'd'}, {"colon", ':'},
    {"percent", '%'},  {"lparen", '('},    {"rparen", ')'}};

/// Layout without meaning.
constexpr std::string_view kSilent[] = {
    "left",       "right",    "mleft",        "mright",     "big",       "Big",      "bigg",    "Bigg",
    "bigl",       "bigr",     "Bigl",         "Bigr",       "biggl",     "biggr",    "quad",    "qquad",
    "limits",     "nolimits", "displaystyle", "textstyle",  "thinspace", "medspace", "enspace", "mathbf",
    "boldsymbol", "mathit",   "bm",           "mathnormal", "hfill",     "space",    "boxed",   "fbox"};

constexpr std::string_view kTextCommands[] = {"text",   "textbf", "textit", "textrm", "textsf", "texttt",
                                              "mathrm", "mbox",   "mathsf", "hbox",   "emph",   "textnormal"};

/// Characters beyond ASCII, as one symbol or as the name of a command.
constexpr Pair kSymbolCharacters[] = {{"\u2212", '-'}, {"\u00d7", '*'}, {"\u00b7", '*'}, {"\u22c5", '*'},
                                      {"\u00f7", '/'}, {"\u2264", 'l'}, {"\u2265", 'g'}, {"\u2260", 'n'},
                                      {"\u2248", 'a'}, {"\u00b1", 'p'}, {"\u2213", 'm'}, {"\u00b0", 'd'},
                                      {"\u2208", 'E'}, {"\u222a", 'U'}, {"\u2229", 'I'}, {"\u2216", 'D'}};
constexpr std::pair<std::string_view, std::string_view> kNamedCharacters[] = {
    {"\u03c0", "pi"},     {"\u221e", "infty"},  {"\u221a", "surd"},  {"\u2205", "emptyset"}, {"\u03b1", "alpha"},
    {"\u03b2", "beta"},   {"\u03b3", "gamma"},  {"\u03b4", "delta"}, {"\u03b8", "theta"},    {"\u03bb", "lambda"},
    {"\u03bc", "mu"},     {"\u03c6", "phi"},    {"\u03c9", "omega"}, {"\u211d", "Reals"},    {"\u20ac", "euro"},
    {"\u00a3", "pounds"}, {"\u00b2", "super2"}, {"\u00b3", "super3"}};

constexpr std::string_view kKnownWords[] = {
    "sqrt",   "cbrt",  "pi",     "sin",  "cos",   "tan",  "cot",      "sec",   "csc",   "arcsin",  "arccos",
    "arctan", "asin",  "acos",   "atan", "sinh",  "cosh", "tanh",     "ln",    "log",   "exp",     "abs",
    "floor",  "ceil",  "gcd",    "lcm",  "max",   "min",  "mod",      "binom", "theta", "alpha",   "beta",
    "gamma",  "delta", "lambda", "phi",  "omega", "inf",  "infinity", "infty", "oo",    "emptyset"};

template <class List>
bool has(const List& list, std::string_view word) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

char symbol_of(std::string_view command) {
  for (const auto& [name, symbol] : kSymbolCommands)
    if (name == command) return symbol;
  return 0;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> read() {
    while (at_ < text_.size()) {
      if (is_blank(text_[at_])) {
        blank_ = true, ++at_;
      } else {
        read_one();
      }
    }
    push(TokenKind::kEnd, text_.substr(text_.size()));
    return std::move(tokens_);
  }

 private:
  void push(TokenKind kind, std::string_view text, char symbol = 0) {
    tokens_.push_back({kind, symbol, blank_, text});
    blank_ = false;
  }
  void push_symbol(char symbol, size_t length) {
    push(TokenKind::kSymbol, text_.substr(at_, length), symbol);
    at_ += length;
    if (symbol == '(' || symbol == '[' || symbol == 'S') open_.push_back(single_argument() ? '1' : symbol);
    if ((symbol == ')' || symbol == ']' || symbol == 's') && !open_.empty()) open_.pop_back();
  }
  /// The bracket just read holds the only argument of a function, where a comma can but group digits.
  bool single_argument() const {
    if (tokens_.size() < 2) return false;
    const Token& t = tokens_[tokens_.size() - 2];
    static constexpr std::string_view kSingle[] = {"floor", "ceil", "sqrt", "abs"};
    return (t.kind == TokenKind::kCommand || t.kind == TokenKind::kWord) && has(kSingle, t.text);
  }
  bool follows(std::string_view what) const { return text_.substr(at_, what.size()) == what; }

  void read_one() {
    const char c = text_[at_];
    if (c == '.' && follows("...")) throw Stop{Trouble::kUnsupported, "dots that stand for more"};
    if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && (is_digit(text_[at_ + 1]) || follows(".\\overline{"))))
      return read_number();
    if (is_letter(c)) return read_letters();
    if (c == '\\') return read_command();
    if (c == '$') return read_dollar();
    if (static_cast<unsigned char>(c) >= 0x80) return read_character();
    for (const auto& [spelling, symbol] : {Pair{"**", '^'}, {"<=", 'l'}, {">=", 'g'}, {"!=", 'n'}, {"==", '='}})
      if (follows(spelling)) return push_symbol(symbol, 2);
    if (c == '~') return void((blank_ = true, ++at_));
    if (std::string_view("+-*/^_()[]{}|,;:!=<>&%'").find(c) == std::string_view::npos)
      throw Stop{Trouble::kMalformed, "a character that has no meaning here"};
    push_symbol(c, 1);
  }

  /// Digits from `i` on.
  size_t digits_end(size_t i) const {
    while (i < text_.size() && is_digit(text_[i])) ++i;
    return i;
  }
  /// Length of a mark that only ever groups digits: {,}  ,\!  \,  and, outside of brackets, a comma alone.
  size_t grouping(size_t i) const {
    const std::string_view rest = text_.substr(i);
    for (const std::string_view mark : {"{,}", ",\\! ", ",\\!", "\\!,\\!", "\\,"})
      if (rest.substr(0, mark.size()) == mark) return mark.size();
    const bool loose = open_.empty() || open_.back() == '1';
    return loose && rest.substr(0, 1) == "," ? 1 : 0;
  }
  void read_number() {
    const size_t begin = at_;
    at_ = digits_end(at_);
    if (at_ - begin <= 3 && at_ > begin)
      for (;;) {
        const size_t mark = grouping(at_);
        if (mark == 0 || digits_end(at_ + mark) != at_ + mark + 3) break;
        at_ += mark + 3;
      }
    if (at_ < text_.size() && text_[at_] == '.') {
      const size_t end = digits_end(at_ + 1);
      const bool repeats = text_.substr(end).substr(0, 10) == "\\overline{";
      if (end > at_ + 1 || repeats) at_ = end;
      if (repeats) read_period();
    }
    if (at_ == begin) throw Stop{Trouble::kMalformed, "a number without digits"};
    read_exponent();
    push(TokenKind::kNumber, text_.substr(begin, at_ - begin));
  }
  /// \overline{3} behind the decimal point.
  void read_period() {
    const size_t end = digits_end(at_ + 10);
    if (end == at_ + 10 || end >= text_.size() || text_[end] != '}')
      throw Stop{Trouble::kMalformed, "a repeating decimal without digits"};
    at_ = end + 1;
  }
  void read_exponent() {
    if (at_ >= text_.size() || (text_[at_] | 32) != 'e') return;
    size_t i = at_ + 1;
    if (i < text_.size() && (text_[i] == '-' || text_[i] == '+')) ++i;
    if (const size_t end = digits_end(i); end > i && (end == text_.size() || !is_letter(text_[end]))) at_ = end;
  }

  void read_letters() {
    size_t end = at_;
    while (end < text_.size() && is_letter(text_[end])) ++end;
    const std::string_view word = text_.substr(at_, end - at_);
    push(word.size() == 1 ? TokenKind::kLetter : TokenKind::kWord, word);
    at_ = end;
  }

  /// A dollar sign is money if a number follows and no other dollar sign closes it; else it only opens mathematics.
  void read_dollar() {
    const size_t next = at_ + 1;
    const bool money = next < text_.size() && (is_digit(text_[next]) || text_[next] == '.') &&
                       text_.find('$', next) == std::string_view::npos && text_.rfind('$', at_ ? at_ - 1 : 0) >= at_;
    if (money) return push_symbol('$', 1);
    ++at_, blank_ = true;
  }

  void read_character() {
    const CodePoint c = decode_utf8(text_, at_);
    if (c.length == 0) throw Stop{Trouble::kMalformed, "bytes that are not UTF-8"};
    const std::string_view spelling = text_.substr(at_, static_cast<size_t>(c.length));
    for (const auto& [s, symbol] : kSymbolCharacters)
      if (s == spelling) return push_symbol(symbol, s.size());
    for (const auto& [s, name] : kNamedCharacters)
      if (s == spelling) return push(TokenKind::kCommand, name), void(at_ += s.size());
    if (c.value == 0xa0) return void((at_ += 2, blank_ = true));
    if (c.value == 0x2019 || c.value == 0x2032) return push_symbol('\'', 3);
    throw Stop{Trouble::kMalformed, "a character that has no meaning here"};
  }

  /// The inside of {...} at the cursor, which moves behind it.
  std::string_view braced() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    if (at_ >= text_.size() || text_[at_] != '{') throw Stop{Trouble::kMalformed, "a command without its braces"};
    int depth = 0;
    for (size_t i = at_; i < text_.size(); ++i) {
      if (text_[i] == '\\') {
        ++i;
      } else if (text_[i] == '{') {
        ++depth;
      } else if (text_[i] == '}' && --depth == 0) {
        const std::string_view inside = text_.substr(at_ + 1, i - at_ - 1);
        at_ = i + 1;
        return inside;
      }
    }
    throw Stop{Trouble::kMalformed, "braces that do not close"};
  }

  void read_command() {
    size_t end = at_ + 1;
    while (end < text_.size() && is_letter(text_[end])) ++end;
    std::string_view name = text_.substr(at_ + 1, end - at_ - 1);
    if (name.empty()) return read_escape();
    if (const char symbol = symbol_of(name)) return push_symbol(symbol, end - at_);
    at_ = end;
    if (has(kSilent, name)) return skip_layout(name);
    if (has(kTextCommands, name)) return push(TokenKind::kText, braced());
    if (name == "begin" || name == "end")
      return push(name == "begin" ? TokenKind::kBegin : TokenKind::kFinish, braced());
    if (name == "operatorname") return push(TokenKind::kCommand, braced());
    if (name == "mathbb") return push(TokenKind::kCommand, braced() == "R" ? "Reals" : "unknown set");
    if (name.size() > 4 && split_bar(name)) return;
    push(TokenKind::kCommand, name);
  }
  /// \vertx is \vert x, as parsers of others read it.
  bool split_bar(std::string_view name) {
    for (const std::string_view bar : {"vert", "lvert"})
      if (name.substr(0, bar.size()) == bar) {
        at_ -= name.size() - bar.size();
        push(TokenKind::kSymbol, bar, '|');
        return true;
      }
    return false;
  }
  /// \left. and \right. have no bracket to show.
  void skip_layout(std::string_view name) {
    const bool side = name.find("left") != std::string_view::npos || name.find("right") != std::string_view::npos;
    if (side && follows(".")) ++at_;
    blank_ = true;
  }
  void read_escape() {
    const char c = at_ + 1 < text_.size() ? text_[at_ + 1] : 0;
    switch (c) {
      case '{':
        return push_symbol('S', 2);
      case '}':
        return push_symbol('s', 2);
      case '|':
        return push_symbol('|', 2);
      case '%':
      case '$':
      case '&':
        return push_symbol(c, 2);
      case '\\':
        return push_symbol('N', 2);
      case ',':
      case '!':
      case ';':
      case ':':
      case ' ':
      case '(':
      case ')':
      case '[':
      case ']':
        at_ += 2, blank_ = true;
        return;
      default:
        throw Stop{Trouble::kMalformed, "a backslash before nothing known"};
    }
  }

  std::string_view text_;
  size_t at_ = 0;
  bool blank_ = false;
  std::vector<char> open_;  ///< brackets that are open
  std::vector<Token> tokens_;
};

}  // namespace

bool is_known_word(std::string_view word) { return has(kKnownWords, word); }

std::vector<Token> read_tokens(std::string_view text, Budget& budget) {
  if (text.size() > kMaxText) throw Stop{Trouble::kMalformed, "longer than an answer may be"};
  budget.spend(static_cast<int64_t>(text.size()) * 20);
  return Lexer(text).read();
}

}  // namespace r1::math
