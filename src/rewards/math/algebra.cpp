// Paper: [R1 §2.2].
#include "rewards/math/algebra.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace r1::math {
namespace {

bool monomial_less(const Monomial& a, const Monomial& b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](const Factor& x, const Factor& y) {
    if (x.atom != y.atom) return x.atom < y.atom;
    return int64_t{x.top} * y.bottom < int64_t{y.top} * x.bottom;
  });
}

int32_t narrow(int64_t v) {
  if (v > std::numeric_limits<int32_t>::max() || v < -std::numeric_limits<int32_t>::max())
    throw Stop{Trouble::kTooLarge, "an exponent too large"};
  return static_cast<int32_t>(v);
}

int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

}  // namespace

Form Algebra::number(const Exact& v) const {
  Form f;
  if (!v.is_zero()) f.top.push_back({{}, v});
  return f;
}

Form Algebra::atom_form(int atom, int32_t top, int32_t bottom) const {
  Form f;
  f.top.push_back({{{atom, top, bottom}}, Exact(1)});
  return f;
}

Form Algebra::variable(const std::string& name) {
  Atom a;
  a.name = name;
  return atom_form(intern(std::move(a)));
}

Form Algebra::constant(AtomKind kind) {
  Atom a;
  a.kind = kind;
  return atom_form(intern(std::move(a)));
}

/// The number of an equal atom, or of a new one.
int Algebra::intern(Atom a) {
  for (size_t i = 0; i < atoms_.size(); ++i) {
    const Atom& old = atoms_[i];
    budget_.spend(10);
    if (old.kind != a.kind || old.name != a.name || !(old.prime == a.prime) || old.period != a.period) continue;
    if (old.arguments.size() != a.arguments.size()) continue;
    bool same = true;
    for (size_t k = 0; k < a.arguments.size() && same; ++k)
      same = subtract(atoms_[i].arguments[k], a.arguments[k]).top.empty();
    if (same) return static_cast<int>(i);
  }
  if (atoms_.size() >= 64) throw Stop{Trouble::kTooLarge, "too many variables and functions"};
  atoms_.push_back(std::move(a));
  return static_cast<int>(atoms_.size()) - 1;
}

void Algebra::collect(Polynomial& p) {
  std::sort(p.begin(), p.end(), [](const Term& a, const Term& b) { return monomial_less(a.factors, b.factors); });
  size_t out = 0;
  for (size_t i = 0; i < p.size();) {
    Term t = std::move(p[i++]);
    while (i < p.size() && p[i].factors == t.factors)
      t.coefficient = math::add(t.coefficient, p[i++].coefficient, budget_);
    if (!t.coefficient.is_zero()) p[out++] = std::move(t);
  }
  p.resize(out);
  if (out > kMaxTerms) throw Stop{Trouble::kTooLarge, "too many terms"};
}

Form Algebra::add(const Form& a, const Form& b) {
  if (a.top.empty()) return b;
  if (b.top.empty()) return a;
  const auto same = [](const Polynomial& x, const Polynomial& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](const Term& s, const Term& t) {
      return s.factors == t.factors && s.coefficient == t.coefficient;
    });
  };
  if (same(a.bottom, b.bottom)) {
    Polynomial top = a.top;
    budget_.spend(100 * static_cast<int64_t>(a.top.size() + b.top.size()));
    top.insert(top.end(), b.top.begin(), b.top.end());
    collect(top);
    return a.bottom.empty() ? Form{std::move(top), {}} : quotient(std::move(top), a.bottom);
  }
  const Form bottom_a{a.bottom.empty() ? number(Exact(1)).top : a.bottom, {}};
  const Form bottom_b{b.bottom.empty() ? number(Exact(1)).top : b.bottom, {}};
  return divide(add(multiply(Form{a.top, {}}, bottom_b), multiply(Form{b.top, {}}, bottom_a)),
                multiply(bottom_a, bottom_b));
}

Form Algebra::negate(const Form& a) const {
  Form out = a;
  for (Term& t : out.top) t.coefficient = t.coefficient.negated();
  return out;
}

/// Multiplies t by atom^(top/bottom), whole powers of primes, i and roots taken out of the factor.
void Algebra::push_factor(Term& t, int index, int64_t top, int64_t bottom, std::vector<Carry>& carries) {
  const int64_t g = std::gcd(top, bottom);
  if (top == 0) return;
  top /= g, bottom /= g;
  const Atom& a = atom(index);
  if (a.kind == AtomKind::kPrime) {
    const int64_t whole = floor_divide(top, bottom);
    if (whole) t.coefficient = math::multiply(t.coefficient, math::power(Exact(a.prime), whole, budget_), budget_);
    top -= whole * bottom;
  } else if (a.kind == AtomKind::kImaginary) {
    if (bottom != 1) throw Stop{Trouble::kUnsupported, "a root of i"};
    top -= floor_divide(top, 4) * 4;
    if (top >= 2) t.coefficient = t.coefficient.negated(), top -= 2;
  } else if (a.period && bottom == 1) {
    const int64_t times = floor_divide(top, a.period);
    if (times) carries.push_back({index, times});
    top -= times * a.period;
  }
  if (top) t.factors.push_back({index, narrow(top), narrow(bottom)});
}

