// What the countdown task and the documents about it share. Paper: [R1 App. B.3.1] (logic).
#pragma once
#include <vector>

#include "tasks/problem.h"

namespace r1 {

/// a op b (+ - * /) if it is a whole number from 1 to 99, else 0.
int countdown_combine(char op, int a, int b);
/// The numbers of a countdown problem, ascending.
std::vector<int> countdown_numbers(const Problem& problem);

}  // namespace r1
