// Paper: [R1 §2.2].
#include "rewards/math/values.h"

#include <algorithm>
#include <utility>

#include "rewards/math/forms.h"
#include "rewards/math/pieces.h"

namespace r1::math {
namespace {

class Evaluator {
 public:
  Evaluator(const Tree& tree, Algebra& algebra, const std::map<std::string, Exact>& known)
      : tree_(tree), a_(algebra), forms_(tree, algebra, known) {}

  Value value(int i) {
    if (is_single(tree_[i]) && forms_.has_plus_minus(i)) return both_signs(i);
    return value(i, 1);
  }

 private:
  /// Kinds that mean one thing for each sign of +-.
  static bool is_single(const Node& n) {
    return n.kind != NodeKind::kList && n.kind != NodeKind::kSet && n.kind != NodeKind::kRelation;
  }
  /// The two values of an expression with +-, as a list.
  Value both_signs(int i) {
    Value v;
    v.kind = ValueKind::kList;
    v.items = {value(i, 1), value(i, -1)};
    v.unfinished = v.items[0].unfinished;
    return v;
  }

  Value value(int i, int plus) {
    const Node& n = tree_[i];
    Value v;
    switch (n.kind) {
      case NodeKind::kConstant:
        if (n.text == "infinity") return infinity(1);
        if (n.text == "emptyset") return v.kind = ValueKind::kSet, v;
        if (n.text == "Reals") return whole_pieces();
        break;
      case NodeKind::kNegative:
        if (tree_[n.kids[0]].kind == NodeKind::kConstant && tree_[n.kids[0]].text == "infinity") return infinity(-1);
        if (tree_[n.kids[0]].kind == NodeKind::kDegree || tree_[n.kids[0]].kind == NodeKind::kQuantity) {
          v = value(n.kids[0], plus);
          v.form = a_.negate(v.form);
          return v;
        }
        break;
      case NodeKind::kSum:
        if (n.kids.size() == 1) return value(n.kids[0], plus);
        if (n.text.empty() && tree_[n.kids[0]].kind == NodeKind::kConstant && tree_[n.kids[0]].text == "infinity")
          throw Stop{Trouble::kUnsupported, "arithmetic with infinity or sets"};
        break;
      case NodeKind::kBracket:
        v = with_items(ValueKind::kBracket, n, plus);
        v.text = n.text;
        return v;
      case NodeKind::kSet:
        return collection(ValueKind::kSet, n);
      case NodeKind::kList:
        return list(n);
      case NodeKind::kMatrix:
        v = with_items(ValueKind::kMatrix, n, plus);
        v.columns = n.base;
        return v;
      case NodeKind::kRatio:
        return with_items(ValueKind::kRatio, n, plus);
      case NodeKind::kRelation:
        return relation(n);
      case NodeKind::kUnion:
        return set_operations(n, plus);
      case NodeKind::kText:
        v.kind = ValueKind::kText, v.text = n.text;
        return v;
      case NodeKind::kBased:
        v.kind = ValueKind::kBased, v.form = a_.number(n.number), v.columns = n.base, v.text = n.text;
        return v;
      case NodeKind::kQuantity:
      case NodeKind::kDegree:
        return quantity(n, plus);
      default:
        break;
    }
    return expression(i, plus);
  }

  Value expression(int i, int plus) {
    Value v;
    forms_.unfinished = false;
    v.form = forms_.form(i, plus);
    v.unfinished = forms_.unfinished;
    v.letters = letters(tree_[i]);
    return v;
  }
  /// "xy" of the names x and y side by side in one word; "" for anything else.
  std::string letters(const Node& n) const {
    if (n.kind == NodeKind::kName || (n.kind == NodeKind::kConstant && n.text.size() == 1)) return n.text;
    if (n.kind != NodeKind::kProduct || n.text != "letters") return "";
    std::string out;
    for (const int k : n.kids) {
      const std::string s = letters(tree_[k]);
      if (s.size() != 1) return "";
      out += s;
    }
    return out;
  }

  Value infinity(int sign) {
    Value v;
    v.kind = ValueKind::kInfinity, v.sign = sign;
    return v;
  }

  Value with_items(ValueKind kind, const Node& n, int plus) {
    Value v;
    v.kind = kind;
    for (const int k : n.kids) {
      v.items.push_back(value(k, plus));
      v.unfinished = v.unfinished || v.items.back().unfinished;
    }
    return v;
  }
  /// Items of a set or list; a +- among them counts for two.
  Value collection(ValueKind kind, const Node& n) {
    Value v;
    v.kind = kind;
    for (const int k : n.kids) {
      Value item = value(k);
      v.unfinished = v.unfinished || item.unfinished;
      if (item.kind == ValueKind::kList && tree_[k].kind != NodeKind::kList) {
        for (Value& x : item.items) v.items.push_back(std::move(x));
      } else {
        v.items.push_back(std::move(item));
      }
    }
    return v;
  }

