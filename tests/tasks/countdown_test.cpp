#include <algorithm>
#include <set>
#include <sstream>

#include "rewards/checker.h"
#include "support/catch.h"
#include "support/shared_data.h"
#include "tasks/countdown.h"
#include "tasks/document.h"

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

TEST_CASE("countdown-3 is solved from left to right, and its documents say only what is true") {
  const auto task = Registry<TaskFactory>::get().find("task", "countdown-3")();
  const auto corpus = Registry<CorpusFactory>::get().find("corpus", "countdown-3")(Json::object());
  for (uint32_t i = 0; i < 200; ++i) {
    const Problem p = task->problem(1, Split::kDev, i);
    const std::vector<int> n = countdown_numbers(p);
    REQUIRE(n.size() == 3);
    bool found = false;
    std::vector<int> order = {0, 1, 2};
    do {
      for (const char a : {'+', '-', '*', '/'})
        for (const char b : {'+', '-', '*', '/'}) {
          const int first = countdown_combine(a, n[order[0]], n[order[1]]);
          found = found || (first && countdown_combine(b, first, n[order[2]]) == std::stoi(p.answer));
        }
    } while (std::next_permutation(order.begin(), order.end()));
    CHECK(found);
  }
  int said_yes = 0, said_no = 0;
  for (uint64_t i = 0; i < 2000; ++i) {
    const Document d = corpus->document(3, i, 0);
    const std::string text = plain(d.body);
    INFO(d.question << " " << text);
    if (d.question.empty()) continue;
    const std::string target = d.question.substr(5, d.question.find(' ', 5) - 5);
    for (size_t at = text.find("try "); at != std::string::npos; at = text.find("try ", at + 1)) {
      const std::string line = text.substr(at + 4, text.find(';', at) - at - 4);
      const size_t last = line.rfind('='), verdict = line.find(' ');
      const bool yes = line.substr(verdict) == " of " + target + " yes";
      CHECK((yes || line.substr(verdict) == " of " + target + " no"));
      ++(yes ? said_yes : said_no);
      CHECK(yes == (line.substr(last + 1, verdict - last - 1) == target));
    }
  }
  CHECK((said_yes > 50 && said_no > 200));
  CHECK_THROWS_WITH(Registry<CorpusFactory>::get().find("corpus", "countdown-3")(Json::parse(R"({"tag_full": 0.9})")),
                    ContainsSubstring("tag_full and tag_part sum to 1.05"));
}

TEST_CASE("countdown asks the same problems in Chinese") {
  const auto english = Registry<TaskFactory>::get().find("task", "countdown-3")();
  const auto chinese = Registry<TaskFactory>::get().find("task", "countdown-3-zh")();
  for (uint32_t i = 0; i < 20; ++i) {
    const Problem p = english->problem(2, Split::kDev, i), q = chinese->problem(2, Split::kDev, i);
    CHECK(p.key == q.key);
    CHECK(p.data == q.data);
    CHECK(q.language == "zh");
    std::string numbers = q.data;
    std::replace(numbers.begin(), numbers.end(), ' ', ',');
    CHECK(q.prompt == "凑" + q.answer + "用" + numbers);
  }
}
