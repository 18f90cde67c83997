// Problem `index` of "order-1" has level index % 3 + 1. Paper: [R1 §2.2].
#include "tasks/order_1.h"

#include <algorithm>

#include "base/check.h"
#include "tasks/drawn_task.h"

namespace r1 {
namespace {

const std::string kNames[2][5] = {{"Ann", "Bob", "Cy", "Dan", "Eve"}, {"甲", "乙", "丙", "丁", "戊"}};

template <int language>
Problem draw_problem(int level, Rng& rng) {
  return order_problem(draw_order(level, rng), language);
}

R1_REGISTER(TaskFactory, "order-1", [] { return drawn_task("order-1", kOrderLevels, 64, draw_problem<0>); });
R1_REGISTER(TaskFactory, "order-1-zh", [] { return drawn_task("order-1-zh", kOrderLevels, 64, draw_problem<1>); });

}  // namespace

OrderPuzzle draw_order(int level, Rng& rng) {
  R1_CHECK(level >= 1 && level <= kOrderLevels, "order-1: level ", level, ", expected 1 to ", kOrderLevels);
  std::vector<int> people{0, 1, 2, 3, 4};
  shuffle(people, rng);
  OrderPuzzle p;
  p.row.assign(people.begin(), people.begin() + level + 2);
  const size_t n = p.row.size();
  for (size_t i = 0; i + 1 < n; ++i) p.told.emplace_back(p.row[i], p.row[i + 1]);
  const size_t far = rng.below(static_cast<uint32_t>(n - 2));
  p.told.emplace_back(p.row[far], p.row[far + 2]);
  shuffle(p.told, rng);
  return p;
}

const std::string& order_name(int person, int language) {
  R1_CHECK(person >= 0 && person < 5 && (language == 0 || language == 1), "order-1: person ", person, ", language ",
           language);
  return kNames[language][person];
}

std::string order_question(const OrderPuzzle& p, int language) {
  std::string out = language ? "序:" : "order ";
  for (size_t i = 0; i < p.told.size(); ++i)
    out += cat(i ? "," : "", order_name(p.told[i].first, language), "<", order_name(p.told[i].second, language));
  return out + "?";
}

Problem order_problem(const OrderPuzzle& puzzle, int language) {
  Problem p;
  p.task = "order-1";
  p.prompt = order_question(puzzle, language);
  p.checker = "ordering";
  p.language = language ? "zh" : "en";
  p.level = static_cast<int>(puzzle.row.size()) - 2;
  std::vector<std::string> relations;
  for (const int person : puzzle.row) p.answer += cat(p.answer.empty() ? "" : ",", order_name(person, language));
  p.data = p.answer;
  std::replace(p.data.begin(), p.data.end(), ',', ' ');
  for (const auto& [before, after] : puzzle.told) {
    p.data += cat(";", order_name(before, language), "<", order_name(after, language));
    relations.push_back(cat(before, "<", after));
  }
  // The key is the set of what is told: its order makes no other problem, nor does the language.
  std::sort(relations.begin(), relations.end());
  p.key = "order-1:";
  for (const std::string& r : relations) p.key += r + ",";
  return p;
}

}  // namespace r1
