// Text of an answer, LaTeX or plain, into tokens: one alphabet for both spellings (\times, * and the sign are one
// symbol). In: hostile bytes. Out: tokens that view the text, or Stop kMalformed for bytes that belong to no spelling
// of mathematics: control characters, invalid UTF-8, full-width digits, invisible marks. Paper: [R1 §2.2].
#pragma once
#include <string_view>
#include <vector>

#include "rewards/math/budget.h"

namespace r1::math {

enum class TokenKind : uint8_t {
  kEnd,
  kNumber,   ///< text: digits, grouping marks, decimal point, exponent as written
  kLetter,   ///< one letter, a variable
  kWord,     ///< a run of two or more letters without a backslash
  kCommand,  ///< a name: \sin, or a letter's name (\alpha, also the character itself)
  kText,     ///< the inside of \text{...}
  kBegin,    ///< \begin{text}
  kFinish,   ///< \end{text}
  kSymbol,   ///< see Token::symbol
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  /// + - * / ^ _ ( ) [ ] { } | , ; : ! = < > & % ' and: S s for \{ \}, l g n a for <= >= != approx, p m for +- -+,
  /// d degree, $ money, E element of, U union, I intersection, D difference, N row end, F f floor, C c ceiling.
  char symbol = 0;
  bool blank = false;  ///< blanks stand before it
  std::string_view text;
};

/// Throws Stop.
std::vector<Token> read_tokens(std::string_view text, Budget& budget);

/// Words that mean a function or constant even without a backslash ("sqrt", "pi").
bool is_known_word(std::string_view word);

}  // namespace r1::math
