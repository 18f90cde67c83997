// Paper: [R1 §2.2].
#include "rewards/math/exact.h"

namespace r1::math {

Exact::Exact(BigInt n, BigInt d, Budget& b) : numerator(std::move(n)), denominator(std::move(d)) {
  if (denominator.is_zero()) throw Stop{Trouble::kUndefined, "division by zero"};
  if (denominator.sign() < 0) numerator = numerator.negated(), denominator = denominator.negated();
  if (denominator.is_one()) return;
  const BigInt g = gcd(numerator, denominator, b);
  if (g.is_one()) return;
  BigInt rest;
  numerator = divide_floor(numerator, g, rest, b);
  denominator = divide_floor(denominator, g, rest, b);
}

Exact Exact::negated() const {
  Exact out = *this;
  out.numerator = numerator.negated();
  return out;
}

std::string Exact::text(Budget& b) const {
  if (numerator.bits() + denominator.bits() > 4096)
    return "[" + std::to_string(numerator.bits()) + " bits / " + std::to_string(denominator.bits()) + " bits]";
  return is_integer() ? numerator.text(b) : numerator.text(b) + "/" + denominator.text(b);
}

Exact add(const Exact& x, const Exact& y, Budget& b) {
  if (x.denominator == y.denominator) return Exact(add(x.numerator, y.numerator, b), x.denominator, b);
  return Exact(add(multiply(x.numerator, y.denominator, b), multiply(y.numerator, x.denominator, b), b),
               multiply(x.denominator, y.denominator, b), b);
}

Exact subtract(const Exact& x, const Exact& y, Budget& b) { return add(x, y.negated(), b); }

Exact multiply(const Exact& x, const Exact& y, Budget& b) {
  return Exact(multiply(x.numerator, y.numerator, b), multiply(x.denominator, y.denominator, b), b);
}

Exact divide(const Exact& x, const Exact& y, Budget& b) {
  return Exact(multiply(x.numerator, y.denominator, b), multiply(x.denominator, y.numerator, b), b);
}

int compare(const Exact& x, const Exact& y, Budget& b) {
  if (x.sign() != y.sign()) return x.sign() < y.sign() ? -1 : 1;
  return compare(multiply(x.numerator, y.denominator, b), multiply(y.numerator, x.denominator, b));
}

BigInt floor(const Exact& x, Budget& b) {
  BigInt rest;
  return divide_floor(x.numerator, x.denominator, rest, b);
}

Exact power(const Exact& x, int64_t exponent, Budget& b) {
  constexpr int64_t kMost = int64_t{1} << 40;  // -exponent below must exist; only 0, 1 and -1 get this far
  if (exponent > kMost || exponent < -kMost) throw Stop{Trouble::kTooLarge, "an exponent too large"};
  if (exponent < 0) return divide(Exact(1), power(x, -exponent, b), b);
  Exact out;
  out.numerator = power(x.numerator, static_cast<uint64_t>(exponent), b);
  out.denominator = power(x.denominator, static_cast<uint64_t>(exponent), b);
  return out;
}

}  // namespace r1::math
