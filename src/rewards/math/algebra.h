// Exact algebra in a normal form: quotients of polynomials with rational coefficients in "atoms". Atoms are variables,
// pi, e, i, primes under roots (sqrt 12 is 2 * 3^(1/2)), and whole expressions that have no simpler form (ln 2, sin x).
// Equal normal forms are equal numbers or functions. Unequal ones are different only if the atoms are known to be
// independent, or if rigorous bounds at some point are apart; else nobody knows. Functions are compared where both are
// defined: (x^2-1)/(x-1) is x+1. Variables are real. Paper: [R1 §2.2].
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "rewards/math/bounds.h"
#include "rewards/math/exact.h"

namespace r1::math {

struct Factor {
  int atom = 0;
  int32_t top = 1, bottom = 1;  ///< exponent, in lowest terms, never 0
  bool operator==(const Factor&) const = default;
};
using Monomial = std::vector<Factor>;  ///< atoms ascending
struct Term {
  Monomial factors;
  Exact coefficient;
};
using Polynomial = std::vector<Term>;  ///< monomials ascending, no zero coefficient

/// top / bottom; an empty bottom is 1. A bottom of one term is never kept: it is inverted into the top.
struct Form {
  Polynomial top, bottom;
};

enum class AtomKind : uint8_t { kPrime, kVariable, kPi, kE, kImaginary, kRoot, kPower, kFunction };

struct Atom {
  AtomKind kind = AtomKind::kVariable;
  std::string name;             ///< variable or function
  BigInt prime;                 ///< kPrime
  bool proven = true;           ///< kPrime: known to be prime
  std::vector<Form> arguments;  ///< kRoot: radicand; kPower: base, exponent; kFunction: its arguments
  int period = 0;               ///< atom^period == carry, if not 0 (roots; cos^2 = 1 - sin^2)
  Form carry;
};

enum class Truth : uint8_t { kYes, kNo, kUnknown };

class Algebra {
 public:
  explicit Algebra(Budget& budget) : budget_(budget) {}
  Budget& budget() { return budget_; }

  Form number(const Exact& v) const;
  Form variable(const std::string& name);
  Form constant(AtomKind kind);  ///< pi, e, i

  Form add(const Form& a, const Form& b);
  Form negate(const Form& a) const;
  Form subtract(const Form& a, const Form& b) { return add(a, negate(b)); }
  Form multiply(const Form& a, const Form& b);
  /// Throws Stop kUndefined for zero, kUnsupported if `b` might be zero.
  Form divide(const Form& a, const Form& b);
  Form power(const Form& a, int64_t n);
  Form power(const Form& a, const Form& exponent);
  /// Real root for odd n; i times a root for the square root of a negative number.
  Form root(const Form& a, int n);
  /// Functions by name: sin, ln, abs, floor, max...
  Form call(const std::string& name, const std::vector<Form>& arguments);

  std::optional<Exact> rational(const Form& a) const;
  Truth is_zero(const Form& a);
  /// Sign of a real constant by exact value or bounds; nothing if undecided.
  std::optional<int> sign(const Form& a);
  bool has_variables(const Form& a) const;
  std::string text(const Form& a);
  const Atom& atom(int i) const { return atoms_[static_cast<size_t>(i)]; }
  /// Bounds of the value with the variables set for sample point `point`.
  ComplexBounds bounds(const Form& a, int point);
  std::string atom_text(int i);

 private:
  friend class Roots;
  friend class Functions;
  struct Carry {
    int atom;
    int64_t times;
  };
  int intern(Atom a);
  Form atom_form(int atom, int32_t top = 1, int32_t bottom = 1) const;
  Term product(const Term& a, const Term& b, std::vector<Carry>& carries);
  void push_factor(Term& t, int atom, int64_t top, int64_t bottom, std::vector<Carry>& carries);
  Form carried(Form f, const std::vector<Carry>& carries);
  Form product(const Polynomial& a, const Polynomial& b);
  Form inverted(const Term& t);
  Form raised(const Term& t, int64_t top, int64_t bottom);
  Form quotient(Polynomial top, Polynomial bottom);
  void collect(Polynomial& p);
  bool independent(const Polynomial& p) const;
  void note_atoms(const Polynomial& p, bool& pi, bool& e, bool& opaque) const;
  bool has_variables(const Polynomial& p) const;
  ComplexBounds bounds(const Polynomial& p, int point);
  ComplexBounds atom_bounds(int atom, int point);
  std::string text(const Polynomial& p);

  Budget& budget_;
  std::vector<Atom> atoms_;
};

}  // namespace r1::math