Term Algebra::product(const Term& a, const Term& b, std::vector<Carry>& carries) {
  budget_.spend(300);
  Term t;
  t.coefficient = math::multiply(a.coefficient, b.coefficient, budget_);
  t.factors.reserve(a.factors.size() + b.factors.size());
  size_t i = 0, k = 0;
  while (i < a.factors.size() || k < b.factors.size()) {
    if (k == b.factors.size() || (i < a.factors.size() && a.factors[i].atom < b.factors[k].atom)) {
      t.factors.push_back(a.factors[i++]);
    } else if (i == a.factors.size() || b.factors[k].atom < a.factors[i].atom) {
      t.factors.push_back(b.factors[k++]);
    } else {
      const Factor &x = a.factors[i++], &y = b.factors[k++];
      push_factor(t, x.atom, int64_t{x.top} * y.bottom + int64_t{y.top} * x.bottom, int64_t{x.bottom} * y.bottom,
                  carries);
    }
  }
  return t;
}

Form Algebra::carried(Form f, const std::vector<Carry>& carries) {
  for (const Carry& c : carries) f = multiply(f, power(Form(atom(c.atom).carry), c.times));
  return f;
}

Form Algebra::product(const Polynomial& a, const Polynomial& b) {
  Form sum;
  std::vector<Form> extra;
  std::vector<Carry> carries;
  for (const Term& x : a)
    for (const Term& y : b) {
      Term t = product(x, y, carries);
      if (carries.empty()) {
        sum.top.push_back(std::move(t));
        if (sum.top.size() > 8 * kMaxTerms) collect(sum.top);
        continue;
      }
      extra.push_back(carried(Form{{std::move(t)}, {}}, std::exchange(carries, {})));
    }
  collect(sum.top);
  for (const Form& f : extra) sum = add(sum, f);
  return sum;
}

Form Algebra::multiply(const Form& a, const Form& b) {
  if (a.bottom.empty() && b.bottom.empty()) return product(a.top, b.top);
  const Form top = product(a.top, b.top);
  const Form bottom = a.bottom.empty()   ? Form{b.bottom, {}}
                      : b.bottom.empty() ? Form{a.bottom, {}}
                                         : product(a.bottom, b.bottom);
  return divide(top, bottom);
}

/// t^(top/bottom) for a term that is a positive number or has whole exponents afterwards.
Form Algebra::raised(const Term& t, int64_t top, int64_t bottom) {
  Term out;
  std::vector<Carry> carries;
  out.coefficient = bottom == 1 ? math::power(t.coefficient, top, budget_) : Exact(1);
  for (const Factor& f : t.factors) {
    if (top > std::numeric_limits<int32_t>::max() || top < -std::numeric_limits<int32_t>::max())
      throw Stop{Trouble::kTooLarge, "an exponent too large"};
    push_factor(out, f.atom, f.top * top, f.bottom * bottom, carries);
  }
  return carried(Form{{std::move(out)}, {}}, carries);
}

Form Algebra::inverted(const Term& t) { return raised(t, -1, 1); }

/// top / bottom where the bottom is not zero and has two terms or more; cancels if one is a multiple of the other.
Form Algebra::quotient(Polynomial top, Polynomial bottom) {
  if (top.empty()) return {};
  if (top.size() == bottom.size()) {
    const Exact c = math::divide(top[0].coefficient, bottom[0].coefficient, budget_);
    bool multiple = true;
    for (size_t i = 0; i < top.size() && multiple; ++i)
      multiple = top[i].factors == bottom[i].factors &&
                 top[i].coefficient == math::multiply(c, bottom[i].coefficient, budget_);
    if (multiple) return number(c);
  }
  return Form{std::move(top), std::move(bottom)};
}

Form Algebra::divide(const Form& a, const Form& b) {
  switch (is_zero(b)) {
    case Truth::kYes:
      throw Stop{Trouble::kUndefined, "division by zero"};
    case Truth::kUnknown:
      throw Stop{Trouble::kUnsupported, "division by what may be zero"};
    case Truth::kNo:
      break;
  }
  if (!b.bottom.empty()) return divide(multiply(a, Form{b.bottom, {}}), Form{b.top, {}});
  if (b.top.size() == 1) return multiply(a, inverted(b.top[0]));
  if (a.bottom.empty()) return quotient(a.top, b.top);
  const Form bottom = product(a.bottom, b.top);
  if (!bottom.bottom.empty() || bottom.top.size() < 2) return divide(Form{a.top, {}}, bottom);
  return quotient(a.top, bottom.top);
}

