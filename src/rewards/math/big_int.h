// Whole numbers of any size up to kMaxBits, exact. Small ones (most) are one int64 without allocation; larger ones are
// sign and 32-bit limbs, least significant first. Work is paid from a Budget; what is too long throws Stop.
// Trap: the small form is used whenever the value fits, so that equal numbers are equal member by member.
// Paper: [R1 §2.2].
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rewards/math/budget.h"

namespace r1::math {

class BigInt {
 public:
  BigInt() = default;
  BigInt(int64_t v) : small_(v) {}  // NOLINT: numbers convert

  /// Digits only; base 2 to 36.
  static BigInt parse(std::string_view digits, int base, Budget& b);

  bool is_small() const { return limbs_.empty(); }
  /// Valid if is_small().
  int64_t small() const { return small_; }
  bool is_zero() const { return limbs_.empty() && small_ == 0; }
  bool is_one() const { return limbs_.empty() && small_ == 1; }
  int sign() const { return limbs_.empty() ? (small_ > 0) - (small_ < 0) : negative_ ? -1 : 1; }
  bool is_even() const { return limbs_.empty() ? small_ % 2 == 0 : limbs_[0] % 2 == 0; }
  /// Bits of the absolute value.
  size_t bits() const;
  BigInt negated() const;
  BigInt abs() const { return sign() < 0 ? negated() : *this; }
  bool operator==(const BigInt&) const = default;
  std::string text(Budget& b) const;
  /// A pair lo <= value <= hi of neighbouring doubles; beyond the range of double one is infinite.
  void bounds(double& lo, double& hi) const;

  friend int compare(const BigInt& a, const BigInt& b);
  friend BigInt add(const BigInt& a, const BigInt& b, Budget& budget);
  friend BigInt multiply(const BigInt& a, const BigInt& b, Budget& budget);
  /// Quotient rounded towards minus infinity; 0 <= remainder < b for b > 0. `b` is not 0.
  friend BigInt divide_floor(const BigInt& a, const BigInt& b, BigInt& remainder, Budget& budget);

 private:
  using Limbs = std::vector<uint32_t>;
  static BigInt make(bool negative, Limbs limbs);
  Limbs magnitude() const;

  int64_t small_ = 0;
  bool negative_ = false;
  Limbs limbs_;  ///< empty: the value is small_
};

int compare(const BigInt& a, const BigInt& b);
BigInt add(const BigInt& a, const BigInt& b, Budget& budget);
BigInt multiply(const BigInt& a, const BigInt& b, Budget& budget);
BigInt divide_floor(const BigInt& a, const BigInt& b, BigInt& remainder, Budget& budget);
inline BigInt subtract(const BigInt& a, const BigInt& b, Budget& budget) { return add(a, b.negated(), budget); }
/// Greatest common divisor, >= 0.
BigInt gcd(BigInt a, BigInt b, Budget& budget);
BigInt power(BigInt base, uint64_t exponent, Budget& budget);
/// Largest r with r^n <= a, for a >= 0.
BigInt root_floor(const BigInt& a, unsigned n, Budget& budget);

}  // namespace r1::math
