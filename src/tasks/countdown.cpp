// The task "countdown": reach a target from given numbers with + - * / and brackets, each number exactly once. Solvable
// by construction: a random tree over the numbers whose every intermediate result is a positive whole number. Levels:
// 1 three numbers, sums only; 2 three numbers with a product or quotient; 3 and 4 the same with four numbers. The toy
// world "countdown-3" has levels 1 and 2 with numbers of one digit, solved from left to right.
// Trap: the target fixes no single solution; only the checker decides. Paper: [R1 §2.2], [R1 App. B.3.1] (logic).
#include "tasks/countdown.h"

#include <algorithm>
#include <sstream>

#include "base/check.h"
#include "tasks/drawn_task.h"

namespace r1 {
namespace {

constexpr int kLargestResult = 99;

/// One of the two families.
struct Family {
  const char* name;
  int levels;
  int largest_number;
  bool left_to_right;  ///< solvable as (a op b) op c
  bool chinese = false;
};

struct Draw {
  std::vector<int> numbers;  ///< ascending
  int target = 0;
};

}  // namespace

int countdown_combine(char op, int a, int b) {
  int v = 0;
  switch (op) {
    case '+':
      v = a + b;
      break;
    case '-':
      v = a - b;
      break;
    case '*':
      v = a * b;
      break;
    default:
      v = a % b == 0 ? a / b : 0;
  }
  return v >= 1 && v <= kLargestResult ? v : 0;
}

std::vector<int> countdown_numbers(const Problem& problem) {
  std::vector<int> numbers;
  std::istringstream in(problem.data);
  for (int n; in >> n;) numbers.push_back(n);
  return numbers;
}

namespace {

/// Joins two of the values until one is left; false if the tree leaves the bounds or lacks what its level asks for.
bool draw_tree(const Family& family, int level, Rng& rng, Draw& out) {
  const size_t count = level <= 2 ? 3 : 4;
  const bool products = level % 2 == 0;
  std::vector<int> values;
  for (size_t k = 0; k < count; ++k) values.push_back(rng.range(1, family.largest_number));
  out.numbers = values;
  bool has_product = false;
  while (values.size() > 1) {
    if (family.left_to_right && values.size() == 2) {
      std::swap(values[0], values[1]);  // what has been reached goes on the left
    } else {
      shuffle(values, rng);
    }
    const char op = "+-*/"[rng.below(products ? 4 : 2)];
    has_product = has_product || op == '*' || op == '/';
    const int b = values.back();
    values.pop_back();
    const int v = countdown_combine(op, values.back(), b);
    if (v == 0) return false;
    values.back() = v;
  }
  out.target = values[0];
  std::sort(out.numbers.begin(), out.numbers.end());
  const bool given_away = std::find(out.numbers.begin(), out.numbers.end(), out.target) != out.numbers.end();
  return has_product == products && !given_away;
}

Problem draw_problem(const Family& family, int level, Rng& rng) {
  Draw d;
  while (!draw_tree(family, level, rng, d)) {
  }
  Problem p;
  p.task = "countdown";
  p.checker = "countdown";
  p.language = family.chinese ? "zh" : "en";
  p.level = level;
  p.prompt = cat(family.chinese ? "凑" : "make ", d.target, family.chinese ? "用" : " from");
  for (size_t k = 0; k < d.numbers.size(); ++k) {
    p.prompt += cat(k ? "," : "", family.chinese ? "" : " ", d.numbers[k]);
    p.data += cat(k ? " " : "", d.numbers[k]);
  }
  p.answer = std::to_string(d.target);
  p.key = cat("countdown:", p.data, "=", p.answer);
  return p;
}

std::unique_ptr<Task> make(const Family& family) {
  return drawn_task(family.name, family.levels, 16,
                    [family](int level, Rng& rng) { return draw_problem(family, level, rng); });
}

R1_REGISTER(TaskFactory, "countdown", [] { return make({"countdown", 4, 20, false}); });
R1_REGISTER(TaskFactory, "countdown-3", [] { return make({"countdown-3", 2, 9, true}); });
R1_REGISTER(TaskFactory, "countdown-zh", [] { return make({"countdown-zh", 4, 20, false, true}); });
R1_REGISTER(TaskFactory, "countdown-3-zh", [] { return make({"countdown-3-zh", 2, 9, true, true}); });

}  // namespace
}  // namespace r1