Form Algebra::power(const Form& a, int64_t n) {
  if (n == 0) {
    if (is_zero(a) != Truth::kNo) throw Stop{Trouble::kUndefined, "zero to the power zero"};
    return number(Exact(1));
  }
  if (a.top.empty() && n > 0) return {};
  if (a.bottom.empty() && a.top.size() == 1 && (n > 0 || is_zero(a) == Truth::kNo)) return raised(a.top[0], n, 1);
  if (n > 4096 || n < -4096) throw Stop{Trouble::kTooLarge, "a power of a sum too large"};
  if (n < 0) return divide(number(Exact(1)), power(a, -n));
  Form out = number(Exact(1)), base = a;
  for (;; n /= 2) {
    if (n % 2) out = multiply(out, base);
    if (n <= 1) return out;
    base = multiply(base, base);
  }
}

std::optional<Exact> Algebra::rational(const Form& a) const {
  if (a.top.empty()) return Exact(0);
  if (!a.bottom.empty() || a.top.size() > 1 || !a.top[0].factors.empty()) return std::nullopt;
  return a.top[0].coefficient;
}

void Algebra::note_atoms(const Polynomial& p, bool& pi, bool& e, bool& opaque) const {
  for (const Term& t : p)
    for (const Factor& f : t.factors) {
      const Atom& a = atom(f.atom);
      pi = pi || a.kind == AtomKind::kPi;
      e = e || a.kind == AtomKind::kE;
      opaque = opaque || a.kind == AtomKind::kRoot || a.kind == AtomKind::kPower || a.kind == AtomKind::kFunction ||
               !a.proven;
    }
}

/// Nothing but variables, proven primes under roots, i, and one of pi and e: no sum of such terms is zero.
bool Algebra::independent(const Polynomial& p) const {
  bool pi = false, e = false, opaque = false;
  note_atoms(p, pi, e, opaque);
  return !opaque && !(pi && e);
}

Truth Algebra::is_zero(const Form& a) {
  if (a.top.empty()) return Truth::kYes;
  if (independent(a.top)) return Truth::kNo;
  for (int point = 0; point < (has_variables(a) ? 4 : 1); ++point) {
    budget_.spend(200);
    if (bounds(a.top, point).excludes_zero()) return Truth::kNo;
  }
  return Truth::kUnknown;
}

bool Algebra::has_variables(const Polynomial& p) const {
  return std::any_of(p.begin(), p.end(), [&](const Term& t) {
    return std::any_of(t.factors.begin(), t.factors.end(), [&](const Factor& f) {
      const Atom& a = atom(f.atom);
      return a.kind == AtomKind::kVariable ||
             std::any_of(a.arguments.begin(), a.arguments.end(), [&](const Form& x) { return has_variables(x); });
    });
  });
}

bool Algebra::has_variables(const Form& a) const { return has_variables(a.top) || has_variables(a.bottom); }

std::optional<int> Algebra::sign(const Form& a) {
  if (const auto r = rational(a)) return r->sign();
  if (has_variables(a)) return std::nullopt;
  const ComplexBounds b = bounds(a, 0);
  if (!b.is_real()) return std::nullopt;
  if (b.re.lo > 0) return 1;
  if (b.re.hi < 0) return -1;
  return std::nullopt;
}

std::string Algebra::atom_text(int i) {
  const Atom a = atom(i);
  const auto list = [&] {
    std::string out;
    for (const Form& f : a.arguments) out += (out.empty() ? "" : ", ") + text(f);
    return out;
  };
  switch (a.kind) {
    case AtomKind::kPrime:
      return a.prime.text(budget_);
    case AtomKind::kPi:
      return "pi";
    case AtomKind::kE:
      return "e";
    case AtomKind::kImaginary:
      return "i";
    case AtomKind::kRoot:
      return "root" + std::to_string(a.period) + "(" + list() + ")";
    case AtomKind::kPower:
      return "(" + text(a.arguments[0]) + ")^(" + text(a.arguments[1]) + ")";
    case AtomKind::kFunction:
      return a.name + "(" + list() + ")";
    case AtomKind::kVariable:
      break;
  }
  return a.name;
}

std::string Algebra::text(const Polynomial& p) {
  std::vector<std::string> terms;
  for (const Term& t : p) {
    std::string s;
    for (const Factor& f : t.factors) {
      s += (s.empty() ? "" : "*") + atom_text(f.atom);
      if (f.bottom != 1) {
        s += "^(" + std::to_string(f.top) + "/" + std::to_string(f.bottom) + ")";
      } else if (f.top != 1) {
        s += "^" + std::to_string(f.top);
      }
    }
    const std::string c = t.coefficient.text(budget_);
    terms.push_back(s.empty() ? c : c == "1" ? s : c == "-1" ? "-" + s : c + "*" + s);
    budget_.spend(static_cast<int64_t>(terms.back().size()));
  }
  std::sort(terms.begin(), terms.end());
  std::string out;
  for (const std::string& s : terms) out += (out.empty() ? "" : " + ") + s;
  return out.empty() ? "0" : out;
}

std::string Algebra::text(const Form& a) {
  return a.bottom.empty() ? text(a.top) : "(" + text(a.top) + ")/(" + text(a.bottom) + ")";
}

}  // namespace r1::math
