// Paper: [R1 §2.2].
#include "rewards/math/verify.h"

#include <new>

#include "base/check.h"
#include "base/text.h"

namespace r1::math {
namespace {

/// Without blanks and the full stop at the end of a sentence.
std::string_view cleaned(std::string_view s) {
  s = trim(s);
  if (!s.empty() && s.back() == '.' && (s.size() < 2 || s[s.size() - 2] != '.')) s = trim(s.substr(0, s.size() - 1));
  while (s.substr(0, 2) == "**" && s.size() >= 4 && s.substr(s.size() - 2) == "**") s = trim(s.substr(2, s.size() - 4));
  return s;
}

Relation relation_of(Trouble t) {
  return t == Trouble::kMalformed || t == Trouble::kUndefined ? Relation::kDifferent : Relation::kUnknown;
}

struct Pair {
  std::string_view gold, answer;
};

/// Which of the ambiguous spellings occur.
struct Doubts {
  bool slash = false, unit = false, gold_has_unit = false;
};

Judgement failed(const Stop& stop, bool gold) {
  Judgement j;
  j.bad_gold = gold;
  j.relation = gold ? Relation::kUnknown : relation_of(stop.trouble);
  j.why = std::string(gold ? "reference: " : "") + stop.what;
  return j;
}

/// One reading of both texts.
Judgement compare_once(const Pair& p, const Reading& reading, Budget& budget, Doubts& doubts, bool show) {
  bool in_gold = true;
  Judgement j;
  try {
    Algebra algebra(budget);
    const Tree gold_tree = parse(p.gold, budget, reading);
    const Value gold = evaluate(gold_tree, algebra);
    if (gold.approximate) throw Stop{Trouble::kUnsupported, "only approximate"};
    if (show) j.gold_form = text(gold, algebra);
    doubts.gold_has_unit = doubts.gold_has_unit || gold.kind == ValueKind::kQuantity;
    in_gold = false;
    const Tree answer_tree = parse(p.answer, budget, reading);
    doubts.slash = doubts.slash || gold_tree.ambiguous_slash || answer_tree.ambiguous_slash;
    doubts.unit = doubts.unit || gold_tree.ambiguous_unit || answer_tree.ambiguous_unit;
    const Value answer = evaluate(answer_tree, algebra);
    if (show) j.answer_form = text(answer, algebra);
    Comparer comparer(algebra);
    j.relation = comparer.compare(gold, answer);
    j.why = comparer.why();
    if (j.relation == Relation::kEqual) j.why.clear();
    return j;
  } catch (const Stop& stop) {
    Judgement f = failed(stop, in_gold);
    f.gold_form = j.gold_form;
    return f;
  }
}

/// All readings: equal or different only if they agree.
Judgement compare_readings(const Pair& p, bool show) {
  Budget budget;
  Doubts doubts;
  Judgement first = compare_once(p, {}, budget, doubts, show);
  const bool units_sure = doubts.unit && doubts.gold_has_unit;
  if (units_sure) first = compare_once(p, {.tight_slash = true, .letter_units = true}, budget, doubts, show);
  for (int i = 1; i < 4 && !first.bad_gold; ++i) {
    const Reading r{.tight_slash = (i & 1) == 0, .letter_units = units_sure || (i & 2) != 0};
    if ((!r.tight_slash && !doubts.slash) || (r.letter_units && !doubts.unit) || (units_sure && i > 1)) continue;
    const Judgement other = compare_once(p, r, budget, doubts, false);
    if (other.relation == first.relation) continue;
    first.relation = Relation::kUnknown;
    first.why = "can be read in two ways";
  }
  first.fuel_used = kFuel - budget.left();
  return first;
}

std::string_view only_candidate(std::string_view s) {
  const Extracted e = extract_answer(s);
  return e.candidates.size() == 1 ? e.candidates[0] : s;
}

}  // namespace

Judgement compare_texts(std::string_view gold, std::string_view answer, bool show_forms) {
  const std::string_view g = cleaned(gold), x = cleaned(answer);
  Judgement j;
  try {
    if (x.size() > kMaxText) {
      j.relation = Relation::kDifferent, j.why = "longer than an answer may be";
      if (const auto fault = gold_fault(gold)) j.relation = Relation::kUnknown, j.bad_gold = true, j.why = *fault;
      return j;
    }
    return compare_readings({g, x}, show_forms);
  } catch (const std::bad_alloc&) {
    j.relation = Relation::kUnknown;
    return j;
  }
}

Judgement judge(std::string_view gold, std::string_view output, bool show_forms) {
  const Extracted e = extract_answer(output);
  const std::string_view g = only_candidate(gold);
  Judgement out;
  if (e.candidates.empty()) {
    const auto fault = gold_fault(gold);
    out.relation = fault ? Relation::kUnknown : Relation::kDifferent;
    out.bad_gold = fault.has_value(), out.why = fault ? *fault : "no answer outside of the thought",
    out.source = e.source;
    return out;
  }
  for (size_t i = 0; i < e.candidates.size(); ++i) {
    Judgement j = e.candidates.size() > 8 ? compare_texts(g, "") : compare_texts(g, e.candidates[i], show_forms);
    const bool worse = i == 0 || j.relation == Relation::kDifferent ||
                       (j.relation == Relation::kUnknown && out.relation == Relation::kEqual);
    if (worse) out = std::move(j);
    if (e.candidates.size() > 1 && out.relation != Relation::kEqual && out.why.empty())
      out.why = "several answers, not all right";
    if (out.bad_gold || out.relation == Relation::kDifferent) break;
  }
  out.source = e.source;
  return out;
}

std::optional<std::string> gold_fault(std::string_view gold) {
  try {
    Budget budget;
    Algebra algebra(budget);
    const Value v = evaluate(parse(cleaned(only_candidate(gold)), budget), algebra);
    if (v.approximate) return "reference: only approximate";
    return std::nullopt;
  } catch (const Stop& stop) {
    return std::string("reference: ") + stop.what;
  } catch (const std::bad_alloc&) {
    return "reference: too large";
  }
}

void check_gold(const std::string& problem, const std::string& gold) {
  if (const auto fault = gold_fault(gold))
    fail("problem ", in_quotes(problem, 80), ": answer ", in_quotes(gold), ": ", *fault,
         ", expected an answer that the math verifier can read");
}

std::optional<std::pair<double, double>> numeric_value(std::string_view text,
                                                       const std::map<std::string, std::string>& at) {
  try {
    Budget budget;
    Algebra algebra(budget);
    std::map<std::string, Exact> known;
    for (const auto& [name, value] : at) {
      const Value v = evaluate(parse(value, budget), algebra);
      const auto r = algebra.rational(v.form);
      if (!r) return std::nullopt;
      known[name] = *r;
    }
    const Value v = evaluate(parse(cleaned(text), budget), algebra, known);
    const bool number = v.kind == ValueKind::kForm || v.kind == ValueKind::kQuantity || v.kind == ValueKind::kBased;
    if (!number || algebra.has_variables(v.form)) return std::nullopt;
    const ComplexBounds b = algebra.bounds(v.form, 0);
    if (!b.is_real()) return std::nullopt;
    return std::pair(b.re.lo, b.re.hi);
  } catch (const Stop&) {
    return std::nullopt;
  }
}

}  // namespace r1::math
