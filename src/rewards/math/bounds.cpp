// Paper: [R1 §2.2].
#include "rewards/math/bounds.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "rewards/math/algebra.h"

namespace r1::math {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

/// One unit outwards, which covers the rounding of one operation; anything undefined becomes the whole line.
Interval outward(double lo, double hi) {
  if (std::isnan(lo) || std::isnan(hi)) return {-kInf, kInf};
  return {std::nextafter(lo, -kInf), std::nextafter(hi, kInf)};
}
/// Eight units outwards, for library functions.
Interval widened(double lo, double hi) {
  if (std::isnan(lo) || std::isnan(hi)) return {-kInf, kInf};
  const double e = 8 * std::numeric_limits<double>::epsilon(), tiny = 1e-300;
  return outward(lo - std::fabs(lo) * e - tiny, hi + std::fabs(hi) * e + tiny);
}

using Real = double (*)(double);
Interval monotone(Real f, Interval a) { return widened(f(a.lo), f(a.hi)); }

/// sin and cos do not move faster than their argument.
Interval wave(Real f, Interval a) {
  const double half = (a.hi - a.lo) / 2, middle = a.lo + half;
  if (!(half < 4)) return {-1, 1};
  const Interval m = widened(f(middle), f(middle));
  const double slack = std::nextafter(half + std::fabs(middle) * 2.3e-16, kInf);
  return {std::max(-1.0, std::nextafter(m.lo - slack, -kInf)), std::min(1.0, std::nextafter(m.hi + slack, kInf))};
}

}  // namespace

Interval whole_line() { return {-kInf, kInf}; }
Interval pi_bounds() { return {3.141592653589793, 3.1415926535897936}; }
Interval e_bounds() { return {2.718281828459045, 2.7182818284590455}; }

Interval interval_of(const Exact& v) {
  Interval n, d;
  v.numerator.bounds(n.lo, n.hi);
  if (v.is_integer()) return n;
  v.denominator.bounds(d.lo, d.hi);
  return n / d;
}

Interval operator+(Interval a, Interval b) {
  if (a.lo == 0 && a.hi == 0) return b;
  if (b.lo == 0 && b.hi == 0) return a;
  return outward(a.lo + b.lo, a.hi + b.hi);
}
Interval operator-(Interval a, Interval b) { return a + Interval{-b.hi, -b.lo}; }

Interval operator*(Interval a, Interval b) {
  if ((a.lo == 0 && a.hi == 0) || (b.lo == 0 && b.hi == 0)) return {0, 0};
  const double p[] = {a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi};
  if (std::any_of(std::begin(p), std::end(p), [](double v) { return std::isnan(v); })) return whole_line();
  return outward(*std::min_element(std::begin(p), std::end(p)), *std::max_element(std::begin(p), std::end(p)));
}

Interval operator/(Interval a, Interval b) {
  if (b.contains_zero()) return whole_line();
  if (a.lo == 0 && a.hi == 0) return a;
  const double p[] = {a.lo / b.lo, a.lo / b.hi, a.hi / b.lo, a.hi / b.hi};
  if (std::any_of(std::begin(p), std::end(p), [](double v) { return std::isnan(v); })) return whole_line();
  return outward(*std::min_element(std::begin(p), std::end(p)), *std::max_element(std::begin(p), std::end(p)));
}

Interval integer_power(Interval a, int n) {
  if (n < 0) return Interval{1, 1} / integer_power(a, -n);
  Interval out{1, 1};
  if (n % 2 == 0 && a.contains_zero()) a = {0, std::max(-a.lo, a.hi)};
  for (; n; n /= 2, a = a * a)
    if (n % 2) out = out * a;
  return out;
}

Interval power(Interval a, double top, double bottom) {
  if (bottom == 1 && std::fabs(top) < 1e6) return integer_power(a, static_cast<int>(top));
  if (!(a.lo > 0)) return whole_line();
  return image("exp", image("ln", a) * Interval{top, top} / Interval{bottom, bottom});
}

