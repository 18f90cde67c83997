// Derivatives and integrals of normal forms, as far as answers and tables of formulas need them. Paper: [R1 §2.2].
#pragma once
#include <string>

#include "rewards/math/algebra.h"

namespace r1::math {

class Calculus {
 public:
  Calculus(Algebra& a, const std::string& variable);

  /// d/dx. Stop kUnsupported for functions without a rule here.
  Form derivative(const Form& f);
  /// An antiderivative of powers of x with coefficients free of x; x^-1 gives ln x.
  Form antiderivative(const Form& f);
  /// f with x replaced.
  Form substituted(const Form& f, const Form& value);

 private:
  Form derivative(const Polynomial& p);
  Form derivative_of_atom(int atom);
  Form substituted(const Polynomial& p, const Form& value);
  Form substituted_atom(int atom, const Form& value);
  bool mentions(const Polynomial& p) const;
  bool mentions(int atom) const;

  Algebra& a_;
  Form x_;
  int atom_;
};

}  // namespace r1::math
