// Clock arithmetic, the matter of the toy world math-1: a start value and steps + - *, from left to right, every result
// taken mod 100 and written with two digits. This file knows the numbers and how they are written; what is said about
// them is in math_1_corpus.cpp. In the labelled form each copied token has a letter of its own before it, so that
// looking up an operand is one induction step: a4b7c+d8e*f3g3 is (47 + 8) * 33. A worked line is the value so far (at
// first the start value as the question has it), the step, and the result: a4b7c+d8=55, then 55e*f3g3=15. Paper: none.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.h"

namespace r1 {

struct ClockStep {
  char op;      ///< '+', '-' or '*'
  int operand;  ///< 1..9 for + and -, 11..99 for *
  bool operator==(const ClockStep&) const = default;
};

struct ClockExpression {
  int start = 10;  ///< 10..99
  std::vector<ClockStep> steps;
  bool operator==(const ClockExpression&) const = default;
};

inline constexpr int kClockLevels = 5;
/// Labels a..q: two for the start value, three for each of five two-digit steps.
inline constexpr int kClockLabels = 17;

/// a op b mod 100, 0..99.
int clock_apply(char op, int a, int b);
/// The value of the whole expression.
int clock_value(const ClockExpression& e);

/// Two digits: "05".
std::string two_digits(int n);
/// The operand as written: one digit for + and -, two for *.
std::string clock_operand(const ClockStep& step);
/// "a4b7": a start value with its labels; `label` (0 is a) moves past those used.
std::string clock_start(int start, int& label);
/// "c+d8": the step with its labels; `label` (0 is a) moves past those used.
std::string clock_fragment(const ClockStep& step, int& label);
/// "a4b7c+d8e*f3g3": as the prompt shows it.
std::string clock_labelled(const ClockExpression& e);
/// "47+8*33": without labels; Problem::data.
std::string clock_plain(const ClockExpression& e);
/// The way back from clock_plain; nothing if the text is anything else.
std::optional<ClockExpression> parse_clock(std::string_view plain);
/// Canonical form: clock_plain, but one commutative step has its smaller operand first.
std::string clock_key(const ClockExpression& e);

/// "89+5=94": a plain equation with any claimed result.
std::string clock_equation(int left, const ClockStep& step, int result);
/// The product mod 100 digit by digit: "5*8=40,1*3=03,5*3=15,0+3=3+1=4" for 15*83, right for all a, b in 0..99.
/// The cross products come first: their digits are the furthest back, and copying gets harder with distance.
std::string careful_product(int a, int b);

/// A random step; products have two-digit operands.
ClockStep draw_step(char op, Rng& rng);
/// A random expression of a level: `level` steps, of which 0, 0-1, 1, 1-2, 2-3 are products.
ClockExpression draw_clock(int level, Rng& rng);

}  // namespace r1
