// Paper: [R1 §2.2].
#include "rewards/math/forms.h"

#include <algorithm>
#include <utility>

#include "rewards/math/calculus.h"

namespace r1::math {

bool FormMaker::has_plus_minus(int i) const {
  const Node& n = tree_[i];
  return n.kind == NodeKind::kPlusMinus ||
         std::any_of(n.kids.begin(), n.kids.end(), [&](int k) { return has_plus_minus(k); });
}

Form FormMaker::form(int i, int plus) {
  const Node& n = tree_[i];
  a_.budget().spend(50);
  switch (n.kind) {
    case NodeKind::kNumber:
      return a_.number(n.number);
    case NodeKind::kName: {
      const auto it = known_.find(n.text);
      return it != known_.end() ? a_.number(it->second) : a_.variable(n.text);
    }
    case NodeKind::kConstant:
      if (const auto it = known_.find(n.text); it != known_.end()) return a_.number(it->second);
      if (n.text == "pi") return a_.constant(AtomKind::kPi);
      if (n.text == "e") return a_.constant(AtomKind::kE);
      if (n.text == "i") return a_.constant(AtomKind::kImaginary);
      throw Stop{Trouble::kUnsupported, "arithmetic with infinity or sets"};
    case NodeKind::kSum:
      return sum(n, plus);
    case NodeKind::kNegative:
      return a_.negate(form(n.kids[0], plus));
    case NodeKind::kProduct:
      return product(n, plus);
    case NodeKind::kQuotient: {
      const Form top = form(n.kids[0], plus);
      return a_.divide(top, form(n.kids[1], plus));
    }
    case NodeKind::kPower: {
      const Form base = form(n.kids[0], plus);
      return a_.power(base, form(n.kids[1], plus));
    }
    case NodeKind::kCall:
      return call(n, plus);
    case NodeKind::kPlusMinus: {
      const Form right = form(n.kids[1], plus);
      const bool minus = (plus < 0) == (n.text == "p");
      const Form left = n.kids[0] < 0 ? Form{} : form(n.kids[0], plus);
      return minus ? a_.subtract(left, right) : a_.add(left, right);
    }
    case NodeKind::kModulo: {
      const Form x = form(n.kids[0], plus), m = form(n.kids[1], plus);
      unfinished = true;
      return a_.subtract(x, a_.multiply(m, a_.call("floor", {a_.divide(x, m)})));
    }
    case NodeKind::kPercent:
      return a_.divide(form(n.kids[0], plus), a_.number(Exact(100)));
    case NodeKind::kDegree:
      if (!inside_function_) throw Stop{Trouble::kUnsupported, "degrees inside a formula"};
      return a_.multiply(form(n.kids[0], plus), a_.divide(a_.constant(AtomKind::kPi), a_.number(Exact(180))));
    case NodeKind::kSet:
      if (n.kids.size() == 1) return form(n.kids[0], plus);
      break;
    case NodeKind::kSumOver:
      return sum_over(n, plus);
    case NodeKind::kDerivative:
    case NodeKind::kIntegral:
      return calculus(n, plus);
    default:
      break;
  }
  throw Stop{Trouble::kUnsupported, "a set, relation, unit or text inside a formula"};
}

Form FormMaker::sum(const Node& n, int plus) {
  Form out;
  int numbers = 0;
  for (const int k : n.kids) {
    const Form f = form(k, plus);
    numbers += a_.rational(f).has_value();
    out = a_.add(out, f);
  }
  if (numbers > 1 && n.text != "mixed") unfinished = true;
  return out;
}

/// 10^n, the right side of scientific notation.
bool FormMaker::ten_power(int i) const {
  const Node& n = tree_[i];
  return n.kind == NodeKind::kPower && tree_[n.kids[0]].kind == NodeKind::kNumber &&
         tree_[n.kids[0]].number == Exact(10);
}

Form FormMaker::product(const Node& n, int plus) {
  Form out = form(n.kids[0], plus);
  bool number = a_.rational(out).has_value();
  for (size_t k = 1; k < n.kids.size(); ++k) {
    const Form f = form(n.kids[k], plus);
    const bool is_number = a_.rational(f).has_value();
    if (number && is_number && n.text != "scaled" && !ten_power(n.kids[k])) unfinished = true;
    number = number && is_number;
    out = a_.multiply(out, f);
  }
  return out;
}

Form FormMaker::call(const Node& n, int plus) {
  const bool outside = std::exchange(inside_function_, n.text != "root" && n.text != "abs");
  std::vector<Form> arguments;
  for (const int k : n.kids) arguments.push_back(form(k, plus));
  Form out;
  if (n.text == "root") {
    const Form index = n.base < 0 ? a_.number(Exact(2)) : form(n.base, plus);
    const auto v = a_.rational(index);
    const bool whole = v && v->is_integer() && v->sign() > 0 && v->numerator.is_small() && v->numerator.small() < 10000;
    out = whole ? a_.root(arguments[0], static_cast<int>(v->numerator.small()))
                : a_.power(arguments[0], a_.divide(a_.number(Exact(1)), index));
  } else if (n.base >= 0) {
    if (n.text != "log" && n.text != "ln") throw Stop{Trouble::kMalformed, "a subscript of a function"};
    out = a_.divide(a_.call("ln", arguments), a_.call("ln", {form(n.base, plus)}));
  } else {
    out = a_.call(n.text, arguments);
  }
  inside_function_ = outside;
  if (n.text != "root" && a_.rational(out)) unfinished = true;
  return out;
}

Form FormMaker::calculus(const Node& n, int plus) {
  const std::string& name = tree_[n.kids[0]].text;
  const auto it = known_.find(name);
  const std::optional<Exact> value = it == known_.end() ? std::nullopt : std::optional(it->second);
  known_.erase(name);
  Calculus c(a_, name);
  Form f = form(n.kids[1], plus);
  f = n.kind == NodeKind::kDerivative ? c.derivative(f) : c.antiderivative(f);
  if (value) known_[name] = *value;
  unfinished = true;
  if (n.kids.size() == 4)
    return a_.subtract(c.substituted(f, form(n.kids[3], plus)), c.substituted(f, form(n.kids[2], plus)));
  if (n.kind == NodeKind::kIntegral && !value) throw Stop{Trouble::kUnsupported, "an integral without its limits"};
  return value ? c.substituted(f, a_.number(*value)) : f;
}

Form FormMaker::sum_over(const Node& n, int plus) {
  const std::string& name = tree_[n.kids[0]].text;
  const auto first = a_.rational(form(n.kids[1], plus)), last = a_.rational(form(n.kids[2], plus));
  if (!first || !last || !first->is_integer() || !last->is_integer())
    throw Stop{Trouble::kUnsupported, "a sum whose limits are no whole numbers"};
  if (compare(last->numerator, add(first->numerator, BigInt(2000), a_.budget())) > 0)
    throw Stop{Trouble::kTooLarge, "a sum of too many terms"};
  const auto hidden = known_.find(name) == known_.end() ? std::nullopt : std::optional(known_[name]);
  Form out = a_.number(Exact(n.text == "sum" ? 0 : 1));
  for (BigInt k = first->numerator; compare(k, last->numerator) <= 0; k = add(k, BigInt(1), a_.budget())) {
    known_[name] = Exact(k);
    const Form f = form(n.kids[3], plus);
    out = n.text == "sum" ? a_.add(out, f) : a_.multiply(out, f);
  }
  known_.erase(name);
  if (hidden) known_[name] = *hidden;
  unfinished = true;
  return out;
}

}  // namespace r1::math
