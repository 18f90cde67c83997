// What the parts of the algebra share about functions. Paper: [R1 §2.2].
#pragma once
#include <utility>
#include <vector>

#include "rewards/math/algebra.h"

namespace r1::math {

/// e^exponent as a product of powers of e.
Form exponential_of(Algebra& a, const Form& exponent);
/// Factors of v >= 1 with their powers; a factor over 4e8 may be composite.
std::vector<std::pair<BigInt, int64_t>> factored(Algebra& a, const BigInt& v);

}  // namespace r1::math
