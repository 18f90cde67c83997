// Exact fractions of big whole numbers. What does not fit throws Stop; nothing rounds: 1/2^99 is not 1/2^98.
// Paper: [R1 §2.2].
#pragma once
#include <string>

#include "rewards/math/big_int.h"

namespace r1::math {

/// numerator / denominator in lowest terms, denominator > 0: equal numbers are equal member by member.
struct Exact {
  BigInt numerator{0}, denominator{1};
  Exact() = default;
  Exact(int64_t v) : numerator(v) {}  // NOLINT: numbers convert
  Exact(BigInt n) : numerator(std::move(n)) {}
  Exact(BigInt n, BigInt d, Budget& b);
  bool operator==(const Exact&) const = default;
  bool is_zero() const { return numerator.is_zero(); }
  bool is_one() const { return numerator.is_one() && denominator.is_one(); }
  bool is_integer() const { return denominator.is_one(); }
  int sign() const { return numerator.sign(); }
  Exact negated() const;
  std::string text(Budget& b) const;
};

Exact add(const Exact& x, const Exact& y, Budget& b);
Exact subtract(const Exact& x, const Exact& y, Budget& b);
Exact multiply(const Exact& x, const Exact& y, Budget& b);
/// Throws Stop kUndefined if y is 0.
Exact divide(const Exact& x, const Exact& y, Budget& b);
int compare(const Exact& x, const Exact& y, Budget& b);
BigInt floor(const Exact& x, Budget& b);
Exact power(const Exact& x, int64_t exponent, Budget& b);

}  // namespace r1::math
