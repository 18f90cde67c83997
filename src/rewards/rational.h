// Exact rational numbers for verdicts: int64 over int64, all steps in 128 bits. What does not fit is no number at all
// (std::nullopt), never a rounded one: 1/2^99 must not equal 1/2^98. Paper: [R1 §2.2] (rule-based accuracy).
#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace r1 {

__extension__ using Wide = __int128;  // ISO C++ has no name for it

/// numerator / denominator in lowest terms, denominator > 0: equal numbers are equal member by member.
struct Rational {
  int64_t numerator = 0, denominator = 1;
  bool operator==(const Rational&) const = default;
};

/// The fraction in lowest terms; nothing if the denominator is 0 or a part does not fit int64.
std::optional<Rational> make_rational(Wide numerator, Wide denominator);

/// Nothing when the result does not fit; quotient also when `b` is 0.
std::optional<Rational> sum(const Rational& a, const Rational& b);
std::optional<Rational> difference(const Rational& a, const Rational& b);
std::optional<Rational> product(const Rational& a, const Rational& b);
std::optional<Rational> quotient(const Rational& a, const Rational& b);

/// "-3/4" or "7".
std::string to_string(const Rational& r);

}  // namespace r1
