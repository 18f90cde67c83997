// Functions at exact arguments: trigonometry at multiples of pi/12 and pi/10, logarithms of fractions by their primes,
// whole-number functions. What has no exact value becomes an atom. Paper: [R1 §2.2].
#include "rewards/math/functions.h"

#include <algorithm>
#include <cmath>

namespace r1::math {

class Functions {
 public:
  explicit Functions(Algebra& a) : a_(a), b_(a.budget_) {}

  Form call(const std::string& f, const std::vector<Form>& args) {
    if (args.empty()) throw Stop{Trouble::kMalformed, "a function without an argument"};
    if (f == "gcd" || f == "lcm" || f == "max" || f == "min") return many(f, args);
    if (f == "binom") return args.size() == 2 ? binomial(args[0], args[1]) : wrong_count();
    if (args.size() != 1) return wrong_count();
    const Form& x = args[0];
    if (f == "sin") return sine(x);
    if (f == "cos") return cosine(x);
    if (f == "tan") return a_.divide(sine(x), cosine(x));
    if (f == "cot") return a_.divide(cosine(x), sine(x));
    if (f == "sec") return a_.divide(one(), cosine(x));
    if (f == "csc") return a_.divide(one(), sine(x));
    if (f == "ln") return logarithm(x);
    if (f == "log" || f == "lg") return a_.divide(logarithm(x), logarithm(a_.number(Exact(10))));
    if (f == "exp") return exponential(x);
    if (f == "abs") return absolute(x);
    if (f == "floor") return floor_of(x);
    if (f == "ceil") return a_.negate(floor_of(a_.negate(x)));
    if (f == "factorial") return factorial(x);
    if (f == "arcsin" || f == "asin") return arcsine(x);
    if (f == "arccos" || f == "acos") return a_.subtract(scaled_pi(1, 2), arcsine(x));
    if (f == "arctan" || f == "atan") return arctangent(x);
    return hyperbolic(f, x);
  }

 private:
  [[noreturn]] static Form wrong_count() { throw Stop{Trouble::kMalformed, "a function with too many arguments"}; }
  Form one() { return a_.number(Exact(1)); }
  Form scaled_pi(int64_t top, int64_t bottom) {
    return a_.multiply(a_.number(Exact(BigInt(top), BigInt(bottom), b_)), a_.constant(AtomKind::kPi));
  }
  Form atom(const std::string& name, const Form& x, int period = 0, const Form& carry = {}) {
    Atom a;
    a.kind = AtomKind::kFunction, a.name = name, a.arguments = {x}, a.period = period, a.carry = carry;
    return a_.atom_form(a_.intern(std::move(a)));
  }
  /// x / pi if that is rational.
  std::optional<Exact> turns(const Form& x) {
    if (x.top.empty()) return Exact(0);
    if (!x.bottom.empty() || x.top.size() != 1 || x.top[0].factors.size() != 1) return std::nullopt;
    const Factor& f = x.top[0].factors[0];
    if (a_.atom(f.atom).kind != AtomKind::kPi || f.top != 1 || f.bottom != 1) return std::nullopt;
    return x.top[0].coefficient;
  }
  bool negative_looking(const Form& x) const { return !x.top.empty() && x.top[0].coefficient.sign() < 0; }

  /// sin(k pi/60) for the k that have square roots only; nothing for the others. 0 <= k <= 30.
  std::optional<Form> sine_table(int64_t k) {
    const auto n = [&](int64_t v) { return a_.number(Exact(v)); };
    const auto root = [&](int64_t v) { return a_.root(n(v), 2); };
    switch (k) {
      case 0:
        return n(0);
      case 5:
        return a_.divide(a_.subtract(root(6), root(2)), n(4));
      case 6:
        return a_.divide(a_.subtract(root(5), n(1)), n(4));
      case 10:
        return a_.divide(n(1), n(2));
      case 12:
        return a_.divide(a_.root(a_.subtract(n(10), a_.multiply(n(2), root(5))), 2), n(4));
      case 15:
        return a_.divide(root(2), n(2));
      case 18:
        return a_.divide(a_.add(root(5), n(1)), n(4));
      case 20:
        return a_.divide(root(3), n(2));
      case 24:
        return a_.divide(a_.root(a_.add(n(10), a_.multiply(n(2), root(5))), 2), n(4));
      case 25:
        return a_.divide(a_.add(root(6), root(2)), n(4));
      case 30:
        return n(1);
      default:
        return std::nullopt;
    }
  }

