// Sets of real numbers as intervals: sorted, merged where they touch, so that equal sets are equal piece by piece.
// Paper: [R1 §2.2].
#pragma once
#include <string>
#include <vector>

#include "rewards/math/values.h"

namespace r1::math {

Value whole_pieces();
/// A bracket of two, a set of numbers or pieces themselves; Stop kUnsupported for anything else.
Value to_pieces(const Value& v, Algebra& a);
/// Union (U), intersection (I) or difference (D) of all items, each of which is pieces.
Value combine_pieces(Value list, char operation, Algebra& a);
/// The solution set of `sides` with `signs` between them, where sides[variable] is the bare variable `name`.
Value pieces_of_inequality(const std::string& signs, const std::vector<Value>& sides, size_t variable,
                           const std::string& name, Algebra& a);

}  // namespace r1::math
