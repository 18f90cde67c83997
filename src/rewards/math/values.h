// What an answer means: a number or expression, or sets, tuples, intervals, matrices, equations, words made of them.
// In: a syntax tree. Out: Value, or Stop. Paper: [R1 §2.2].
#pragma once
#include <map>
#include <string>
#include <vector>

#include "rewards/math/algebra.h"
#include "rewards/math/syntax.h"

namespace r1::math {

enum class ValueKind : uint8_t {
  kForm,      ///< form
  kInfinity,  ///< sign
  kQuantity,  ///< form with unit
  kBased,     ///< form, written in base `columns`
  kBracket,   ///< items between the brackets of `text`: a tuple or an interval
  kSet,       ///< items, unordered, each once
  kList,      ///< items, unordered; text: "", "and", "or"
  kMatrix,    ///< items row by row in `columns`
  kRatio,     ///< items
  kPieces,    ///< intervals of a line: items are brackets of two, sorted and apart
  kEquation,  ///< items 0 = items 1
  kRelation,  ///< another relation: items with the signs of `text` between them
  kText,      ///< text
};

struct Value {
  ValueKind kind = ValueKind::kForm;
  Form form;
  Unit unit;
  int sign = 1, columns = 0;
  std::string text;
  std::string letters;  ///< the text of a bare run of letters: "xy", "no", "C"
  std::string label;    ///< what it is the value of: the x of x = 5
  std::vector<Value> items;
  bool unfinished = false;   ///< holds arithmetic that was left to the reader, such as 47+38
  bool approximate = false;  ///< stands behind a sign of approximation
};

/// Works out a tree. Names in `known` are replaced by numbers.
Value evaluate(const Tree& tree, Algebra& algebra, const std::map<std::string, Exact>& known = {});

/// Normal form for people.
std::string text(const Value& v, Algebra& algebra);

}  // namespace r1::math