  /// sin(t pi) with the angle brought to the first quarter.
  Form sine_of_turns(const Exact& t) {
    const Exact half = multiply(t, Exact(BigInt(1), BigInt(2), b_), b_);
    Exact r = multiply(subtract(half, Exact(math::floor(half, b_)), b_), Exact(2), b_);  // 0 <= r < 2
    const bool minus = compare(r, Exact(1), b_) > 0;
    if (minus) r = subtract(r, Exact(1), b_);
    if (compare(r, Exact(BigInt(1), BigInt(2), b_), b_) > 0) r = subtract(Exact(1), r, b_);
    const Exact k = multiply(r, Exact(60), b_);
    std::optional<Form> known;
    if (k.is_integer()) known = sine_table(k.numerator.small());
    const Form out = known ? *known : atom("sin", a_.multiply(a_.number(r), a_.constant(AtomKind::kPi)));
    return minus ? a_.negate(out) : out;
  }
  Form sine(const Form& x) {
    if (const auto t = turns(x)) return sine_of_turns(*t);
    if (negative_looking(x)) return a_.negate(sine(a_.negate(x)));
    return atom("sin", x);
  }
  Form cosine(const Form& x) {
    if (const auto t = turns(x)) return sine_of_turns(add(*t, Exact(BigInt(1), BigInt(2), b_), b_));
    if (negative_looking(x)) return cosine(a_.negate(x));
    const Form s = atom("sin", x);
    return atom("cos", x, 2, a_.subtract(one(), a_.multiply(s, s)));
  }
  Form arcsine(const Form& x) {
    for (int64_t k = 0; k <= 30; ++k) {
      const auto s = k % 5 == 0 || k % 6 == 0 ? sine_table(k) : std::nullopt;
      if (!s) continue;
      if (a_.subtract(x, *s).top.empty()) return scaled_pi(k, 60);
      if (a_.add(x, *s).top.empty()) return scaled_pi(-k, 60);
    }
    return odd("arcsin", x);
  }
  Form arctangent(const Form& x) {
    for (const int64_t k : {0, 5, 10, 15, 20, 25}) {
      const Form t = a_.divide(*sine_table(k), *sine_table(30 - k));
      if (a_.subtract(x, t).top.empty()) return scaled_pi(k, 60);
      if (a_.add(x, t).top.empty()) return scaled_pi(-k, 60);
    }
    return odd("arctan", x);
  }
  Form odd(const std::string& f, const Form& x) {
    return negative_looking(x) ? a_.negate(atom(f, a_.negate(x))) : atom(f, x);
  }

  Form hyperbolic(std::string f, const Form& x) {
    if (f == "arsinh" || f == "arcosh" || f == "artanh") f = "arc" + f.substr(2);
    if (f == "sinh" || f == "tanh" || f == "arcsinh" || f == "arctanh") return x.top.empty() ? x : odd(f, x);
    if (f == "cosh" || f == "arccosh") return atom(f, x);
    throw Stop{Trouble::kUnsupported, "a function that is not known"};
  }

