// Units of measure behind a number: a table with exact scales, products, quotients and powers of them. In: the words
// and signs after the number. Out: scale to the base units, powers of the dimensions, and the words that the table
// does not have, kept as they are. Rule: a unit may be left out, but two units that are given must agree.
// Paper: [R1 §2.2].
#pragma once
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "rewards/math/exact.h"

namespace r1::math {

/// Length, mass, time, money of each currency, data, angle, temperature, and what else counts by itself.
enum class Dimension : uint8_t { kLength, kMass, kTime, kDollar, kEuro, kPound, kBit, kAngle, kCelsius, kFahrenheit };
inline constexpr size_t kDimensions = 10;

struct Unit {
  bool present = false;
  Exact scale{1};                           ///< in base units: m, kg, s, dollar, bit, degree
  int8_t pi = 0;                            ///< times pi to this power: a radian is 180/pi degrees
  std::array<int8_t, kDimensions> power{};  ///< of each dimension
  std::string words;                        ///< lower case, unknown to the table; "" if none

  bool same_kind(const Unit& other) const { return power == other.power && words == other.words; }
};

/// True and the unit, if `word` is in the table (plurals too). `abbreviation`: one-letter names count.
bool find_unit(std::string_view word, bool abbreviation, Unit& out);
/// out = a * b^exponent. Throws Stop for absurd powers.
Unit combine(const Unit& a, const Unit& b, int exponent, Budget& budget);
/// A word that scales the number before it (million), or 0.
int64_t multiplier(std::string_view word);

}  // namespace r1::math
