// Products of two int64 fit __int128; so does the sum of two such products: nothing here can wrap. Paper: [R1 §2.2].
#include "rewards/rational.h"

#include <limits>

namespace r1 {
namespace {

Wide gcd(Wide a, Wide b) {
  while (b != 0) {
    const Wide r = a % b;
    a = b, b = r;
  }
  return a < 0 ? -a : a;
}

bool fits(Wide v) { return v >= std::numeric_limits<int64_t>::min() && v <= std::numeric_limits<int64_t>::max(); }

}  // namespace

std::optional<Rational> make_rational(Wide n, Wide d) {
  if (d == 0) return std::nullopt;
  const Wide g = gcd(n, d);
  n /= g, d /= g;
  if (d < 0) n = -n, d = -d;
  if (!fits(n) || !fits(d)) return std::nullopt;
  return Rational{static_cast<int64_t>(n), static_cast<int64_t>(d)};
}

std::optional<Rational> sum(const Rational& a, const Rational& b) {
  return make_rational(Wide{a.numerator} * b.denominator + Wide{b.numerator} * a.denominator,
                       Wide{a.denominator} * b.denominator);
}

std::optional<Rational> difference(const Rational& a, const Rational& b) {
  return make_rational(Wide{a.numerator} * b.denominator - Wide{b.numerator} * a.denominator,
                       Wide{a.denominator} * b.denominator);
}

std::optional<Rational> product(const Rational& a, const Rational& b) {
  return make_rational(Wide{a.numerator} * b.numerator, Wide{a.denominator} * b.denominator);
}

std::optional<Rational> quotient(const Rational& a, const Rational& b) {
  return make_rational(Wide{a.numerator} * b.denominator, Wide{a.denominator} * b.numerator);
}

std::string to_string(const Rational& r) {
  std::string out = std::to_string(r.numerator);
  if (r.denominator != 1) out.append("/").append(std::to_string(r.denominator));
  return out;
}

}  // namespace r1
