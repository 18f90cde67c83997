// Paper: [R1 §2.2].
#include "rewards/math/units.h"

#include "base/text.h"

namespace r1::math {
namespace {

struct Row {
  std::string_view name;
  Dimension dimension;
  int64_t numerator, denominator;
  int8_t power = 1;
};

using enum Dimension;

/// Exact by definition; the foot is 0.3048 m.
constexpr Row kTable[] = {
    {"m", kLength, 1, 1},
    {"meter", kLength, 1, 1},
    {"metre", kLength, 1, 1},
    {"cm", kLength, 1, 100},
    {"centimeter", kLength, 1, 100},
    {"centimetre", kLength, 1, 100},
    {"mm", kLength, 1, 1000},
    {"millimeter", kLength, 1, 1000},
    {"km", kLength, 1000, 1},
    {"kilometer", kLength, 1000, 1},
    {"kilometre", kLength, 1000, 1},
    {"in", kLength, 254, 10000},
    {"inch", kLength, 254, 10000},
    {"inches", kLength, 254, 10000},
    {"ft", kLength, 3048, 10000},
    {"foot", kLength, 3048, 10000},
    {"feet", kLength, 3048, 10000},
    {"yd", kLength, 9144, 10000},
    {"yard", kLength, 9144, 10000},
    {"mi", kLength, 1609344, 1000},
    {"mile", kLength, 1609344, 1000},
    {"g", kMass, 1, 1000},
    {"gram", kMass, 1, 1000},
    {"kg", kMass, 1, 1},
    {"kilogram", kMass, 1, 1},
    {"mg", kMass, 1, 1000000},
    {"lb", kMass, 45359237, 100000000},
    {"pound", kMass, 45359237, 100000000},
    {"oz", kMass, 45359237, 1600000000},
    {"ounce", kMass, 45359237, 1600000000},
    {"ton", kMass, 90718474, 100000},
    {"s", kTime, 1, 1},
    {"sec", kTime, 1, 1},
    {"second", kTime, 1, 1},
    {"min", kTime, 60, 1},
    {"minute", kTime, 60, 1},
    {"h", kTime, 3600, 1},
    {"hr", kTime, 3600, 1},
    {"hour", kTime, 3600, 1},
    {"day", kTime, 86400, 1},
    {"week", kTime, 604800, 1},
    {"dollar", kDollar, 1, 1},
    {"usd", kDollar, 1, 1},
    {"cent", kDollar, 1, 100},
    {"euro", kEuro, 1, 1},
    {"L", kLength, 1, 1000, 3},
    {"liter", kLength, 1, 1000, 3},
    {"litre", kLength, 1, 1000, 3},
    {"ml", kLength, 1, 1000000, 3},
    {"milliliter", kLength, 1, 1000000, 3},
    {"bit", kBit, 1, 1},
    {"byte", kBit, 8, 1},
    {"degree", kAngle, 1, 1},
    {"deg", kAngle, 1, 1},
    {"celsius", kCelsius, 1, 1},
    {"fahrenheit", kFahrenheit, 1, 1},
};

}  // namespace

bool find_unit(std::string_view word, bool abbreviation, Unit& out) {
  if (word.size() == 1 && !abbreviation) return false;
  if (word == "radians" || word == "radian" || word == "rad") {
    out = Unit{};
    out.present = true, out.scale = Exact(180), out.pi = -1;
    out.power[static_cast<size_t>(kAngle)] = 1;
    return true;
  }
  const std::string small = ascii_lower(word);
  for (const Row& r : kTable) {
    const bool plural = small.size() == r.name.size() + 1 && small.back() == 's' && r.name.size() > 1 &&
                        small.compare(0, r.name.size(), r.name) == 0;
    if (!plural && r.name != word && (word.size() == 1 || r.name != small)) continue;
    out = Unit{};
    out.present = true;
    Budget none(100000);
    out.scale = Exact(BigInt(r.numerator), BigInt(r.denominator), none);
    out.power[static_cast<size_t>(r.dimension)] = r.power;
    return true;
  }
  return false;
}

Unit combine(const Unit& a, const Unit& b, int exponent, Budget& budget) {
  Unit out = a;
  if (exponent < -9 || exponent > 9) throw Stop{Trouble::kUnsupported, "a unit to a high power"};
  out.present = true;
  out.scale = multiply(a.scale, power(b.scale, exponent, budget), budget);
  out.pi = static_cast<int8_t>(a.pi + b.pi * exponent);
  for (size_t i = 0; i < kDimensions; ++i) {
    const int p = a.power[i] + b.power[i] * exponent;
    if (p < -99 || p > 99) throw Stop{Trouble::kUnsupported, "a unit to a high power"};
    out.power[i] = static_cast<int8_t>(p);
  }
  if (!b.words.empty()) {
    if (!out.words.empty()) out.words += ' ';
    out.words += b.words;
    if (exponent != 1) out.words += "^" + std::to_string(exponent);
  }
  return out;
}

int64_t multiplier(std::string_view word) {
  constexpr std::pair<std::string_view, int64_t> kWords[] = {
      {"hundred", 100},        {"thousand", 1000},          {"million", 1000000},
      {"billion", 1000000000}, {"trillion", 1000000000000}, {"dozen", 12}};
  const std::string small = ascii_lower(word);
  for (const auto& [name, value] : kWords)
    if (name == small) return value;
  return 0;
}

}  // namespace r1::math
