#include <algorithm>
#include <set>
#include <sstream>

#include "rewards/checker.h"
#include "support/catch.h"
#include "support/shared_data.h"
#include "tasks/problem.h"

using namespace r1;

namespace {

/// An expression over the texts that the checker finds right, by trying everything; "" if there is none.
std::string solve(const Problem& p, std::vector<std::string> parts) {
  if (parts.size() == 1) return check_answer(p, parts[0]) == Verdict::kRight ? parts[0] : "";
  for (size_t i = 0; i < parts.size(); ++i)
    for (size_t j = 0; j < parts.size(); ++j) {
      if (i == j) continue;
      for (const char op : {'+', '-', '*', '/'}) {
        std::vector<std::string> next;
        for (size_t k = 0; k < parts.size(); ++k)
          if (k != i && k != j) next.push_back(parts[k]);
        std::string joined = "(";
        joined.append(parts[i]).append(1, op).append(parts[j]).append(")");
        next.push_back(joined);
        const std::string found = solve(p, next);
        if (!found.empty()) return found;
      }
    }
  return "";
}

std::vector<std::string> words(const std::string& text, char separator) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string w; std::getline(in, w, separator);) out.push_back(w);
  return out;
}

}  // namespace

TEST_CASE("every countdown problem has a solution, by exhaustive search") {
  const auto task = Registry<TaskFactory>::get().find("task", "countdown")();
  std::set<std::string> keys;
  for (uint32_t i = 0; i < 48; ++i) {
    const Problem p = task->problem(5, Split::kTest, i);
    INFO(p.prompt);
    CHECK(split_of(p.key) == Split::kTest);
    CHECK(p.level == static_cast<int>(i % 4) + 1);
    CHECK(words(p.data, ' ').size() == (p.level <= 2 ? 3u : 4u));
    CHECK_FALSE(solve(p, words(p.data, ' ')).empty());
    CHECK(check_answer(p, p.answer) == Verdict::kWrong);  // stating the target is no solution
    keys.insert(p.key);
    CHECK(task->problem(5, Split::kTest, i).prompt == p.prompt);
  }
  CHECK(keys.size() > 44);
}

TEST_CASE("the checker finds solutions of problems made by others", "[shared]") {
  const auto text = r1_test::shared_file("countdown/countdown_cd3_test.jsonl");
  if (!text) return;
  int solved = 0, rows = 0;
  for (const auto& row : r1_test::json_lines(*text)) {
    if (++rows > 60) break;
    Problem p;
    p.checker = "countdown", p.answer = row.at("output").get<std::string>();
    p.data = row.at("input").get<std::string>();
    const auto parts = words(p.data, ',');
    std::replace(p.data.begin(), p.data.end(), ',', ' ');
    solved += !solve(p, parts).empty();
  }
  CHECK(solved == 60);
}
