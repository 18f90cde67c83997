// Honest answers in many notations, from a generator that knows they are equal: none may be rejected or left undecided.
// Near misses made from the same numbers must not be accepted.
#include <functional>

#include "base/rng.h"
#include "rewards/math/verify.h"
#include "support/catch.h"

using namespace r1;
using math::Relation;

namespace {

using Text = std::string;

Text num(int64_t v) { return std::to_string(v); }

/// One reference, ways to write it, and something close that is wrong.
struct Honest {
  Text gold;
  std::vector<Text> same;
  std::vector<Text> other;
};

Honest fractions(Rng& r) {
  const int64_t d = r.range(2, 40), n = r.range(1, 200) * 2 + 1, k = r.range(2, 9);
  const Text s = r.chance(0.3) ? "-" : "";
  Honest h{"\\frac{" + num(n) + "}{" + num(d) + "}", {}, {}};
  h.gold = s + h.gold;
  h.same = {s + num(n) + "/" + num(d),
            s + "\\dfrac{" + num(n) + "}{" + num(d) + "}",
            "\\frac{" + s + num(n) + "}{" + num(d) + "}",
            s + "\\frac{" + num(n * k) + "}{" + num(d * k) + "}",
            s + num(n) + " / " + num(d),
            "$" + s + "\\frac{" + num(n) + "}{" + num(d) + "}$",
            s + "\\left(\\frac{" + num(n) + "}{" + num(d) + "}\\right)",
            "x = " + s + "\\frac{" + num(n) + "}{" + num(d) + "}"};
  if (n > d && n % d) h.same.push_back(s + num(n / d) + "\\frac{" + num(n % d) + "}{" + num(d) + "}");
  if (n > d && n % d) h.same.push_back(s + num(n / d) + " " + num(n % d) + "/" + num(d));
  h.other = {s + num(n + 1) + "/" + num(d), s + num(d) + "/" + num(n + 1000),
             (s.empty() ? "-" : "") + num(n) + "/" + num(d)};
  return h;
}

Honest decimals(Rng& r) {
  const int64_t whole = r.range(0, 9999), part = r.range(1, 99);
  const Text p = (part < 10 ? "0" : "") + num(part),
             thousands = whole >= 1000 ? num(whole / 1000) + "," + num(whole % 1000 + 1000).substr(1) : num(whole);
  Honest h{num(whole) + "." + p, {}, {}};
  h.same = {h.gold + "0",
            thousands + "." + p,
            "\\$" + h.gold,
            "$" + h.gold,
            h.gold + " dollars",
            num(whole * 100 + part) + "/100",
            num(whole * 100 + part) + "\\%",
            "\\text{" + h.gold + "}",
            num(whole * 100 + part) + " \\times 10^{-2}",
            num(whole * 100 + part) + "e-2"};
  h.other = {num(whole) + "." + p + "1", num(whole + 1) + "." + p, num(whole * 100 + part), h.gold + "\\%"};
  return h;
}

Honest integers(Rng& r) {
  const int64_t v = r.range(-100000, 100000) + (r.chance(0.5) ? 0 : 1000000);
  const Text s = v < 0 ? "-" : "", a = num(v < 0 ? -v : v);
  Text comma, thin;
  for (size_t i = 0; i < a.size(); ++i) {
    const bool mark = i > 0 && (a.size() - i) % 3 == 0;
    comma += (mark ? "," : "") + Text(1, a[i]);
    thin += (mark ? ",\\!" : "") + Text(1, a[i]);
  }
  Honest h{num(v),
           {s + comma, s + thin, num(v) + ".0", num(v) + ".", " " + num(v) + " ", "(" + num(v) + ")",
            num(v) + " \\text{ cm}", "$" + num(v) + "$", "The answer is $" + num(v) + "$.", "n = " + num(v),
            num(v) + "^\\circ", "**" + num(v) + "**", num(2 * v) + "/2"},
           {}};
  h.other = {num(v + 1), num(v) + "1", num(v) + ".5", num(v) + ", " + num(v + 1), "\\pm " + num(v + 200001)};
  return h;
}

Honest roots(Rng& r) {
  const int64_t a = r.range(2, 12), b = std::vector<int64_t>{2, 3, 5, 6, 7, 10, 11, 13}[r.below(8)], c = r.range(1, 20);
  Honest h{num(c) + "+" + num(a) + "\\sqrt{" + num(b) + "}", {}, {}};
  h.same = {num(a) + "\\sqrt{" + num(b) + "}+" + num(c),
            num(c) + " + \\sqrt{" + num(a * a * b) + "}",
            num(c) + "+" + num(a) + "*sqrt(" + num(b) + ")",
            num(c) + "+" + num(a) + "√" + num(b),
            num(c) + "+" + num(a) + "\\cdot " + num(b) + "^{1/2}",
            "\\frac{" + num(2 * c) + "+" + num(2 * a) + "\\sqrt{" + num(b) + "}}{2}",
            num(c) + "+\\frac{" + num(a * b) + "}{\\sqrt{" + num(b) + "}}"};
  h.other = {num(c) + "-" + num(a) + "\\sqrt{" + num(b) + "}", num(a) + "+" + num(c + 40) + "\\sqrt{" + num(b) + "}",
             num(c) + "+" + num(a) + "\\sqrt[3]{" + num(b) + "}"};
  return h;
}

Honest pi_multiples(Rng& r) {
  const int64_t n = r.range(2, 60), d = r.range(2, 12);
  const Text N = num(n), D = num(d);
  Honest h{"\\frac{" + N + "\\pi}{" + D + "}",
           {N + "\\pi/" + D, "\\frac{" + N + "}{" + D + "}\\pi", N + "*pi/" + D, "(" + N + "/" + D + ")π",
            "\\frac{" + num(2 * n) + " \\pi}{" + num(2 * d) + "}"},
           {}};
  h.other = {"\\frac{" + N + "}{" + D + "}", "\\frac{" + num(n + 1) + "\\pi}{" + D + "}",
             "\\frac{" + N + "\\pi^2}{" + D + "}"};
  return h;
}

Honest polynomials(Rng& r) {
  const int64_t a = r.range(1, 9), b = r.range(1, 9), c = a + b, p = a * b;
  const Text A = num(a), B = num(b);
  Honest h{"x^2+" + num(c) + "x+" + num(p),
           {"(x+" + A + ")(x+" + B + ")", "(x+" + B + ")(x+" + A + ")", num(p) + " + " + num(c) + "x + x^{2}",
            "x^2 + " + num(c) + "*x + " + num(p), "x(x+" + num(c) + ")+" + num(p),
            "f(x) = x^2+" + num(c) + "x+" + num(p), "\\frac{2x^2+" + num(2 * c) + "x+" + num(2 * p) + "}{2}"},
           {}};
  h.other = {"(x-" + A + ")(x+" + B + ")", "x^2+" + num(c + 1) + "x+" + num(p), "y^2+" + num(c) + "y+" + num(p),
             "x^2+" + num(c) + "x-" + num(p)};
  return h;
}

Honest sets(Rng& r) {
  const int64_t a = r.range(-20, 0), b = r.range(1, 20), c = r.range(21, 40);
  const Text A = num(a), B = num(b), C = num(c);
  Honest h{A + ", " + B + ", " + C,
           {C + ", " + A + ", " + B, A + "," + C + "," + B, "\\{" + B + "," + A + "," + C + "\\}",
            A + ", " + B + " and " + C, A + ", " + B + ", \\text{ and } " + C, "x = " + A + ", " + B + ", " + C,
            "x=" + A + " or x=" + B + " or x=" + C},
           {}};
  h.other = {A + ", " + B, A + ", " + B + ", " + num(c + 1), A + ", " + B + ", " + C + ", 99",
             num(a - 1) + "," + B + "," + C};
  return h;
}

Honest tuples(Rng& r) {
  const Text a = num(r.range(-30, 30)), b = num(r.range(31, 60));
  Honest h{"(" + a + "," + b + ")",
           {"\\left(" + a + ", " + b + "\\right)", "( " + a + " , " + b + " )", "(x,y) = (" + a + "," + b + ")",
            "$(" + a + "," + b + ")$", "(" + a + ".0, " + b + ")"},
           {}};
  h.other = {"(" + b + "," + a + ")", "[" + a + "," + b + "]", "(" + a + "," + b + "]", "(" + a + "," + b + ",0)",
             "(" + b + "," + b + ")"};
  return h;
}

Honest intervals(Rng& r) {
  const Text a = num(r.range(-30, 30)), b = num(r.range(31, 60));
  Honest h{"[" + a + "," + b + ")",
           {"\\left[" + a + ", " + b + "\\right)", a + " \\le x < " + b, "x \\in [" + a + "," + b + ")",
            b + " > x \\geq " + a, a + " <= x < " + b, "[" + a + ".0," + b + ")"},
           {}};
  h.other = {"(" + a + "," + b + ")", "[" + a + "," + b + "]", a + " < x < " + b, "x \\ge " + a,
             "[" + a + "," + b + "1)"};
  return h;
}

Honest complex_numbers(Rng& r) {
  const Text a = num(r.range(1, 30)), b = num(r.range(2, 30));
  Honest h{a + "+" + b + "i",
           {b + "i+" + a, a + " + " + b + " i", a + "+i*" + b, "z = " + a + "+" + b + "i",
            "\\frac{" + b + "-" + a + "i}{-i}"},
           {}};
  h.other = {a + "-" + b + "i", b + "+" + a + "0i", a + "+" + b, b + "i"};
  return h;
}

Honest matrices(Rng& r) {
  const Text a = num(r.range(-9, 9)), b = num(r.range(1, 9)), c = num(r.range(-9, 9)), d = num(r.range(10, 20));
  const auto matrix = [](const Text& kind, const Text& body) {
    return "\\begin{" + kind + "} " + body + " \\end{" + kind + "}";
  };
  Honest h{matrix("pmatrix", a + " & " + b + " \\\\ " + c + " & " + d),
           {matrix("bmatrix", a + "&" + b + "\\\\" + c + "&" + d),
            matrix("pmatrix", a + "&" + b + "\\\\" + c + "&" + d + "\\\\"),
            "A = " + matrix("pmatrix", a + "&" + b + "\\\\" + c + "&" + d)},
           {}};
  h.other = {matrix("pmatrix", a + " & " + b + " \\\\ " + d + " & " + c),
             matrix("pmatrix", a + " & " + b + " & " + c + " & " + d),
             matrix("pmatrix", d + " & " + b + " \\\\ " + c + " & " + d)};
  return h;
}

Honest lines(Rng& r) {
  const int64_t m = r.range(2, 9), b = r.range(1, 9), k = r.range(2, 5);
  const Text M = num(m), B = num(b);
  Honest h{"y = " + M + "x + " + B,
           {"y=" + M + "x+" + B, "y = " + B + "+" + M + "x", M + "x - y + " + B + " = 0",
            num(k * m) + "x - " + num(k) + "y = -" + num(k * b), M + "x+" + B, "y - " + M + "x = " + B},
           {}};
  h.other = {"y = " + M + "x - " + B, "y = " + num(m + 1) + "x + " + B, M + "x + y + " + B + " = 0",
             "x = " + M + "y + " + B};
  return h;
}

}  // namespace

