// The task "countdown": reach a target from given numbers with + - * / and brackets, each number exactly once. Solvable
// by construction: a random tree over the numbers whose every intermediate result is a positive whole number. Levels:
// 1 three numbers, sums only; 2 three numbers with a product or quotient; 3 and 4 the same with four numbers. The toy
// world "countdown-3" has levels 1 and 2 with numbers of one digit, solved from left to right.
// Trap: the target fixes no single solution; only the checker decides. Paper: [R1 §2.2], [R1 App. B.3.1] (logic).
#include "tasks/countdown.h"

#include <algorithm>
#include <sstream>

#include "base/check.h"

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

class Countdown final : public Task {
 public:
  explicit Countdown(const Family& family) : family_(family) {}
  std::string name() const override { return family_.name; }
  int levels() const override { return family_.levels; }

  Problem problem(uint64_t seed, Split split, uint32_t index) const override {
    Rng rng(seed, Stream::kTask, index, 16 + static_cast<uint32_t>(split));
    Problem p;
    p.task = "countdown";
    p.checker = "countdown";
    p.language = family_.chinese ? "zh" : "en";
    p.level = static_cast<int>(index % static_cast<uint32_t>(family_.levels)) + 1;
    do {
      Draw d;
      while (!draw_tree(family_, p.level, rng, d)) {
      }
      p.data.clear(), p.prompt = family_.chinese ? "凑" : "make ";
      p.prompt += std::to_string(d.target), p.prompt += family_.chinese ? "用" : " from";
      for (size_t k = 0; k < d.numbers.size(); ++k) {
        const std::string n = std::to_string(d.numbers[k]);
        p.prompt += k ? "," : "", p.prompt += family_.chinese ? "" : " ", p.prompt += n;
        p.data += k ? " " : "", p.data += n;
      }
      p.answer = std::to_string(d.target);
      p.key = cat("countdown:", p.data, "=", p.answer);
    } while (split_of(p.key) != split);
    return p;
  }

 private:
  Family family_;
};

R1_REGISTER(TaskFactory, "countdown", [] { return std::unique_ptr<Task>(new Countdown({"countdown", 4, 20, false})); });
R1_REGISTER(TaskFactory, "countdown-3", [] {
  return std::unique_ptr<Task>(new Countdown({"countdown-3", 2, 9, true}));
});

R1_REGISTER(TaskFactory, "countdown-zh", [] {
  return std::unique_ptr<Task>(new Countdown({"countdown-zh", 4, 20, false, true}));
});
R1_REGISTER(TaskFactory, "countdown-3-zh", [] {
  return std::unique_ptr<Task>(new Countdown({"countdown-3-zh", 2, 9, true, true}));
});

}  // namespace
}  // namespace r1
