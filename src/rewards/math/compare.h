// Whether two worked-out answers say the same. The first is the reference, and the rules are not symmetric: a reference
// in finished or solved form asks for one. Paper: [R1 §2.2].
#pragma once
#include <string>

#include "rewards/math/values.h"

namespace r1::math {

enum class Relation : uint8_t { kEqual, kDifferent, kUnknown };
const char* name_of(Relation r);

class Comparer {
 public:
  explicit Comparer(Algebra& algebra) : a_(algebra) {}
  /// May throw Stop. `why()` tells afterwards which rule spoke, if not plain equality.
  Relation compare(const Value& gold, const Value& answer);
  const char* why() const { return why_; }

 private:
  Relation say(Relation r, const char* why) {
    why_ = why;
    return r;
  }
  Relation from(Truth zero) const;
  Relation body(const Value& g, const Value& x);
  Relation same_kind(const Value& g, const Value& x);
  Relation forms(const Form& g, const Form& x);
  Relation numbers(const Value& g, const Value& x);
  Relation letters(const Value& g, const Value& x);
  Relation quantities(const Value& g, const Value& x);
  Relation quantity_and_number(const Value& quantity, const Value& number);
  Relation based(const Value& g, const Value& x);
  Relation in_order(const Value& g, const Value& x);
  Relation unordered(const Value& g, const Value& x);
  Relation matched(std::vector<const Value*> g, std::vector<const Value*> x);
  std::vector<const Value*> distinct(const Value& v);
  Relation equations(const Value& g, const Value& x);
  Relation with_equation(const Value& g, const Value& x);
  Relation proportional(const Form& g, const Form& x, bool positive);
  Relation relations(const Value& g, const Value& x);
  bool linear(const Form& f) const;

  Algebra& a_;
  const char* why_ = "";
};

}  // namespace r1::math