Interval image(const std::string& f, Interval a) {
  if (f == "exp") return monotone(std::exp, a);
  if (f == "ln") return a.lo > 0 ? monotone(std::log, a) : whole_line();
  if (f == "sin") return wave(std::sin, a);
  if (f == "cos") return wave(std::cos, a);
  if (f == "arctan") return monotone(std::atan, a);
  if (f == "arcsin") return a.lo >= -1 && a.hi <= 1 ? monotone(std::asin, a) : whole_line();
  if (f == "sinh") return monotone(std::sinh, a);
  if (f == "tanh") return monotone(std::tanh, a);
  if (f == "arcsinh") return monotone(std::asinh, a);
  if (f == "arctanh") return a.lo > -1 && a.hi < 1 ? monotone(std::atanh, a) : whole_line();
  if (f == "arccosh") return a.lo >= 1 ? monotone(std::acosh, a) : whole_line();
  if (f == "cosh") return (image("exp", a) + image("exp", Interval{-a.hi, -a.lo})) * Interval{0.5, 0.5};
  if (f == "abs") {
    if (!a.contains_zero()) return a.lo > 0 ? a : Interval{-a.hi, -a.lo};
    return {0, std::max(-a.lo, a.hi)};
  }
  if (f == "floor") return {std::floor(a.lo), std::floor(a.hi)};
  if (f == "factorial") {  // gamma(x + 1) = gamma(x + 2) / (x + 1), which grows from there on
    const Interval next = a + Interval{1, 1};
    if (!(a.lo > -0.5 && a.hi < 100)) return whole_line();
    const Interval g = monotone(std::tgamma, next + Interval{1, 1});
    return Interval{g.lo * (1 - 1e-14), g.hi * (1 + 1e-14)} / next;
  }
  return whole_line();
}

ComplexBounds operator+(ComplexBounds a, ComplexBounds b) { return {a.re + b.re, a.im + b.im}; }
ComplexBounds operator*(ComplexBounds a, ComplexBounds b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
ComplexBounds operator/(ComplexBounds a, ComplexBounds b) {
  if (b.is_real()) return {a.re / b.re, a.im / b.re};
  const Interval size = integer_power(b.re, 2) + integer_power(b.im, 2);
  const ComplexBounds top = a * ComplexBounds{b.re, Interval{0, 0} - b.im};
  return {top.re / size, top.im / size};
}

ComplexBounds Algebra::bounds(const Form& a, int point) {
  const ComplexBounds top = bounds(a.top, point);
  return a.bottom.empty() ? top : top / bounds(a.bottom, point);
}

ComplexBounds Algebra::bounds(const Polynomial& p, int point) {
  ComplexBounds sum;
  for (const Term& t : p) {
    budget_.spend(50);
    ComplexBounds product{interval_of(t.coefficient), {0, 0}};
    for (const Factor& f : t.factors) {
      const ComplexBounds a = atom_bounds(f.atom, point);
      if (a.is_real()) {
        product = product * ComplexBounds{math::power(a.re, f.top, f.bottom), {0, 0}};
      } else if (f.top == 1 && f.bottom == 1) {
        product = product * a;
      } else {
        product = {whole_line(), whole_line()};
      }
    }
    sum = sum + product;
  }
  return sum;
}

/// Variables take odd values at the sample points, all positive at the first, of mixed signs at the others.
ComplexBounds Algebra::atom_bounds(int index, int point) {
  const Atom& a = atom(index);
  budget_.spend(100);
  const auto argument = [&](size_t i) {
    const ComplexBounds b = bounds(Form(atom(index).arguments[i]), point);
    return b.is_real() ? b.re : whole_line();
  };
  switch (a.kind) {
    case AtomKind::kPrime: {
      Interval v;
      a.prime.bounds(v.lo, v.hi);
      return {v, {0, 0}};
    }
    case AtomKind::kPi:
      return {pi_bounds(), {0, 0}};
    case AtomKind::kE:
      return {e_bounds(), {0, 0}};
    case AtomKind::kImaginary:
      return {{0, 0}, {1, 1}};
    case AtomKind::kVariable: {
      const double v = 0.6180339887 + 0.7320508 * index + 0.41421356 * point * (index % 3 + 1);
      const double s = point % 2 && (index + point / 2) % 2 ? -v : v;
      return {{s, s}, {0, 0}};
    }
    case AtomKind::kRoot: {
      const Interval r = argument(0);
      if (r.lo > 0) return {math::power(r, 1, a.period), {0, 0}};
      if (r.hi < 0 && a.period % 2) {
        const Interval p = math::power(Interval{-r.hi, -r.lo}, 1, a.period);
        return {{-p.hi, -p.lo}, {0, 0}};
      }
      return {whole_line(), whole_line()};
    }
    case AtomKind::kPower: {
      const Interval base = argument(0), exponent = argument(1);
      if (!(base.lo > 0)) return {whole_line(), whole_line()};
      return {image("exp", image("ln", base) * exponent), {0, 0}};
    }
    case AtomKind::kFunction:
      break;
  }
  if (a.arguments.size() != 1) return {whole_line(), whole_line()};
  return {image(std::string(a.name), argument(0)), {0, 0}};
}

}  // namespace r1::math
