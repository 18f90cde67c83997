// An evaluation of three problems worked by hand, and its record.
#include "eval/summary.h"

#include <cmath>

#include "base/log.h"
#include "support/catch.h"

using namespace r1;

namespace {

Judged judged(int problem, int level, const std::string& answer, bool correct, int length, const std::string& text) {
  Judged j;
  j.problem = problem, j.level = level, j.language = level == 1 ? "en" : "zh", j.correct = correct;
  j.format = !answer.empty(), j.answer = answer, j.length = length, j.truncated = length >= 100, j.text = text;
  return j;
}

// Problem 0: 3 of 4 right. Problem 1: 1 of 4 right, votes tie 1:1:1 with one unreadable. Problem 2: all unreadable.
std::vector<Judged> answers() {
  return {judged(0, 1, "5", true, 10, "so 5"),        judged(0, 1, "5", true, 20, "wait so 5"),
          judged(0, 1, "5", true, 30, "so 5"),        judged(0, 1, "6", false, 20, "so 6"),
          judged(1, 2, "7", true, 40, "wait no but"), judged(1, 2, "8", false, 40, "等等"),
          judged(1, 2, "9", false, 40, ""),           judged(1, 2, "", false, 100, ""),
          judged(2, 2, "", false, 100, ""),           judged(2, 2, "", false, 100, ""),
          judged(2, 2, "", false, 100, ""),           judged(2, 2, "", false, 100, "")};
}

bool near(double a, double b) { return std::abs(a - b) < 1e-12; }

}  // namespace

TEST_CASE("figures of three problems by hand") {
  const EvalSummary s = summarize(answers(), {4, {1, 2}, {"等等"}, 200, 3});
  CHECK(s.samples == 4);
  CHECK(s.all.problems == 3);
  CHECK(near(s.all.pass_at_1.value, (0.75 + 0.25 + 0) / 3));
  CHECK(near(s.all.cons.value, (1 + 0.25 + 0) / 3));  // problem 1: four candidates of one vote each
  CHECK(near(s.all.cons_gain.value, s.all.cons.value - s.all.pass_at_1.value));
  CHECK(near(s.all.format.value, (1 + 0.75 + 0) / 3));
  CHECK(near(s.all.unparsed.value, 1 - s.all.format.value));
  CHECK(near(s.all.length.value, (20 + 55 + 100) / 3.0));
  CHECK(near(s.all.truncated.value, (0 + 0.25 + 1) / 3));
  CHECK(near(s.all.reflective.value, (0.25 + 0.5 + 0) / 3));
  CHECK(near(s.all.kin.value, 0.25 / 3));
  CHECK(near(s.word.at("wait"), 2.0 / 12));
  CHECK(near(s.pass_at.at(2).value, (1.0 + 0.5 + 0) / 3));  // 1 - C(1,2)/C(4,2) = 1; 1 - C(3,2)/C(4,2) = 1/2
  CHECK(s.pass_at.count(1) == 0);
  REQUIRE(s.level.size() == 2);
  CHECK(near(s.level.at(1).pass_at_1.value, 0.75));
  CHECK(near(s.level.at(2).pass_at_1.value, 0.125));
  CHECK(near(s.prompt.at("zh").value, 0.125));
  CHECK(near(s.language.at("zh"), 1.0 / 6));  // six answers have words, one is Chinese
  CHECK(s.all.pass_at_1.lo <= s.all.pass_at_1.value);
  CHECK(s.all.pass_at_1.hi >= s.all.pass_at_1.value);
}

TEST_CASE("the record has every figure under a declared name") {
  Record r(3, 6);
  put(r, summarize(answers(), {4, {2}, {"等等"}, 100, 3}));
  CHECK(near(r.get("eval/pass_at_1"), 1.0 / 3));
  CHECK(near(r.get("eval/cons_at_4"), 1.25 / 3));
  CHECK(near(r.get("eval/pass_at_2"), 0.5));
  CHECK(near(r.get("eval/level_2"), 0.125));
  CHECK(near(r.get("eval/level_1_cons"), 1));
  CHECK(near(r.get("eval/word_等等"), 1.0 / 12));
  CHECK(r.get("eval/problems") == 3);
  CHECK(!std::isnan(r.get("eval/level_1_length_hi")));
}

TEST_CASE("no answers, too few answers") {
  CHECK_THROWS_WITH(summarize({}, {}), ContainsSubstring("no answers"));
  CHECK_THROWS_WITH(summarize(answers(), {}), ContainsSubstring("cons@16 of problem 0"));
  CHECK_NOTHROW(summarize(answers(), {0, {}, {}, 10, 0}));
  CHECK_THROWS_WITH(summarize(answers(), {0, {8}, {}, 10, 0}), ContainsSubstring("pass@8 of 4"));
}
