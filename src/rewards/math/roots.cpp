// Roots and powers: numbers under roots are factored into primes, so that sqrt 8 and 2 sqrt 2 are one form; exponents
// with variables become products of powers of primes. Paper: [R1 §2.2].
#include <algorithm>
#include <utility>

#include "rewards/math/algebra.h"

namespace r1::math {

/// The parts of Algebra::root and Algebra::power that need helpers.
class Roots {
 public:
  explicit Roots(Algebra& a) : a_(a), b_(a.budget_) {}

  /// v^(top/bottom) for v > 0, as prime powers times a rational.
  Form prime_powers(const Exact& v, int64_t top, int64_t bottom) {
    Term t{{}, Exact(1)};
    std::vector<std::pair<int, int64_t>> factors;  // atom, exponent
    for (const auto& [p, k] : factored(v.numerator)) factors.push_back({prime_atom(p), k});
    for (const auto& [p, k] : factored(v.denominator)) factors.push_back({prime_atom(p), -k});
    std::sort(factors.begin(), factors.end());
    std::vector<Algebra::Carry> carries;
    for (const auto& [atom, k] : factors) a_.push_factor(t, atom, k * top, bottom, carries);
    return Form{{std::move(t)}, {}};
  }

  Form root_of_number(const Exact& v, int n) {
    if (v.is_zero()) return {};
    if (v.sign() > 0) return prime_powers(v, 1, n);
    if (n == 2) return a_.multiply(a_.constant(AtomKind::kImaginary), prime_powers(v.negated(), 1, 2));
    if (n % 2 == 0) throw Stop{Trouble::kUnsupported, "an even root of a negative number"};
    return a_.negate(prime_powers(v.negated(), 1, n));
  }

  /// A root with no simpler form.
  Form opaque(const Form& radicand, int n) {
    Atom a;
    a.kind = AtomKind::kRoot, a.period = n, a.arguments = {radicand}, a.carry = radicand;
    return a_.atom_form(a_.intern(std::move(a)));
  }

  /// One term: what is positive for sure comes out of the root.
  Form root_of_term(const Term& t, int n) {
    Form out = root_of_number(
        t.coefficient.sign() < 0 && n % 2 == 0 && !t.factors.empty() ? t.coefficient.negated() : t.coefficient, n);
    Term rest{{}, Exact(1)};
    if (t.coefficient.sign() < 0 && n % 2 == 0 && !t.factors.empty()) rest.coefficient = Exact(-1);
    for (const Factor& f : t.factors) {
      const AtomKind k = a_.atom(f.atom).kind;
      const bool positive = k == AtomKind::kPrime || k == AtomKind::kPi || k == AtomKind::kE || k == AtomKind::kPower;
      const bool whole = f.bottom == 1 && f.top % n == 0 && (n % 2 == 1 || f.top / n % 2 == 0);
      if ((positive || whole) && k != AtomKind::kImaginary) {
        std::vector<Algebra::Carry> carries;
        Term one{{}, Exact(1)};
        a_.push_factor(one, f.atom, f.top, int64_t{f.bottom} * n, carries);
        out = a_.multiply(out, a_.carried(Form{{std::move(one)}, {}}, carries));
      } else {
        rest.factors.push_back(f);
      }
    }
    if (rest.factors.empty() && rest.coefficient.is_one()) return out;
    if (rest.factors.empty()) return a_.multiply(out, root_of_number(rest.coefficient, n));
    if (n == 2 && rest.coefficient.is_one() && rest.factors.size() == 1 && rest.factors[0].bottom == 1 &&
        rest.factors[0].top % 2 == 0 && a_.atom(rest.factors[0].atom).kind == AtomKind::kVariable) {
      rest.factors[0].top /= 2;  // sqrt(x^2) = |x|
      return a_.multiply(out, a_.call("abs", {Form{{std::move(rest)}, {}}}));
    }
    return a_.multiply(out, opaque(Form{{std::move(rest)}, {}}, n));
  }

