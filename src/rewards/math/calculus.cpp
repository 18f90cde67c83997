// Paper: [R1 §2.2].
#include "rewards/math/calculus.h"

#include <algorithm>

namespace r1::math {

Calculus::Calculus(Algebra& a, const std::string& variable)
    : a_(a), x_(a.variable(variable)), atom_(x_.top[0].factors[0].atom) {}

bool Calculus::mentions(int atom) const {
  const Atom& a = a_.atom(atom);
  return atom == atom_ || std::any_of(a.arguments.begin(), a.arguments.end(),
                                      [&](const Form& f) { return mentions(f.top) || mentions(f.bottom); });
}

bool Calculus::mentions(const Polynomial& p) const {
  return std::any_of(p.begin(), p.end(), [&](const Term& t) {
    return std::any_of(t.factors.begin(), t.factors.end(), [&](const Factor& f) { return mentions(f.atom); });
  });
}

Form Calculus::derivative_of_atom(int i) {
  const Atom a = a_.atom(i);
  if (i == atom_) return a_.number(Exact(1));
  const Form& inner = a.arguments[0];
  if (a.kind == AtomKind::kFunction && a.name == "sin") return a_.multiply(a_.call("cos", {inner}), derivative(inner));
  if (a.kind == AtomKind::kFunction && a.name == "cos")
    return a_.negate(a_.multiply(a_.call("sin", {inner}), derivative(inner)));
  if (a.kind == AtomKind::kFunction && a.name == "ln") return a_.divide(derivative(inner), inner);
  if (a.kind == AtomKind::kRoot) {
    const Form power = a_.power(a_.root(inner, a.period), int64_t{a.period} - 1);
    return a_.divide(derivative(inner), a_.multiply(a_.number(Exact(a.period)), power));
  }
  if (a.kind == AtomKind::kPower && !mentions(inner.top)) {
    const Form slope = a_.multiply(derivative(a.arguments[1]), a_.call("ln", {inner}));
    return a_.multiply(slope, a_.power(inner, a.arguments[1]));
  }
  throw Stop{Trouble::kUnsupported, "a derivative without a rule"};
}

Form Calculus::derivative(const Polynomial& p) {
  Form sum;
  for (const Term& t : p)
    for (size_t i = 0; i < t.factors.size(); ++i) {
      const Factor f = t.factors[i];
      if (!mentions(f.atom)) continue;
      Term rest = t;
      rest.factors.erase(rest.factors.begin() + static_cast<ptrdiff_t>(i));
      const Exact exponent(BigInt(f.top), BigInt(f.bottom), a_.budget());
      const Form base = substituted_atom(f.atom, x_);
      const Form power = a_.power(base, a_.number(subtract(exponent, Exact(1), a_.budget())));
      const Form factor = a_.multiply(a_.number(exponent), a_.multiply(power, derivative_of_atom(f.atom)));
      sum = a_.add(sum, a_.multiply(Form{{std::move(rest)}, {}}, factor));
    }
  return sum;
}

Form Calculus::derivative(const Form& f) {
  if (f.bottom.empty()) return derivative(f.top);
  const Form top{f.top, {}}, bottom{f.bottom, {}};
  const Form above = a_.subtract(a_.multiply(derivative(f.top), bottom), a_.multiply(top, derivative(f.bottom)));
  return a_.divide(above, a_.multiply(bottom, bottom));
}

Form Calculus::antiderivative(const Form& f) {
  if (mentions(f.bottom)) throw Stop{Trouble::kUnsupported, "an integral without a rule"};
  Form sum;
  for (const Term& t : f.top) {
    Term rest{{}, t.coefficient};
    Exact exponent(0);
    for (const Factor& x : t.factors) {
      if (x.atom != atom_ && mentions(x.atom)) throw Stop{Trouble::kUnsupported, "an integral without a rule"};
      if (x.atom == atom_) {
        exponent = Exact(BigInt(x.top), BigInt(x.bottom), a_.budget());
      } else {
        rest.factors.push_back(x);
      }
    }
    const Exact next = add(exponent, Exact(1), a_.budget());
    const Form power = next.is_zero() ? a_.call("ln", {x_}) : a_.divide(a_.power(x_, a_.number(next)), a_.number(next));
    sum = a_.add(sum, a_.multiply(Form{{std::move(rest)}, {}}, power));
  }
  return f.bottom.empty() ? sum : a_.divide(sum, Form{f.bottom, {}});
}

Form Calculus::substituted_atom(int i, const Form& value) {
  const Atom a = a_.atom(i);
  if (i == atom_) return value;
  if (!mentions(i)) return Form{{Term{{Factor{i}}, Exact(1)}}, {}};
  std::vector<Form> arguments;
  for (const Form& f : a.arguments) arguments.push_back(substituted(f, value));
  if (a.kind == AtomKind::kRoot) return a_.root(arguments[0], a.period);
  if (a.kind == AtomKind::kPower) return a_.power(arguments[0], arguments[1]);
  return a_.call(a.name, arguments);
}

Form Calculus::substituted(const Polynomial& p, const Form& value) {
  Form sum;
  for (const Term& t : p) {
    Form product = a_.number(t.coefficient);
    for (const Factor& f : t.factors) {
      const Exact exponent(BigInt(f.top), BigInt(f.bottom), a_.budget());
      product = a_.multiply(product, a_.power(substituted_atom(f.atom, value), a_.number(exponent)));
    }
    sum = a_.add(sum, product);
  }
  return sum;
}

Form Calculus::substituted(const Form& f, const Form& value) {
  const Form top = substituted(f.top, value);
  return f.bottom.empty() ? top : a_.divide(top, substituted(f.bottom, value));
}

}  // namespace r1::math
