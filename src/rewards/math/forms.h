// Expressions of a syntax tree worked out to normal forms, and the note whether arithmetic was left undone.
// Paper: [R1 §2.2].
#pragma once
#include <map>
#include <string>
#include <vector>

#include "rewards/math/algebra.h"
#include "rewards/math/syntax.h"

namespace r1::math {

class FormMaker {
 public:
  FormMaker(const Tree& tree, Algebra& algebra, const std::map<std::string, Exact>& known)
      : tree_(tree), a_(algebra), known_(known) {}

  /// The form of an expression; `plus` is the sign that +- stands for. Throws Stop for what is no expression.
  Form form(int node, int plus = 1);
  /// True if +- occurs under the node.
  bool has_plus_minus(int node) const;
  /// Set when two known numbers were combined: 47+38, 6*7, 5!, gcd(4, 6). A fraction, a power, a root, a mixed number
  /// and 3*10^5 are ways to write one number.
  bool unfinished = false;

 private:
  Form sum(const Node& n, int plus);
  Form product(const Node& n, int plus);
  Form call(const Node& n, int plus);
  Form sum_over(const Node& n, int plus);
  Form calculus(const Node& n, int plus);
  bool ten_power(int node) const;

  const Tree& tree_;
  Algebra& a_;
  std::map<std::string, Exact> known_;
  bool inside_function_ = false;
};

}  // namespace r1::math
