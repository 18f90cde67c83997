// A small exact calculator for answers: numbers, + - * / and brackets, read by recursive descent with limits on length
// and depth; no eval, no floats. In: text of a model, which is hostile. Out: a value, or why there is none.
// Trap: "not a number" and "too large to decide" are different things: the first is wrong, the second is unknown.
// Paper: [R1 §2.2].
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rewards/rational.h"

namespace r1 {

enum class EvalStatus : uint8_t {
  kValue,           ///< `value` is exact
  kMalformed,       ///< not in the grammar, or over the limits on length and depth
  kDivisionByZero,  ///< in the grammar, without a value
  kTooLarge,        ///< a number or intermediate result does not fit: undecided
};

struct Evaluation {
  EvalStatus status = EvalStatus::kMalformed;
  Rational value;
  std::vector<Rational> numbers;  ///< the numbers that occur, from left to right
  bool large_number = false;      ///< kTooLarge came from a number as it is written, not from a computation
};

/// What the grammar admits beyond unsigned integers and the four operations with brackets.
struct ExpressionRules {
  bool decimals = true;  ///< 0.5
  bool signs = true;     ///< -3, 2*-3
};

/// Longest text that is read at all, in bytes: this is the fuel, since each byte is read once.
inline constexpr size_t kMaxExpression = 512;
/// Deepest nesting of brackets and signs.
inline constexpr int kMaxExpressionDepth = 32;

/// Value of an expression; ASCII blanks between tokens are skipped. ASCII digits only: full-width ones are malformed.
Evaluation evaluate(std::string_view text, const ExpressionRules& rules = {});

/// Value of a single number: [+-] digits [. digits], or [+-] integer / integer. Nothing to compute: "47+38" is
/// malformed, because an answer that repeats the question is no answer.
Evaluation read_number(std::string_view text);

/// Three-valued equality of two evaluations.
enum class Equality : uint8_t { kEqual, kDifferent, kUnknown };
/// kUnknown if either is kTooLarge, or if neither has a value; kDifferent if only one has.
Equality compare(const Evaluation& a, const Evaluation& b);

}  // namespace r1
