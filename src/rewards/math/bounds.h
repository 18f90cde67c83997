// Rigorous bounds of real and complex numbers: intervals of doubles rounded outwards. They can prove that two numbers
// differ, never that they are equal. Library functions are trusted to 8 units in the last place (glibc promises fewer)
// and widened by that. Paper: [R1 §2.2].
#pragma once
#include <string>

#include "rewards/math/exact.h"

namespace r1::math {

struct Interval {
  double lo = 0, hi = 0;
  bool contains_zero() const { return !(lo > 0 || hi < 0); }
};

Interval whole_line();
Interval interval_of(const Exact& v);
Interval operator+(Interval a, Interval b);
Interval operator-(Interval a, Interval b);
Interval operator*(Interval a, Interval b);
/// The whole line if b contains 0.
Interval operator/(Interval a, Interval b);
/// Positive a to a rational power; the whole line where that is not defined.
Interval power(Interval a, double top, double bottom);
Interval integer_power(Interval a, int n);
/// sin, exp, ln, arctan...; the whole line for what is not defined or not known.
Interval image(const std::string& function, Interval a);
Interval pi_bounds();
Interval e_bounds();

struct ComplexBounds {
  Interval re, im;
  bool is_real() const { return im.lo == 0 && im.hi == 0; }
  bool excludes_zero() const { return !re.contains_zero() || !im.contains_zero(); }
};

ComplexBounds operator+(ComplexBounds a, ComplexBounds b);
ComplexBounds operator*(ComplexBounds a, ComplexBounds b);
ComplexBounds operator/(ComplexBounds a, ComplexBounds b);

}  // namespace r1::math