  Form log_of_number(const Exact& v) {
    if (v.sign() <= 0) throw Stop{Trouble::kUnsupported, "a logarithm of what is not positive"};
    Form out;
    for (const auto& [p, k] : factored(a_, v.numerator))
      out = a_.add(out, a_.multiply(a_.number(Exact(k)), atom("ln", a_.number(Exact(p)))));
    for (const auto& [p, k] : factored(a_, v.denominator))
      out = a_.subtract(out, a_.multiply(a_.number(Exact(k)), atom("ln", a_.number(Exact(p)))));
    return out;
  }
  /// ln of one positive term is a sum; of anything else an atom.
  Form logarithm(const Form& x) {
    if (x.top.empty()) throw Stop{Trouble::kUndefined, "the logarithm of zero"};
    if (!x.bottom.empty() || x.top.size() != 1 || x.top[0].coefficient.sign() < 0) {
      if (a_.sign(x).value_or(1) < 0) throw Stop{Trouble::kUnsupported, "a logarithm of what is not positive"};
      return atom("ln", x);
    }
    const Term t = x.top[0];
    Form out = log_of_number(t.coefficient);
    for (const Factor& f : t.factors) {
      const Atom a = a_.atom(f.atom);
      const Form exponent = a_.number(Exact(BigInt(f.top), BigInt(f.bottom), b_));
      if (a.kind == AtomKind::kE) {
        out = a_.add(out, exponent);
      } else if (a.kind == AtomKind::kPrime) {
        out = a_.add(out, a_.multiply(exponent, log_of_number(Exact(a.prime))));
      } else if (a.kind == AtomKind::kPower) {
        out = a_.add(out, a_.multiply(exponent, a_.multiply(a.arguments[1], logarithm(a.arguments[0]))));
      } else if (a.kind == AtomKind::kPi) {
        out = a_.add(out, a_.multiply(exponent, atom("ln", a_.constant(AtomKind::kPi))));
      } else if (t.factors.size() == 1 && f.top == 1 && f.bottom == 1) {
        out = a_.add(out, atom("ln", a_.atom_form(f.atom)));
      } else {
        return atom("ln", x);
      }
    }
    return out;
  }

  /// e^x; e^(i t pi) by cosine and sine.
  Form exponential(const Form& x) {
    if (!x.bottom.empty()) return exponential_of(a_, x);
    Form rest, circle;
    for (const Term& t : x.top) {
      const bool complex = std::any_of(t.factors.begin(), t.factors.end(),
                                       [&](const Factor& f) { return a_.atom(f.atom).kind == AtomKind::kImaginary; });
      (complex ? circle : rest).top.push_back(t);
    }
    if (circle.top.empty()) return exponential_of(a_, x);
    const Form angle = a_.divide(circle, a_.constant(AtomKind::kImaginary));
    const Form unit = a_.add(cosine(angle), a_.multiply(a_.constant(AtomKind::kImaginary), sine(angle)));
    return rest.top.empty() ? unit : a_.multiply(exponential_of(a_, rest), unit);
  }

  Form absolute(const Form& x) {
    if (const auto s = a_.sign(x)) return *s < 0 ? a_.negate(x) : x;
    if (!a_.has_variables(x) && x.bottom.empty()) {
      Form re, im;
      for (const Term& t : x.top) {
        const bool complex = std::any_of(t.factors.begin(), t.factors.end(),
                                         [&](const Factor& f) { return a_.atom(f.atom).kind == AtomKind::kImaginary; });
        (complex ? im : re).top.push_back(t);
      }
      if (!im.top.empty()) {
        im = a_.divide(im, a_.constant(AtomKind::kImaginary));
        return a_.root(a_.add(a_.multiply(re, re), a_.multiply(im, im)), 2);
      }
    }
    if (x.bottom.empty() && x.top.size() == 1) {
      Term t = x.top[0];
      const Form c = a_.number(t.coefficient.sign() < 0 ? t.coefficient.negated() : t.coefficient);
      t.coefficient = Exact(1);
      return a_.multiply(c, atom("abs", Form{{std::move(t)}, {}}));
    }
    return atom("abs", negative_looking(x) ? a_.negate(x) : x);
  }

