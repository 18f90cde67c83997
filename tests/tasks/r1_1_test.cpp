// World r1-1: STEM questions with one right option, orderings with one right row, the mixture's shares and splits.
#include <algorithm>
#include <map>
#include <set>

#include "rewards/checker.h"
#include "support/catch.h"
#include "tasks/document.h"
#include "tasks/order_1.h"
#include "tasks/stem_1.h"

using namespace r1;

namespace {

std::unique_ptr<Task> task(const std::string& name) { return Registry<TaskFactory>::get().find("task", name)(); }
std::unique_ptr<Corpus> corpus(const std::string& name, const Json& recipe = Json::object()) {
  return Registry<CorpusFactory>::get().find("corpus", name)(recipe);
}

}  // namespace

TEST_CASE("a STEM question has four different options, one of them right") {
  Rng rng(3, Stream::kTest);
  int place[kStemOptions] = {};
  for (int i = 0; i < 600; ++i) {
    const StemQuestion q = draw_stem(i % kStemLevels + 1, rng);
    const Problem p = stem_problem(q, i % 2);
    INFO(p.prompt);
    REQUIRE(q.options.size() == kStemOptions);
    CHECK(std::set<int>(q.options.begin(), q.options.end()).size() == kStemOptions);
    CHECK(q.options[static_cast<size_t>(q.right)] == q.answer);
    CHECK(q.steps.size() == (q.level == 3 ? 2u : 1u));
    int right = 0;
    for (const char* letter : {"A", "B", "C", "D"}) right += check_answer(p, letter) == Verdict::kRight;
    CHECK(right == 1);
    CHECK(check_answer(p, p.answer) == Verdict::kRight);
    ++place[q.right];
  }
  for (const int n : place) CHECK(n > 100);  // the place gives nothing away
}

TEST_CASE("a STEM question reads as worked by hand, in both languages") {
  StemQuestion q;
  q.given = {{"mass", 6}, {"acceleration", 4}}, q.asked = "force", q.answer = 24;
  q.options = {10, 24, 2, 23}, q.right = 1, q.steps = {"6*4=24"};
  CHECK(stem_text(q, 0) == "stem mass:6,acceleration:4;force?A10,B24,C2,D23");
  CHECK(stem_text(q, 1) == "理:质量:6,加速度:4;力?A10,B24,C2,D23");
  CHECK(stem_problem(q, 0).answer == "B");
  StemQuestion other = q;
  std::swap(other.given[0], other.given[1]);
  std::swap(other.options[0], other.options[1]);
  CHECK(stem_problem(q, 0).key == stem_problem(other, 1).key);  // the same problem: order and language aside
}

TEST_CASE("an ordering has exactly one right row") {
  Rng rng(4, Stream::kTest);
  for (int i = 0; i < 90; ++i) {
    const OrderPuzzle puzzle = draw_order(i % kOrderLevels + 1, rng);
    const Problem p = order_problem(puzzle, i % 2);
    INFO(p.prompt << " " << p.data);
    CHECK(p.level == i % kOrderLevels + 1);
    std::vector<int> row = puzzle.row;
    std::sort(row.begin(), row.end());
    int right = 0;
    do {
      std::string answer;
      for (const int person : row) answer += order_name(person, i % 2) + " ";
      right += check_answer(p, answer) == Verdict::kRight;
    } while (std::next_permutation(row.begin(), row.end()));
    CHECK(right == 1);
    CHECK(check_answer(p, p.answer) == Verdict::kRight);
  }
}

TEST_CASE("the parts' splits are disjoint and the same every time") {
  for (const char* name : {"stem-1", "order-1", "stem-1-zh", "order-1-zh", "r1-1"}) {
    const auto t = task(name);
    std::map<std::string, Split> seen;
    for (const Split split : {Split::kTrain, Split::kDev, Split::kTest})
      for (uint32_t i = 0; i < 60; ++i) {
        const Problem p = t->problem(3, split, i);
        INFO(name << ": " << p.prompt);
        CHECK(p.level == static_cast<int>(i % static_cast<uint32_t>(t->levels())) + 1);
        CHECK(seen.try_emplace(p.key, split).first->second == split);
        CHECK(t->problem(3, split, i).prompt == p.prompt);
      }
  }
}

TEST_CASE("no document of a part asks a held-out problem, and worked answers are right") {
  for (const char* name : {"stem-1", "order-1"}) {
    const auto t = task(name);
    std::map<std::string, Problem> held_out;
    for (const Split split : {Split::kDev, Split::kTest})
      for (uint32_t i = 0; i < 500; ++i) {
        const Problem p = t->problem(0, split, i);
        held_out.emplace(p.prompt, p);
      }
    const auto c = corpus(name);
    for (uint64_t i = 0; i < 2000; ++i) CHECK_FALSE(held_out.count(c->document(0, i, 0).question));
  }
}

TEST_CASE("the mixture draws its parts by their shares, and their recipes are its fields") {
  const auto c = corpus("r1-1");
  std::map<std::string, int> first;
  for (uint64_t i = 0; i < 4000; ++i) {
    const Document d = c->document(5, i, 0.9);
    const std::string text = d.question.empty() ? plain(d.body) : d.question;
    ++first[text.substr(0, text.find(' '))];
  }
  CHECK(first["stem"] > 120);
  CHECK(first["order"] > 160);
  CHECK(first["make"] > 300);
  CHECK(first["code"] > 400);
  CHECK(first["calc"] > 500);
  const Json recipe = c->recipe();
  CHECK(recipe.at("code-1").at("goes_on") == 0.5);
  CHECK(corpus("r1-1", Json{{"code-1", {{"goes_on", 0.25}}}})->recipe().at("code-1").at("goes_on") == 0.25);
  CHECK_THROWS_WITH(corpus("r1-1", Json{{"share", {1}}}), ContainsSubstring("shares"));
  CHECK_THROWS_WITH(corpus("r1-1", Json{{"shares", {.5, .5}}}), ContainsSubstring("expected 5 numbers"));
  CHECK_THROWS_WITH(corpus("r1-1", Json{{"code-1", {{"goes", 1}}}}), ContainsSubstring("goes"));
}
