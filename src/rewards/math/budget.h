// What one verdict may spend: "fuel", counted in units of about a nanosecond of work, and the limits on sizes. Whoever
// works pays first; an empty tank ends the verdict as unknown. Exceptions of this file never leave verify.cpp.
// Paper: [R1 §2.2].
#pragma once
#include <cstddef>
#include <cstdint>

namespace r1::math {

/// Longest expression that is read, in bytes; an output may be longer, what is extracted from it may not.
inline constexpr size_t kMaxText = 4096;
/// Deepest nesting of the parser; a bracket takes about four.
inline constexpr int kMaxDepth = 200;
/// Longest whole number, in bits: 2006! has 19,107.
inline constexpr size_t kMaxBits = 32768;
/// Most terms of a polynomial.
inline constexpr size_t kMaxTerms = 2048;
/// Fuel of one comparison.
inline constexpr int64_t kFuel = 1'500'000;

/// Why there is no value. Malformed text is a wrong answer; the rest is undecided.
enum class Trouble : uint8_t {
  kMalformed,    ///< not in the grammar, or over the limits on length and depth
  kUndefined,    ///< in the grammar, without a value: 1/0
  kUnsupported,  ///< in the grammar, outside of what has a normal form here
  kTooLarge,     ///< a number, polynomial or computation over the limits
};

/// Thrown inside a verdict and caught by verify.cpp; `what` is a literal.
struct Stop {
  Trouble trouble;
  const char* what;
};

class Budget {
 public:
  explicit Budget(int64_t fuel = kFuel) : fuel_(fuel) {}
  void spend(int64_t units) {
    fuel_ -= units;
    if (fuel_ < 0) throw Stop{Trouble::kTooLarge, "out of fuel"};
  }
  int64_t left() const { return fuel_; }

 private:
  int64_t fuel_;
};

}  // namespace r1::math
