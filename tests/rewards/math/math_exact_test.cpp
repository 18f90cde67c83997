// Big numbers against identities and known values; the normal forms of the algebra against the laws of a field.
#include "rewards/math/algebra.h"

#include <cmath>

#include "base/rng.h"
#include "rewards/math/values.h"
#include "rewards/math/verify.h"
#include "support/catch.h"

using namespace r1;
using namespace r1::math;

namespace {

BigInt random_int(Rng& rng, int limbs) {
  std::string digits;
  for (int i = 0; i < limbs * 9; ++i) digits += static_cast<char>('0' + rng.below(10));
  Budget b;
  const BigInt v = BigInt::parse(digits, 10, b);
  return rng.chance(0.5) ? v.negated() : v;
}

bool same(const std::string& a, const std::string& b) { return compare_texts(a, b).relation == Relation::kEqual; }

}  // namespace

TEST_CASE("whole numbers are exact at every size") {
  Rng rng(11, Stream::kTest);
  for (int i = 0; i < 3000; ++i) {
    Budget b(1 << 30);
    const BigInt a = random_int(rng, rng.range(0, 12)), d = random_int(rng, rng.range(0, 8)),
                 c = random_int(rng, rng.range(0, 6));
    CHECK(subtract(add(a, c, b), c, b) == a);
    CHECK(multiply(a, add(c, d, b), b) == add(multiply(a, c, b), multiply(a, d, b), b));
    CHECK((compare(a, c) < 0) == (subtract(a, c, b).sign() < 0));
    if (d.is_zero()) continue;
    BigInt rest;
    const BigInt q = divide_floor(a, d, rest, b);
    CHECK(add(multiply(q, d, b), rest, b) == a);
    CHECK((rest.is_zero() || rest.sign() == d.sign()));
    CHECK(compare(rest.abs(), d.abs()) < 0);
    const BigInt g = gcd(a, d, b);
    if (g.is_zero()) continue;
    divide_floor(a, g, rest, b);
    CHECK(rest.is_zero());
    double lo = 0, hi = 0;
    a.bounds(lo, hi);
    CHECK(lo <= hi);
    CHECK(std::nextafter(std::nextafter(lo, HUGE_VAL), HUGE_VAL) >= hi);
  }
}

TEST_CASE("division at the edges of its digits") {  // where the guess of a digit is one or two too large
  Budget b(1 << 30);
  const auto two = [&](uint64_t e) { return power(BigInt(2), e, b); };
  for (uint64_t n : {64u, 96u, 128u, 160u, 192u})
    for (uint64_t m : {33u, 63u, 64u, 65u, 95u, 96u})
      for (int64_t u : {-1, 0, 1})
        for (int64_t v : {-1, 0, 1}) {
          const BigInt a = add(two(n), BigInt(u), b), d = add(two(m), BigInt(v), b);
          BigInt rest;
          CHECK(add(multiply(divide_floor(a, d, rest, b), d, b), rest, b) == a);
          CHECK(compare(rest, d) < 0);
          CHECK(rest.sign() >= 0);
        }
}

TEST_CASE("digits, powers and roots of whole numbers") {
  Budget b(1 << 30);
  CHECK(power(BigInt(2), 100, b).text(b) == "1267650600228229401496703205376");
  CHECK(power(BigInt(-3), 5, b).text(b) == "-243");
  CHECK(BigInt::parse("ff", 16, b) == BigInt(255));
  CHECK(BigInt::parse("-9223372036854775808" + 1, 10, b).negated() == BigInt(INT64_MIN));
  CHECK(BigInt(INT64_MIN).negated().text(b) == "9223372036854775808");
  const std::string digits = "98765432109876543210987654321098765432109876543210";
  CHECK(BigInt::parse(digits, 10, b).text(b) == digits);
  for (unsigned n = 2; n < 9; ++n) {
    const BigInt r = BigInt::parse("12345678901234567", 10, b), p = power(r, n, b);
    CHECK(root_floor(p, n, b) == r);
    CHECK(root_floor(subtract(p, BigInt(1), b), n, b) == subtract(r, BigInt(1), b));
  }
  CHECK_THROWS_AS(power(BigInt(3), 1'000'000, b), Stop);
  CHECK_THROWS_AS(BigInt::parse(std::string(100'000, '7'), 10, b), Stop);
  Budget empty(10);
  CHECK_THROWS_AS(BigInt::parse(digits, 10, empty), Stop);
}

TEST_CASE("the field laws hold for random expressions") {
  Rng rng(12, Stream::kTest);
  const std::vector<std::string> atoms = {
      "x", "y", "2", "3", "\\frac{1}{2}", "\\sqrt{2}", "\\sqrt{3}", "\\pi", "i", "\\sqrt[3]{5}", "\\sin y"};
  const auto pick = [&] { return atoms[rng.below(static_cast<uint32_t>(atoms.size()))]; };
  const auto some = [&] { return "(" + pick() + "+" + pick() + "\\cdot " + pick() + "-" + pick() + ")"; };
  int decided = 0;
  for (int i = 0; i < 400; ++i) {
    const std::string a = some(), b = some(), c = some();
    INFO(a << " " << b << " " << c);
    CHECK(same(a + "+" + b, b + "+" + a));
    CHECK(same(a + b, b + a));
    CHECK(same(a + "(" + b + "+" + c + ")", a + b + "+" + a + c));
    CHECK(same("(" + a + b + ")" + c, a + "(" + b + c + ")"));
    const Judgement j = compare_texts(a, b);
    decided += j.relation != Relation::kUnknown;
    const Judgement quotient = compare_texts("\\frac{" + a + b + "}{" + b + "}", a);
    CHECK(quotient.relation != Relation::kDifferent);
  }
  CHECK(decided > 390);
}

TEST_CASE("bounds hold the value") {
  const auto holds = [](const std::string& s, double v) {
    const auto b = numeric_value(s, {});
    INFO(s);
    REQUIRE(b.has_value());
    CHECK(b->first <= v);
    CHECK(v <= b->second);
    CHECK(b->second - b->first <= 1e-12 * (1 + std::fabs(v)));
  };
  holds("\\sqrt{2}", 1.4142135623730951);
  holds("\\pi^2", 9.869604401089358);
  holds("e^{\\pi}", 23.140692632779267);
  holds("\\ln 10", 2.302585092994046);
  holds("\\sin 1", 0.8414709848078965);
  holds("\\cos 1000", 0.5623790762907029);
  holds("\\arctan 2", 1.1071487177940904);
  holds("\\sqrt[3]{-7}", -1.9129311827723892);
  holds("\\frac{10^{40}}{3}", 3.3333333333333335e39);
  holds("2^{\\sqrt{2}}", 2.665144142690225);
  holds("\\sinh 1 + \\cosh 1", 2.718281828459045);
}
