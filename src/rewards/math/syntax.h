// The syntax tree of an answer: what was written, nothing worked out. Nodes lie in one array and name each other by
// index, so that a tree is freed without recursion. Paper: [R1 §2.2].
#pragma once
#include <string>
#include <vector>

#include "rewards/math/exact.h"
#include "rewards/math/units.h"

namespace r1::math {

enum class NodeKind : uint8_t {
  kNumber,      ///< number
  kName,        ///< text: a variable, with its subscript
  kConstant,    ///< text: pi, e, i, infinity, emptyset, Reals
  kSum,         ///< kids added
  kNegative,    ///< -kid
  kProduct,     ///< kids multiplied; text "explicit" if a sign stands between them
  kQuotient,    ///< kid 0 / kid 1
  kPower,       ///< kid 0 to kid 1
  kCall,        ///< text: function; kids: arguments; `base`: subscript or index, -1 if none
  kPlusMinus,   ///< kid 0 (may be -1) +- kid 1; text "p" or "m"
  kModulo,      ///< kid 0 mod kid 1
  kDegree,      ///< kid with a degree sign
  kPercent,     ///< kid percent
  kBracket,     ///< kids between brackets; text: the two brackets, "(]"; one kid in "()" is no bracket
  kSet,         ///< kids between curly brackets
  kMatrix,      ///< kids row by row, `base` columns
  kRelation,    ///< kids with text[i] between kid i and i+1: = < > l g n a E
  kList,        ///< kids separated by commas, "and", "or"
  kUnion,       ///< kids with U, I, D between them
  kRatio,       ///< kids separated by colons
  kText,        ///< text: words
  kBased,       ///< number, `base` its base
  kQuantity,    ///< kid with `unit`
  kDerivative,  ///< kid 0 variable, 1 body
  kIntegral,    ///< kid 0 variable, 1 body; 2 and 3 the limits, if any
  kSumOver,     ///< text "sum" or "prod": kid 0 variable, 1 first, 2 last, 3 body
};

struct Node {
  NodeKind kind = NodeKind::kNumber;
  int base = -1;
  Exact number;
  std::string text;
  std::vector<int> kids;
  Unit unit;
};

struct Tree {
  std::vector<Node> nodes;
  int root = -1;
  /// The text has "1/2x" or the like, which people read in two ways.
  bool ambiguous_slash = false;
  /// A number is followed by one letter that may be a unit: "5 m".
  bool ambiguous_unit = false;
  const Node& operator[](int i) const { return nodes[static_cast<size_t>(i)]; }
};

/// How to read what is ambiguous.
struct Reading {
  bool tight_slash = true;    ///< 1/2x is 1/(2x)
  bool letter_units = false;  ///< 5 m is five metres
};

/// Throws Stop.
Tree parse(std::string_view text, Budget& budget, const Reading& reading = {});

}  // namespace r1::math