  Value list(const Node& n) {
    Value v = collection(ValueKind::kList, n);
    v.text = n.text;
    // "n = 2, 3, 4": the label goes for all.
    if (v.items[0].kind == ValueKind::kEquation && solved(v.items[0]))
      if (std::all_of(v.items.begin() + 1, v.items.end(),
                      [](const Value& x) { return x.kind == ValueKind::kForm && x.label.empty(); })) {
        v.label = v.items[0].label;
        v.items[0] = Value(v.items[0].items[1]);
      }
    if (n.text == "or" || n.text == "and") {
      if (std::all_of(v.items.begin(), v.items.end(),
                      [&](const Value& x) { return x.kind == ValueKind::kPieces && x.label == v.items[0].label; }))
        return combine_pieces(std::move(v), n.text == "or" ? 'U' : 'I', a_);
    }
    return v;
  }

  Value quantity(const Node& n, int plus) {
    Value v = value(n.kids[0], plus);
    if (v.kind == ValueKind::kList || v.kind == ValueKind::kBracket) return v;  // 3, 4 and 5 cm: the unit is left out
    if (v.kind == ValueKind::kRatio) throw Stop{Trouble::kUnsupported, "a time of day"};
    if (v.kind != ValueKind::kForm && v.kind != ValueKind::kQuantity)
      throw Stop{Trouble::kUnsupported, "a unit behind what is no number"};
    Unit unit = n.unit;
    if (n.kind == NodeKind::kDegree) unit.present = true, unit.power[static_cast<size_t>(Dimension::kAngle)] = 1;
    v.unit = v.kind == ValueKind::kQuantity ? combine(v.unit, unit, 1, a_.budget()) : unit;
    v.kind = ValueKind::kQuantity, v.letters.clear();
    return v;
  }

  /// The name on the left of an equation: x, f(x) or (x, y).
  std::string label_of(int i) const {
    const Node& n = tree_[i];
    if (n.kind == NodeKind::kName) return n.text;
    if (n.kind == NodeKind::kBracket && n.text == "()") {  // (x, y) = (1, 2)
      std::string names;
      for (size_t i = 0; i < n.kids.size(); ++i) {
        const int k = n.kids[i];
        if (tree_[k].kind != NodeKind::kName) return "";
        if (i > 0 && tree_[n.kids[i - 1]].text >= tree_[k].text)
          throw Stop{Trouble::kUnsupported, "a tuple of names in an unusual order"};
        names += (names.empty() ? "(" : ",") + tree_[k].text;
      }
      return names + ")";
    }
    if (n.kind != NodeKind::kProduct || !n.text.empty() || n.kids.size() != 2) return "";
    const Node &f = tree_[n.kids[0]], &x = tree_[n.kids[1]];
    const bool function = f.kind == NodeKind::kName && std::string("fghpqFGHPQ").find(f.text[0]) != std::string::npos;
    return function && x.kind == NodeKind::kName ? f.text + "(" + x.text + ")" : "";
  }
  bool solved(const Value& v) const { return v.kind == ValueKind::kEquation && !v.label.empty(); }

  Value relation(const Node& n) {
    const size_t approximate = n.text.find('a');
    if (approximate != std::string::npos) return approximation(n, approximate);
    if (n.text.find_first_not_of('=') == std::string::npos) return equation(n.kids);
    if (n.text == "E") {
      Value v = value(n.kids[1]);
      v.label = label_of(n.kids[0]);
      if (v.label.empty()) throw Stop{Trouble::kUnsupported, "membership of what is no variable"};
      return v;
    }
    if (auto v = solved_inequality(n)) return *v;
    Value v = with_items(ValueKind::kRelation, n, 1);
    v.text = n.text;
    return v;
  }

  /// What stands before the sign counts; "x approx 3.14" has nothing exact.
  Value approximation(const Node& n, size_t at) {
    std::vector<int> exact(n.kids.begin(), n.kids.begin() + static_cast<ptrdiff_t>(std::min(at + 1, n.kids.size())));
    const bool alone = n.kids.size() == 1;
    if (n.text.substr(0, at).find_first_not_of('=') != std::string::npos)
      throw Stop{Trouble::kUnsupported, "an approximate inequality"};
    if (alone || (exact.size() == 1 && !label_of(exact[0]).empty())) {
      Value v = value(alone ? n.kids[0] : n.kids[1]);
      v.approximate = true;
      return v;
    }
    return exact.size() == 1 ? value(exact[0]) : equation(exact);
  }