TEST_CASE("no honest answer is rejected or left undecided, no near miss accepted") {
  const std::vector<std::function<Honest(Rng&)>> makers = {fractions,    decimals,        integers, roots,
                                                           pi_multiples, polynomials,     sets,     tuples,
                                                           intervals,    complex_numbers, matrices, lines};
  Rng rng(21, Stream::kTest);
  int honest = 0, near = 0, accepted_near = 0, rejected = 0;
  for (int i = 0; i < 40; ++i)
    for (const auto& make : makers) {
      const Honest h = make(rng);
      for (const Text& s : h.same)
        for (const Text& shown : {s, "Therefore, the answer is $\\boxed{" + s + "}$."}) {
          if (shown != s && s.find('$') != Text::npos) continue;
          const math::Judgement j = math::judge(h.gold, shown);
          if (j.relation != Relation::kEqual)
            UNSCOPED_INFO(h.gold << " @ " << shown << ": " << name_of(j.relation) << " " << j.why);
          ++honest, rejected += j.relation != Relation::kEqual;
        }
      for (const Text& s : h.other) {
        const math::Judgement j = math::judge(h.gold, s);
        if (j.relation == Relation::kEqual) UNSCOPED_INFO(h.gold << " @ " << s << ": accepted");
        ++near, accepted_near += j.relation == Relation::kEqual;
      }
    }
  CHECK(rejected == 0);
  CHECK(accepted_near == 0);
  CHECK(honest >= 2000);
  CHECK(near >= 1000);
}