  /// sqrt(a + b) with b^2 rational and a^2 - b^2 a square: sqrt((a+s)/2) +- sqrt((a-s)/2).
  std::optional<Form> denested(const Polynomial& p) {
    if (p.size() != 2) return std::nullopt;
    const Term& first = p[0].factors.empty() ? p[0] : p[1];
    const Term& second = p[0].factors.empty() ? p[1] : p[0];
    if (!first.factors.empty() || first.coefficient.sign() < 0) return std::nullopt;
    const auto square = a_.rational(a_.power(Form{{second}, {}}, 2));
    const auto sign = a_.sign(Form{{second}, {}});
    if (!square || !sign) return std::nullopt;
    const Exact& a = first.coefficient;
    const Exact d = math::subtract(math::multiply(a, a, b_), *square, b_);
    if (d.sign() <= 0) return std::nullopt;
    const auto s = a_.rational(prime_powers(d, 1, 2));
    if (!s) return std::nullopt;
    const Exact half(BigInt(1), BigInt(2), b_);
    const Form x = prime_powers(math::multiply(math::add(a, *s, b_), half, b_), 1, 2);
    const Form y = prime_powers(math::multiply(math::subtract(a, *s, b_), half, b_), 1, 2);
    return *sign > 0 ? a_.add(x, y) : a_.subtract(x, y);
  }

  /// A sum: the common rational factor comes out, a negative number leaves its sign.
  Form root_of_sum(const Form& f, int n) {
    const auto sign = a_.sign(f);
    if (sign && *sign < 0) {
      if (n % 2 == 1) return a_.negate(a_.root(a_.negate(f), n));
      if (n != 2) throw Stop{Trouble::kUnsupported, "an even root of a negative number"};
      return a_.multiply(a_.constant(AtomKind::kImaginary), a_.root(a_.negate(f), n));
    }
    if (n == 2 && f.bottom.empty())
      if (auto d = denested(f.top)) return *d;
    BigInt top(0), bottom(1);
    for (const Term& t : f.top) {
      top = gcd(top, t.coefficient.numerator, b_);
      const BigInt g = gcd(bottom, t.coefficient.denominator, b_);
      BigInt rest;
      bottom = math::multiply(bottom, divide_floor(t.coefficient.denominator, g, rest, b_), b_);
    }
    const Exact content(top, bottom, b_);
    Form primitive = f;
    for (Term& t : primitive.top) t.coefficient = math::divide(t.coefficient, content, b_);
    return a_.multiply(prime_powers(content, 1, n), opaque(primitive, n));
  }

  /// base^exponent where the exponent is no rational number and base > 0 is rational or e.
  Form exponential(const Form& base, const Form& exponent) {
    if (!exponent.bottom.empty()) return power_atom(base, exponent, 1, 1);
    const bool natural = !a_.rational(base);
    Form out = a_.number(Exact(1));
    for (const Term& t : exponent.top) {
      const Exact& c = t.coefficient;
      if (!c.numerator.is_small() || !c.denominator.is_small() || c.numerator.bits() > 30 || c.denominator.bits() > 30)
        throw Stop{Trouble::kTooLarge, "an exponent too large"};
      if (t.factors.empty()) {
        out = a_.multiply(out, a_.power(base, a_.number(c)));
      } else if (natural && is_logarithm(t)) {
        out = a_.multiply(out, a_.power(Form(a_.atom(t.factors[0].atom).arguments[0]), a_.number(c)));
      } else {
        const Form one{{Term{t.factors, Exact(1)}}, {}};
        out = a_.multiply(out, power_atom(base, one, c.numerator.small(), c.denominator.small()));
      }
    }
    return out;
  }

  /// c ln(a), so that e^t is a^c.
  bool is_logarithm(const Term& t) const {
    if (t.factors.size() != 1 || t.factors[0].top != 1 || t.factors[0].bottom != 1) return false;
    const Atom& a = a_.atom(t.factors[0].atom);
    return a.kind == AtomKind::kFunction && a.name == "ln";
  }

  Form power_atom(const Form& base, const Form& exponent, int64_t top, int64_t bottom) {
    Atom a;
    a.kind = AtomKind::kPower, a.arguments = {base, exponent};
    Term t{{}, Exact(1)};
    std::vector<Algebra::Carry> carries;
    a_.push_factor(t, a_.intern(std::move(a)), top, bottom, carries);
    return Form{{std::move(t)}, {}};
  }

  /// Prime factors of a rational base, each with the exponent.
  Form rational_base(const Exact& v, const Form& exponent) {
    Form out = a_.number(Exact(1));
    for (const auto& [p, k] : factored(v.numerator))
      out = a_.multiply(out, exponential(a_.number(Exact(p)), a_.multiply(exponent, a_.number(Exact(k)))));
    for (const auto& [p, k] : factored(v.denominator))
      out = a_.multiply(out, exponential(a_.number(Exact(p)), a_.multiply(exponent, a_.number(Exact(-k)))));
    return out;
  }

