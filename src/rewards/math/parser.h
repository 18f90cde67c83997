// Recursive descent over tokens; parser.cpp reads whole answers (lists, relations, units, words), parser_terms.cpp
// reads expressions. Depth and work are bounded. Trap: people write 1/2x and "5 m" with two meanings; the parser notes
// that it met one, and verify.cpp tries both readings. Paper: [R1 §2.2].
#pragma once
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "rewards/math/lexer.h"
#include "rewards/math/syntax.h"

namespace r1::math {

class Parser {
 public:
  Parser(std::string_view text, Budget& budget, const Reading& reading);
  /// The whole text; throws Stop.
  Tree parse_answer();

 private:
  /// One level deeper, for the life of the object.
  struct Nesting {
    explicit Nesting(Parser& p) : parser(p) {
      if (++p.depth_ > kMaxDepth) throw Stop{Trouble::kMalformed, "nested too deep"};
    }
    ~Nesting() { --parser.depth_; }
    Nesting(const Nesting&) = delete;
    Parser& parser;
  };

  // Tokens.
  const Token& now(size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  bool is(char symbol) const { return now().kind == TokenKind::kSymbol && now().symbol == symbol; }
  bool at_command(std::string_view name) const { return now().kind == TokenKind::kCommand && now().text == name; }
  bool at_end() const { return now().kind == TokenKind::kEnd; }
  bool take(char symbol);
  void expect(char symbol);
  [[noreturn]] void malformed(const char* why) const { throw Stop{Trouble::kMalformed, why}; }
  void splice_texts();

  // Nodes.
  int make(NodeKind kind, std::vector<int> kids = {}, std::string text = {}, int base = -1);
  int make_number(Exact value);
  Node& node(int i) { return tree_.nodes[static_cast<size_t>(i)]; }

  // parser.cpp: answers.
  int parse_list();
  int parse_item();
  int parse_relation();
  int parse_union();
  int parse_quantity();
  int parse_units(int kid);
  bool read_unit_word(Unit& out, bool first, bool denominator);
  int unit_exponent();
  int parse_prose();
  bool at_prose() const;
  bool at_separator() const;
  char relation_sign() const;

  // parser_terms.cpp, parser_factors.cpp, parser_brackets.cpp: expressions.
  int parse_sum();
  int parse_term();
  int parse_run(bool after_slash);
  int parse_mixed(int whole);
  int parse_power();
  int parse_exponent();
  int parse_postfix(int kid);
  int parse_primary();
  int parse_number();
  int parse_word();
  int parse_command();
  int parse_fraction();
  int parse_call(const std::string& name);
  std::vector<int> parse_arguments();
  int parse_argument();
  int parse_bracket(char open, char close);
  int parse_set(char close);
  int parse_bars();
  int parse_matrix();
  int parse_sum_over(const std::string& name);
  int parse_integral();
  int take_differential();
  int parse_based(int number);
  std::string read_subscript();
  std::vector<int> parse_items(char close);
  bool starts_factor() const;
  bool at_letter_unit() const;
  bool at_time_unit() const;
  bool at_function() const;

  Budget& budget_;
  Reading reading_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
  bool limits_ = false;  ///< inside the limits of a sum
  int bars_ = 0;         ///< open absolute values in this bracket
  Tree tree_;
};

bool is_fraction_command(std::string_view name);
/// Words of sentences, which are no products of their letters.
bool is_small_word(std::string_view word);
/// Value of a word such as "seven"; -1 if it is none.
int number_word(std::string_view word);

}  // namespace r1::math
