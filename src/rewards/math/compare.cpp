// Paper: [R1 §2.2].
#include "rewards/math/compare.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "rewards/math/pieces.h"

namespace r1::math {
namespace {

bool is_collection(const Value& v) { return v.kind == ValueKind::kSet || v.kind == ValueKind::kList; }

/// A set or list of one is its element.
const Value& unwrapped(const Value& v) { return is_collection(v) && v.items.size() == 1 ? unwrapped(v.items[0]) : v; }

/// How many names its elements have.
size_t labels(const Value& list) {
  std::set<std::string> names;
  for (const Value& v : list.items)
    if (!v.label.empty()) names.insert(v.label);
  return names.size();
}

}  // namespace

const char* name_of(Relation r) {
  return r == Relation::kEqual ? "equal" : r == Relation::kDifferent ? "different" : "unknown";
}

Relation Comparer::from(Truth zero) const {
  return zero == Truth::kYes ? Relation::kEqual : zero == Truth::kNo ? Relation::kDifferent : Relation::kUnknown;
}

Relation Comparer::compare(const Value& gold, const Value& answer) {
  const Relation r = body(unwrapped(gold), unwrapped(answer));
  if (r != Relation::kEqual) return r;
  if (answer.approximate != gold.approximate) return say(Relation::kUnknown, "one side is only approximate");
  if (answer.unfinished && !gold.unfinished) return say(Relation::kDifferent, "the arithmetic is not worked out");
  return r;
}

Relation Comparer::body(const Value& g, const Value& x) {
  a_.budget().spend(100);
  if (g.kind == ValueKind::kEquation && x.kind == ValueKind::kEquation) return equations(g, x);
  if (g.kind == ValueKind::kEquation || x.kind == ValueKind::kEquation) return with_equation(g, x);
  if (!g.label.empty() && !x.label.empty() && g.label != x.label) return say(Relation::kUnknown, "named differently");
  if (g.kind == ValueKind::kText || x.kind == ValueKind::kText || !g.letters.empty()) {
    if (const Relation r = letters(g, x);
        r != Relation::kUnknown || g.kind == ValueKind::kText || x.kind == ValueKind::kText || !x.letters.empty())
      return r;
  }
  if (g.kind == x.kind) return same_kind(g, x);
  if (is_collection(g) && is_collection(x)) return unordered(g, x);
  if (g.kind == ValueKind::kQuantity && x.kind == ValueKind::kForm) return quantity_and_number(g, x);
  if (x.kind == ValueKind::kQuantity && g.kind == ValueKind::kForm) return quantity_and_number(x, g);
  if (g.kind == ValueKind::kBased || x.kind == ValueKind::kBased) return based(g, x);
  const bool one_is_pieces = g.kind == ValueKind::kPieces || x.kind == ValueKind::kPieces;
  const Value& other = g.kind == ValueKind::kPieces ? x : g;
  if (one_is_pieces &&
      ((other.kind == ValueKind::kBracket && other.items.size() == 2) || other.kind == ValueKind::kSet)) {
    const Value p = to_pieces(g, a_), q = to_pieces(x, a_);
    return in_order(p, q);
  }
  const bool sequences = (g.kind == ValueKind::kBracket || g.kind == ValueKind::kMatrix || is_collection(g)) &&
                         (x.kind == ValueKind::kBracket || x.kind == ValueKind::kMatrix || is_collection(x));
  if (sequences && in_order(g, x) != Relation::kDifferent)
    return say(Relation::kUnknown, "the same elements, but not the same kind of brackets");
  return say(Relation::kDifferent, "another kind of answer");
}

Relation Comparer::same_kind(const Value& g, const Value& x) {
  switch (g.kind) {
    case ValueKind::kForm:
      return numbers(g, x);
    case ValueKind::kInfinity:
      return g.sign == x.sign ? Relation::kEqual : Relation::kDifferent;
    case ValueKind::kQuantity:
      return quantities(g, x);
    case ValueKind::kBased:
      return based(g, x);
    case ValueKind::kBracket:
      return g.text == x.text ? in_order(g, x) : say(Relation::kDifferent, "other brackets");
    case ValueKind::kSet:
    case ValueKind::kList:
      return unordered(g, x);
    case ValueKind::kMatrix:
      return g.columns == x.columns ? in_order(g, x) : say(Relation::kDifferent, "another shape");
    case ValueKind::kPieces:
      return in_order(g, x);
    case ValueKind::kRatio: {
      const Relation r = in_order(g, x);
      const bool two = g.items.size() == 2 && x.items.size() == 2;
      if (r != Relation::kDifferent || !two) return r;
      const Form cross =
          a_.subtract(a_.multiply(g.items[0].form, x.items[1].form), a_.multiply(g.items[1].form, x.items[0].form));
      return cross.top.empty() ? say(Relation::kUnknown, "a ratio in the same proportion") : r;
    }
    case ValueKind::kRelation:
      return relations(g, x);
    case ValueKind::kEquation:
    case ValueKind::kText:
      break;
  }
  return Relation::kUnknown;
}

Relation Comparer::forms(const Form& g, const Form& x) {
  const auto p = a_.rational(g), q = a_.rational(x);  // no common denominator: 1/2004! has one of 5,763 digits
  if (p && q) return *p == *q ? Relation::kEqual : Relation::kDifferent;
  return from(a_.is_zero(a_.subtract(g, x)));
}

Relation Comparer::numbers(const Value& g, const Value& x) { return forms(g.form, x.form); }

/// Words, and runs of letters that may be words: C, no, xy.
Relation Comparer::letters(const Value& g, const Value& x) {
  const std::string p = g.kind == ValueKind::kText ? g.text : g.letters,
                    q = x.kind == ValueKind::kText ? x.text : x.letters;
  if (p.empty() || q.empty()) {
    const bool words = g.kind == ValueKind::kText || x.kind == ValueKind::kText;
    return words ? say(Relation::kDifferent, "words against no words") : Relation::kUnknown;
  }
  if (p == q) return Relation::kEqual;
  if (p.size() == 1 && q.size() == 1)
    return ascii_lower(p) == ascii_lower(q) ? say(Relation::kUnknown, "letters that differ in case")
                                            : Relation::kDifferent;
  if (ascii_lower(p) == ascii_lower(q)) return Relation::kEqual;
  if (g.kind == ValueKind::kForm && x.kind == ValueKind::kForm && forms(g.form, x.form) != Relation::kDifferent)
    return say(Relation::kUnknown, "the same letters in another order");
  return say(Relation::kDifferent, "other words");
}

Relation Comparer::quantities(const Value& g, const Value& x) {
  if (g.unit.words != x.unit.words) {
    const Relation r = forms(g.form, x.form);
    const std::string &p = g.unit.words, &q = x.unit.words;
    const bool plural = p + "s" == q || q + "s" == p;
    if (r == Relation::kDifferent || (plural && g.unit.power == x.unit.power)) return r;
    return say(Relation::kUnknown, "units that are not known");
  }
  if (!g.unit.same_kind(x.unit)) return say(Relation::kDifferent, "units of another kind");
  const auto scaled = [&](const Value& v) {
    const Form pi = a_.power(a_.constant(AtomKind::kPi), int64_t{v.unit.pi});
    return a_.multiply(a_.multiply(v.form, a_.number(v.unit.scale)), pi);
  };
  return forms(scaled(g), scaled(x));
}

Relation Comparer::quantity_and_number(const Value& quantity, const Value& number) {
  const Relation r = forms(quantity.form, number.form);
  if (r == Relation::kEqual && !quantity.unit.words.empty()) return say(Relation::kUnknown, "a unit that is not known");
  if (r == Relation::kDifferent && quantity.unit.power[static_cast<size_t>(Dimension::kAngle)] == 1) {
    const Form radians = a_.divide(a_.multiply(quantity.form, a_.constant(AtomKind::kPi)), a_.number(Exact(180)));
    if (forms(radians, number.form) != Relation::kDifferent) return say(Relation::kUnknown, "degrees against radians");
  }
  return r;
}

Relation Comparer::based(const Value& g, const Value& x) {
  const auto is_number = [](const Value& v) { return v.kind == ValueKind::kForm || v.kind == ValueKind::kBased; };
  if (!is_number(g) || !is_number(x)) return say(Relation::kDifferent, "another kind of answer");
  const Relation r = forms(g.form, x.form);
  if (g.kind == x.kind && g.columns == x.columns) return r;
  const Value& other = g.kind == ValueKind::kBased ? x : g;
  if (r == Relation::kDifferent && other.letters.empty() && a_.text(other.form).find('_') != std::string::npos)
    return say(Relation::kUnknown, "digits that are letters");  // 2A_16 is read as 2 times A_16
  if (r != Relation::kDifferent) return say(Relation::kUnknown, "the same number in another base");
  const Value &number = g.kind == ValueKind::kBased ? x : g, &written = g.kind == ValueKind::kBased ? g : x;
  if (number.kind == ValueKind::kForm) {
    const Form digits = a_.number(Exact(BigInt::parse(written.text, 10, a_.budget())));
    if (forms(digits, number.form) == Relation::kEqual) return say(Relation::kUnknown, "the base is left out");
  }
  return r;
}

Relation Comparer::in_order(const Value& g, const Value& x) {
  if (g.items.size() != x.items.size()) return say(Relation::kDifferent, "another number of elements");
  Relation out = Relation::kEqual;
  for (size_t i = 0; i < g.items.size(); ++i) {
    const bool brackets = g.kind == ValueKind::kPieces && g.items[i].text != x.items[i].text;
    const Relation r =
        brackets ? say(Relation::kDifferent, "an end that is open on one side only") : compare(g.items[i], x.items[i]);
    if (r == Relation::kDifferent) return r;
    if (r == Relation::kUnknown) out = r;
  }
  return out;
}

std::vector<const Value*> Comparer::distinct(const Value& v) {
  std::vector<const Value*> out;
  for (const Value& x : v.items)
    if (std::none_of(out.begin(), out.end(), [&](const Value* y) { return body(*y, x) == Relation::kEqual; }))
      out.push_back(&x);
  return out;
}

Relation Comparer::unordered(const Value& g, const Value& x) {
  if (g.items.size() > 64 || x.items.size() > 64) throw Stop{Trouble::kTooLarge, "too many elements"};
  if (std::max(labels(g), labels(x)) > 1 && labels(g) != labels(x))
    return say(Relation::kUnknown, "names on one side only");
  if (g.kind == ValueKind::kList && x.kind == ValueKind::kList && g.items.size() != x.items.size()) {
    const Relation r = matched(distinct(g), distinct(x));
    return r == Relation::kEqual ? say(Relation::kUnknown, "an element more than once") : r;
  }
  if (g.kind == ValueKind::kSet || x.kind == ValueKind::kSet) return matched(distinct(g), distinct(x));
  std::vector<const Value*> p, q;
  for (const Value& v : g.items) p.push_back(&v);
  for (const Value& v : x.items) q.push_back(&v);
  return matched(std::move(p), std::move(q));
}

/// Equality is transitive, so that pairing the first equal one is enough.
Relation Comparer::matched(std::vector<const Value*> g, std::vector<const Value*> x) {
  bool unsure = false, lonely = false;
  const size_t count_g = g.size(), count_x = x.size();
  size_t pairs = 0;
  for (const Value* p : g) {
    bool near = false, found = false;
    for (auto it = x.begin(); it != x.end() && !found; ++it) {
      const Relation r = compare(*p, **it);
      near = near || r == Relation::kUnknown;
      if (r == Relation::kEqual) x.erase(it), found = true, ++pairs;
      if (found) break;
    }
    unsure = unsure || (near && !found);
    lonely = lonely || (!near && !found);
  }
  if (pairs == count_g && pairs == count_x) return Relation::kEqual;
  if (lonely || count_g != count_x || !unsure) return say(Relation::kDifferent, "other elements");
  return Relation::kUnknown;
}

/// g = c x with a number c: equations and inequalities up to a factor.
Relation Comparer::proportional(const Form& g, const Form& x, bool positive) {
  if (g.top.empty() || x.top.empty()) return g.top.empty() == x.top.empty() ? Relation::kUnknown : Relation::kDifferent;
  const bool linear_both = linear(g) && linear(x);
  const auto no = [&](const char* why) {
    return linear_both ? say(Relation::kDifferent, "not a multiple of the other") : say(Relation::kUnknown, why);
  };
  if (!g.bottom.empty() || !x.bottom.empty()) return no("equations with denominators");
  if (g.top.size() != x.top.size()) return no("equations with other terms");
  const Exact c = divide(g.top[0].coefficient, x.top[0].coefficient, a_.budget());
  if (positive && c.sign() < 0) return no("a negative factor");
  for (size_t i = 0; i < g.top.size(); ++i)
    if (g.top[i].factors != x.top[i].factors ||
        !(g.top[i].coefficient == multiply(c, x.top[i].coefficient, a_.budget())))
      return no("equations that are no multiples");
  return Relation::kEqual;
}

bool Comparer::linear(const Form& f) const {
  return f.bottom.empty() && std::all_of(f.top.begin(), f.top.end(), [&](const Term& t) {
           return t.factors.empty() || (t.factors.size() == 1 && t.factors[0].top == 1 && t.factors[0].bottom == 1 &&
                                        a_.atom(t.factors[0].atom).kind == AtomKind::kVariable);
         });
}

Relation Comparer::equations(const Value& g, const Value& x) {
  if (!g.label.empty() && !x.label.empty()) {
    const Relation r = compare(g.items[1], x.items[1]);
    if (g.label == x.label || r == Relation::kDifferent) return r;
    return say(Relation::kUnknown, "named differently");
  }
  const auto is_form = [](const Value& v) {
    return v.items[0].kind == ValueKind::kForm && v.items[1].kind == ValueKind::kForm;
  };
  if (!is_form(g) || !is_form(x)) return Relation::kUnknown;
  if (!g.label.empty() && !a_.has_variables(g.items[1].form))
    return say(Relation::kDifferent, "an equation that is not solved");
  return proportional(a_.subtract(g.items[0].form, g.items[1].form), a_.subtract(x.items[0].form, x.items[1].form),
                      false);
}

/// x = 5 against 5: the name may be left out.
Relation Comparer::with_equation(const Value& g, const Value& x) {
  const Value &equation = g.kind == ValueKind::kEquation ? g : x, &plain = g.kind == ValueKind::kEquation ? x : g;
  if (equation.label.empty()) return say(Relation::kDifferent, "an equation that is not solved");
  if (!plain.label.empty() && plain.label != equation.label) return say(Relation::kUnknown, "named differently");
  return &equation == &g ? compare(g.items[1], x) : compare(g, x.items[1]);
}

Relation Comparer::relations(const Value& g, const Value& x) {
  const auto usual = [&](const Value& v, Form& out, char& sign) {
    if (v.items.size() != 2 || v.items[0].kind != ValueKind::kForm || v.items[1].kind != ValueKind::kForm) return false;
    const bool up = v.text == ">" || v.text == "g";
    out = a_.subtract(v.items[up ? 0 : 1].form, v.items[up ? 1 : 0].form);
    sign = v.text == "<" ? '>' : v.text == "l" ? 'g' : v.text[0];
    return true;
  };
  Form p, q;
  char s = 0, t = 0;
  if (!usual(g, p, s) || !usual(x, q, t))
    return g.text == x.text && in_order(g, x) == Relation::kEqual ? Relation::kEqual : Relation::kUnknown;
  const Relation r = proportional(p, q, s != 'n');
  if (s != t) return r == Relation::kEqual ? say(Relation::kDifferent, "another sign of inequality") : r;
  return r;
}

}  // namespace r1::math