  std::vector<std::pair<BigInt, int64_t>> factored(BigInt v) {
    std::vector<std::pair<BigInt, int64_t>> out;
    unproven_ = false;
    for (int64_t p = 2; !v.is_one(); p += p == 2 ? 1 : 2) {
      if (v.is_small() && p * p > v.small()) {
        out.push_back({v, 1});
        return out;
      }
      if (p > (v.is_small() ? 20000 : 1000)) break;
      b_.spend(v.is_small() ? 4 : 40);
      int64_t k = 0;
      BigInt rest, q;
      while (q = divide_floor(v, BigInt(p), rest, b_), rest.is_zero()) v = q, ++k;
      if (k) out.push_back({BigInt(p), k});
    }
    if (!v.is_one()) push_unproven(v, out);
    return out;
  }

 private:
  /// A cofactor without small primes: a perfect power at least is seen.
  void push_unproven(const BigInt& v, std::vector<std::pair<BigInt, int64_t>>& out) {
    for (const unsigned n : {5u, 3u, 2u}) {
      const BigInt r = root_floor(v, n, b_);
      if (!(math::power(r, n, b_) == v)) continue;
      for (auto [p, k] : factored(r)) out.push_back({p, k * n});
      return;
    }
    out.push_back({v, 1});
    unproven_ = true;
  }

  int prime_atom(const BigInt& p) {
    Atom a;
    a.kind = AtomKind::kPrime, a.prime = p;
    a.proven = p.is_small() && p.small() < int64_t{20000} * 20000;
    return a_.intern(std::move(a));
  }

  Algebra& a_;
  Budget& b_;
  bool unproven_ = false;
};

Form Algebra::root(const Form& a, int n) {
  if (n == 1 || a.top.empty()) return a;
  if (n < 1 || n > 1000) throw Stop{Trouble::kUnsupported, "a root whose index is not 2 to 1000"};
  Roots r(*this);
  if (const auto v = rational(a)) return r.root_of_number(*v, n);
  if (a.bottom.empty() && a.top.size() == 1) return r.root_of_term(a.top[0], n);
  return r.root_of_sum(a, n);
}

Form Algebra::power(const Form& a, const Form& exponent) {
  const auto e = rational(exponent), base = rational(a);
  if (e && e->is_integer()) {
    if (base && (base->is_one() || (base->is_zero() && e->sign() > 0))) return a;
    if (!e->numerator.is_small()) throw Stop{Trouble::kTooLarge, "an exponent too large"};
    return power(a, e->numerator.small());
  }
  if (e) {
    if (!e->denominator.is_small() || e->denominator.small() > 1000 || e->numerator.bits() > 40)
      throw Stop{Trouble::kTooLarge, "an exponent too large"};
    const int n = static_cast<int>(e->denominator.small());
    if (n != 2 && sign(a).value_or(1) < 0) throw Stop{Trouble::kUnsupported, "a negative number to a fraction"};
    if (base && base->sign() > 0 && e->numerator.bits() < 40)
      return Roots(*this).prime_powers(*base, e->numerator.small(), n);
    return power(root(a, n), e->numerator.small());
  }
  if (base) {
    if (base->sign() <= 0) throw Stop{Trouble::kUnsupported, "a power of what is not positive"};
    return Roots(*this).rational_base(*base, exponent);
  }
  const bool is_e = a.bottom.empty() && a.top.size() == 1 && a.top[0].coefficient.is_one() &&
                    a.top[0].factors.size() == 1 && atom(a.top[0].factors[0].atom).kind == AtomKind::kE &&
                    a.top[0].factors[0].top == 1 && a.top[0].factors[0].bottom == 1;
  return is_e ? call("exp", {exponent}) : Roots(*this).power_atom(a, exponent, 1, 1);
}

Form exponential_of(Algebra& a, const Form& exponent) {
  return Roots(a).exponential(a.constant(AtomKind::kE), exponent);
}

std::vector<std::pair<BigInt, int64_t>> factored(Algebra& a, const BigInt& v) { return Roots(a).factored(v); }

}  // namespace r1::math
