// Orderings for the toy world r1-1: who stands before whom, told in shuffled order; the answer is the whole row. Levels
// 1 to 3 have three, four and five people. One row fits, because each neighbour pair is told. Paper: [R1 §2.2],
// [R1 App. B.3.1] (logic).
#pragma once
#include <string>
#include <vector>

#include "base/rng.h"
#include "tasks/problem.h"

namespace r1 {

inline constexpr int kOrderLevels = 3;

struct OrderPuzzle {
  std::vector<int> row;                   ///< people, first to last
  std::vector<std::pair<int, int>> told;  ///< (before, after), shuffled: neighbours, and one that follows from them
};

OrderPuzzle draw_order(int level, Rng& rng);
/// A person's name, 0..4: Ann, Bob, Cy, Dan, Eve or Chinese ones.
const std::string& order_name(int person, int language);
/// "order Cy<Bob,Ann<Cy?".
std::string order_question(const OrderPuzzle& p, int language);
Problem order_problem(const OrderPuzzle& p, int language);

}  // namespace r1