  /// a = b = c: the sides between must be equal to the last.
  Value equation(const std::vector<int>& sides) {
    Value right = value(sides.back());
    const std::string label = label_of(sides[0]);
    for (size_t i = label.empty() && sides.size() == 2 ? 2 : 1; i + 1 < sides.size(); ++i)
      demand_equal(value(sides[i]), right);
    if (sides.size() > 2 && label.empty()) {
      demand_equal(value(sides[0]), right);
      return right;
    }
    Value left = value(sides[0]);
    if (label.empty() && left.kind == ValueKind::kForm && right.kind == ValueKind::kForm &&
        !a_.has_variables(left.form) && !a_.has_variables(right.form)) {
      demand_equal(left, right);  // 2+3 = 5
      return right;
    }
    if (left.kind == ValueKind::kText || right.kind == ValueKind::kText)
      throw Stop{Trouble::kUnsupported, "an equation of words"};
    Value v;
    v.kind = ValueKind::kEquation;
    v.unfinished = right.unfinished;
    const bool free = right.kind != ValueKind::kForm || !mentions(right.form, label);
    if (!label.empty() && free) v.label = label;
    v.items = {std::move(left), std::move(right)};
    return v;
  }
  bool mentions(const Form& f, const std::string& name) {
    if (name.empty()) return false;
    const Form x = a_.variable(name);
    const int atom = x.top[0].factors[0].atom;
    const auto in = [&](const Polynomial& p) {
      return std::any_of(p.begin(), p.end(), [&](const Term& t) {
        return std::any_of(t.factors.begin(), t.factors.end(), [&](const Factor& y) { return y.atom == atom; });
      });
    };
    return in(f.top) || in(f.bottom);
  }
  void demand_equal(const Value& x, const Value& y) {
    if (x.kind != ValueKind::kForm || y.kind != ValueKind::kForm)
      throw Stop{Trouble::kUnsupported, "a chain of equations"};
    switch (a_.is_zero(a_.subtract(x.form, y.form))) {
      case Truth::kYes:
        return;
      case Truth::kNo:
        throw Stop{Trouble::kMalformed, "an equation that is false"};
      case Truth::kUnknown:
        throw Stop{Trouble::kUnsupported, "an equation that may be false"};
    }
  }

  /// x > 2, 2 < x <= 5, 5 > x, x != 3 with numbers on the other sides.
  std::optional<Value> solved_inequality(const Node& n) {
    std::vector<Value> sides;
    int variable = -1;
    for (size_t i = 0; i < n.kids.size(); ++i) {
      sides.push_back(value(n.kids[i]));
      const Value& v = sides.back();
      if (tree_[n.kids[i]].kind == NodeKind::kName) {
        if (variable >= 0) return std::nullopt;
        variable = static_cast<int>(i);
      } else if (v.kind != ValueKind::kInfinity && (v.kind != ValueKind::kForm || a_.has_variables(v.form))) {
        return std::nullopt;
      }
    }
    if (variable < 0) return std::nullopt;
    return pieces_of_inequality(n.text, sides, static_cast<size_t>(variable),
                                tree_[n.kids[static_cast<size_t>(variable)]].text, a_);
  }

  Value set_operations(const Node& n, int plus) {
    Value v = with_items(ValueKind::kList, n, plus);
    Value out = to_pieces(v.items[0], a_);
    for (size_t i = 0; i < n.text.size(); ++i) {
      Value pair;
      pair.items = {std::move(out), to_pieces(v.items[i + 1], a_)};
      out = combine_pieces(std::move(pair), n.text[i], a_);
    }
    return out;
  }

  const Tree& tree_;
  Algebra& a_;
  FormMaker forms_;
};

}  // namespace

Value evaluate(const Tree& tree, Algebra& algebra, const std::map<std::string, Exact>& known) {
  return Evaluator(tree, algebra, known).value(tree.root);
}

std::string text(const Value& v, Algebra& a) {
  const auto list = [&](const char* open, const char* between, const char* close) {
    std::string out = open;
    for (size_t i = 0; i < v.items.size(); ++i) out += (i ? between : "") + text(v.items[i], a);
    return out + close;
  };
  const std::string label = v.label.empty() || v.kind == ValueKind::kEquation ? "" : v.label + " in ";
  switch (v.kind) {
    case ValueKind::kForm:
      return (v.approximate ? "about " : "") + a.text(v.form);
    case ValueKind::kInfinity:
      return v.sign > 0 ? "infinity" : "-infinity";
    case ValueKind::kQuantity:
      return a.text(v.form) + " * " + v.unit.scale.text(a.budget()) + (v.unit.pi ? "/pi" : "") + " units" +
             (v.unit.words.empty() ? "" : " '" + v.unit.words + "'");
    case ValueKind::kBased:
      return a.text(v.form) + " written in base " + std::to_string(v.columns);
    case ValueKind::kBracket:
      return label + list(v.text.substr(0, 1).c_str(), ", ", v.text.substr(1).c_str());
    case ValueKind::kSet:
      return label + list("{", ", ", "}");
    case ValueKind::kList:
      return label + list("", ", ", "");
    case ValueKind::kMatrix:
      return list("matrix(", ", ", ") of ") + std::to_string(v.columns) + " columns";
    case ValueKind::kRatio:
      return list("", " : ", "");
    case ValueKind::kPieces:
      return label + list("", " u ", "");
    case ValueKind::kEquation:
      return text(v.items[0], a) + " = " + text(v.items[1], a);
    case ValueKind::kRelation:
      return list("", (" " + v.text.substr(0, 1) + " ").c_str(), "");
    case ValueKind::kText:
      return "'" + v.text + "'";
  }
  return "";
}

}  // namespace r1::math