  Form floor_of(const Form& x) {
    if (const auto r = a_.rational(x)) return a_.number(Exact(math::floor(*r, b_)));
    if (!a_.has_variables(x)) {
      const ComplexBounds b = a_.bounds(x, 0);
      const double lo = std::floor(b.re.lo), hi = std::floor(b.re.hi);
      if (b.is_real() && lo == hi && std::fabs(lo) < 1e15) return a_.number(Exact(static_cast<int64_t>(lo)));
    }
    return atom("floor", x);
  }

  int64_t small_whole(const Form& x, int64_t limit) {
    const auto r = a_.rational(x);
    if (!r || !r->is_integer() || r->sign() < 0) throw Stop{Trouble::kUnsupported, "a factorial of no whole number"};
    if (!r->numerator.is_small() || r->numerator.small() > limit)
      throw Stop{Trouble::kTooLarge, "a factorial too large"};
    return r->numerator.small();
  }
  /// Of a whole number; of anything else an atom (gamma(x + 1) for its bounds).
  Form factorial(const Form& x) {
    const auto r = a_.rational(x);
    if (!r || !r->is_integer()) return atom("factorial", x);
    const int64_t n = small_whole(x, 3000);
    BigInt out(1), group(1);
    for (int64_t i = 2; i <= n; ++i) {  // several factors at a time while they fit in 62 bits
      group = math::multiply(group, BigInt(i), b_);
      if (group.bits() > 50 || i == n) out = math::multiply(out, group, b_), group = BigInt(1);
    }
    return a_.number(Exact(out));
  }
  Form binomial(const Form& top, const Form& bottom) {
    if (!a_.rational(top) || !a_.rational(bottom)) {
      Atom a;
      a.kind = AtomKind::kFunction, a.name = "binom", a.arguments = {top, bottom};
      return a_.atom_form(a_.intern(std::move(a)));
    }
    const int64_t n = small_whole(top, 1'000'000), k = small_whole(bottom, 1'000'000);
    if (k > n) return {};
    if (std::min(k, n - k) > 1000) throw Stop{Trouble::kTooLarge, "a binomial too large"};
    Exact out(1);
    for (int64_t i = 1; i <= std::min(k, n - k); ++i) out = multiply(out, Exact(BigInt(n + 1 - i), BigInt(i), b_), b_);
    return a_.number(out);
  }

  Form many(const std::string& f, const std::vector<Form>& args) {
    Form out = args[0];
    for (size_t i = 1; i < args.size(); ++i) {
      if (f == "max" || f == "min") {
        const auto s = a_.sign(a_.subtract(args[i], out));
        if (!s) throw Stop{Trouble::kUnsupported, "a largest of what cannot be ordered"};
        if ((f == "max") == (*s > 0)) out = args[i];
        continue;
      }
      const auto x = a_.rational(out), y = a_.rational(args[i]);
      if (!x || !y) throw Stop{Trouble::kUnsupported, "a common divisor of no rational numbers"};
      const Exact g = common_divisor(*x, *y);
      out = a_.number(f == "gcd" ? g : g.is_zero() ? g : divide(multiply(*x, *y, b_), g, b_));
      if (f == "lcm") out = absolute(out);
    }
    return f == "gcd" || f == "lcm" ? absolute(out) : out;
  }
  /// Of a/b and c/d: gcd(ad, cb) / bd.
  Exact common_divisor(const Exact& x, const Exact& y) {
    const BigInt top = gcd(multiply(x.numerator, y.denominator, b_), multiply(y.numerator, x.denominator, b_), b_);
    return Exact(top, multiply(x.denominator, y.denominator, b_), b_);
  }

  Algebra& a_;
  Budget& b_;
};

Form Algebra::call(const std::string& name, const std::vector<Form>& arguments) {
  return Functions(*this).call(name, arguments);
}

}  // namespace r1::math
