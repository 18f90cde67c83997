// Paper: [R1 §2.2].
#include "rewards/math/pieces.h"

#include <algorithm>

namespace r1::math {
namespace {

Value infinite(int sign) {
  Value v;
  v.kind = ValueKind::kInfinity, v.sign = sign;
  return v;
}

Value piece(char open, Value lo, Value hi, char close) {
  Value v;
  v.kind = ValueKind::kBracket;
  v.text = {open, close};
  v.items = {std::move(lo), std::move(hi)};
  return v;
}

Value pieces(std::vector<Value> items) {
  Value v;
  v.kind = ValueKind::kPieces;
  v.items = std::move(items);
  return v;
}

/// Order of two ends; undecided throws.
int order(const Value& x, const Value& y, Algebra& a) {
  if (x.kind == ValueKind::kInfinity || y.kind == ValueKind::kInfinity) {
    const int p = x.kind == ValueKind::kInfinity ? x.sign : 0, q = y.kind == ValueKind::kInfinity ? y.sign : 0;
    return (p > q) - (p < q);
  }
  if (x.kind != ValueKind::kForm || y.kind != ValueKind::kForm)
    throw Stop{Trouble::kUnsupported, "ends that are no numbers"};
  const Form d = a.subtract(x.form, y.form);
  if (d.top.empty()) return 0;
  const auto s = a.sign(d);
  if (!s) throw Stop{Trouble::kUnsupported, "ends that cannot be ordered"};
  return *s;
}

/// A lower end as a cut of the line: just before the number (closed) or just behind it (open). Upper ends mirrored.
struct Cut {
  Value at;
  bool behind = false;
};
int order(const Cut& x, const Cut& y, Algebra& a) {
  const int c = order(x.at, y.at, a);
  return c ? c : int{x.behind} - int{y.behind};
}
Cut lower(const Value& p) { return {p.items[0], p.text[0] == '('}; }
Cut upper(const Value& p) { return {p.items[1], p.text[1] == ']'}; }
Value between(const Cut& lo, const Cut& hi) {
  return piece(lo.behind ? '(' : '[', lo.at, hi.at, hi.behind ? ']' : ')');
}

/// Sorted, merged, empty pieces gone.
Value normal(std::vector<Value> items, Algebra& a) {
  std::vector<Value> kept, out;
  for (Value& p : items)
    if (order(lower(p), upper(p), a) < 0) kept.push_back(std::move(p));
  if (kept.size() > 32) throw Stop{Trouble::kTooLarge, "too many intervals"};
  for (size_t i = 1; i < kept.size(); ++i)  // an insertion sort: the order may throw
    for (size_t k = i; k > 0 && order(lower(kept[k]), lower(kept[k - 1]), a) < 0; --k) std::swap(kept[k], kept[k - 1]);
  for (Value& p : kept) {
    if (out.empty() || order(upper(out.back()), lower(p), a) < 0) {
      out.push_back(std::move(p));
    } else if (order(upper(out.back()), upper(p), a) < 0) {
      out.back() = between(lower(out.back()), upper(p));
    }
  }
  return pieces(std::move(out));
}

std::vector<Value> intersection(const std::vector<Value>& x, const std::vector<Value>& y, Algebra& a) {
  std::vector<Value> out;
  for (const Value& p : x)
    for (const Value& q : y) {
      const Cut lo = order(lower(p), lower(q), a) < 0 ? lower(q) : lower(p);
      const Cut hi = order(upper(p), upper(q), a) < 0 ? upper(p) : upper(q);
      if (order(lo, hi, a) < 0) out.push_back(between(lo, hi));
    }
  return out;
}

/// The rest of the line.
std::vector<Value> complement(const std::vector<Value>& x) {
  std::vector<Value> out;
  Cut from{infinite(-1), true};
  for (const Value& p : x) {
    out.push_back(between(from, lower(p)));
    from = upper(p);
  }
  out.push_back(between(from, {infinite(1), false}));
  return out;
}

}  // namespace

Value whole_pieces() { return pieces({piece('(', infinite(-1), infinite(1), ')')}); }

Value to_pieces(const Value& v, Algebra& a) {
  if (v.kind == ValueKind::kPieces) return v;
  std::vector<Value> out;
  if (v.kind == ValueKind::kBracket && v.items.size() == 2) {
    out.push_back(v);
    for (size_t i = 0; i < 2; ++i)  // [-inf is written by some for (-inf
      if (out[0].items[i].kind == ValueKind::kInfinity) out[0].text[i] = i ? ')' : '(';
    if (order(v.items[0], v.items[1], a) > 0) throw Stop{Trouble::kUndefined, "an interval with its ends swapped"};
  } else if (v.kind == ValueKind::kSet) {
    for (const Value& x : v.items) out.push_back(piece('[', x, x, ']'));
  } else {
    throw Stop{Trouble::kUnsupported, "a set operation on what is no set of numbers"};
  }
  Value p = normal(std::move(out), a);
  p.label = v.label, p.unfinished = v.unfinished;
  return p;
}

Value combine_pieces(Value list, char operation, Algebra& a) {
  std::vector<Value> out = list.items[0].items;
  for (size_t i = 1; i < list.items.size(); ++i) {
    const std::vector<Value>& next = list.items[i].items;
    if (operation == 'U') {
      out.insert(out.end(), next.begin(), next.end());
      out = normal(std::move(out), a).items;
    } else {
      out = normal(intersection(out, operation == 'I' ? next : complement(next), a), a).items;
    }
  }
  Value v = pieces(std::move(out));
  v.label = list.items[0].label;
  for (const Value& x : list.items) v.unfinished = v.unfinished || x.unfinished;
  return v;
}

Value pieces_of_inequality(const std::string& signs, const std::vector<Value>& sides, size_t variable,
                           const std::string& name, Algebra& a) {
  Value all = whole_pieces();
  for (size_t i = 0; i < signs.size(); ++i) {
    if (i != variable && i + 1 != variable) {  // 1 < 2 < x says nothing about x
      throw Stop{Trouble::kUnsupported, "an inequality between numbers"};
    }
    const Value& end = sides[i == variable ? i + 1 : i];
    char s = signs[i];
    if (i != variable) s = s == '<' ? '>' : s == '>' ? '<' : s == 'l' ? 'g' : s == 'g' ? 'l' : s;  // x on the left
    Value one;
    if (s == '<' || s == 'l') {
      one = pieces({piece('(', infinite(-1), end, s == 'l' ? ']' : ')')});
    } else if (s == '>' || s == 'g') {
      one = pieces({piece(s == 'g' ? '[' : '(', end, infinite(1), ')')});
    } else if (s == 'n') {
      one = pieces(complement({piece('[', end, end, ']')}));
    } else {
      throw Stop{Trouble::kUnsupported, "a mixed chain of relations"};
    }
    Value pair;
    pair.items = {std::move(all), to_pieces(one, a)};
    all = combine_pieces(std::move(pair), 'I', a);
  }
  all.label = name;
  for (const Value& v : sides) all.unfinished = all.unfinished || v.unfinished;
  return all;
}

}  // namespace r1::math
