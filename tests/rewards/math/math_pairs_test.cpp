// The labelled set: every pair gets exactly its label, boxed or not, and every readable reference equals itself.
#include <map>

#include "base/io.h"
#include "base/json_file.h"
#include "rewards/checker.h"
#include "rewards/math/verify.h"
#include "support/catch.h"
#include "support/shared_data.h"

using namespace r1;
using math::Relation;

namespace {

struct Labelled {
  std::string gold, answer, label, about;
};

std::vector<Labelled> labelled_set() {
  std::vector<Labelled> out;
  for (const auto& j :
       r1_test::json_lines(read_text(std::string(R1_SOURCE_DIR) + "/tests/rewards/math/pairs/pairs.jsonl")))
    out.push_back({j.at("gold"), j.at("answer"), j.at("label"), j.at("about")});
  return out;
}

}  // namespace

TEST_CASE("all labelled pairs get their label") {
  const auto pairs = labelled_set();
  CHECK(pairs.size() >= 750);
  std::map<std::string, int> labels, wrong_equal;
  for (const Labelled& p : pairs) {
    const math::Judgement j = math::judge(p.gold, p.answer, true);
    INFO(p.about << ": " << p.gold << " @ " << p.answer << ": " << j.gold_form << " @ " << j.answer_form << " "
                 << j.why);
    CHECK(name_of(j.relation) == p.label);
    ++labels[p.label];
    wrong_equal[p.about] += j.relation == Relation::kEqual && p.label != "equal";
  }
  CHECK(labels["equal"] >= 400);
  CHECK(labels["different"] >= 300);
  CHECK(labels["unknown"] >= 40);
  for (const auto& [about, n] : wrong_equal) CHECK(n == 0);
}

TEST_CASE("a box, tags and a thought around an answer change nothing") {
  for (const Labelled& p : labelled_set()) {
    if (p.answer.find("boxed") != std::string::npos || p.answer.find("think") != std::string::npos) continue;
    if (p.answer.find("nswer") != std::string::npos || p.answer.find("A:") != std::string::npos) continue;
    if (p.answer.find("####") != std::string::npos) continue;
    int depth = 0;  // braces that do not close would close the box
    for (const char c : p.answer) depth += c == '{' ? 1 : c == '}' ? -1 : 0;
    if (depth != 0) continue;
    const Relation plain = math::judge(p.gold, p.answer).relation;
    INFO(p.gold << " @ " << p.answer);
    CHECK(math::judge(p.gold, "So it is $\\boxed{" + p.answer + "}$, as asked.").relation == plain);
    CHECK(math::judge(p.gold, "<think>\\boxed{1}</think><answer> " + p.answer + " </answer>").relation == plain);
  }
}

TEST_CASE("a readable reference equals itself; an unreadable one equals nothing") {
  int unreadable = 0;
  for (const Labelled& p : labelled_set()) {
    const auto fault = math::gold_fault(p.gold);
    INFO(p.gold);
    const Relation self = math::compare_texts(p.gold, p.gold).relation;
    CHECK(self == (fault ? Relation::kUnknown : Relation::kEqual));
    if (!fault) continue;
    ++unreadable;
    CHECK(math::judge(p.gold, p.answer).bad_gold);
  }
  CHECK(unreadable >= 5);
}

TEST_CASE("the checker 'math' says right, wrong or unknown") {
  Problem p;
  p.checker = "math", p.answer = "\\frac{1}{2}";
  CHECK(check_answer(p, "0.5") == Verdict::kRight);
  CHECK(check_answer(p, "\\boxed{\\tfrac12}") == Verdict::kRight);
  CHECK(check_answer(p, "0.51") == Verdict::kWrong);
  CHECK(check_answer(p, "9**9**9**9") == Verdict::kUnknown);
  p.answer = "\\frac{1}{";
  CHECK(check_answer(p, "0.5") == Verdict::kUnknown);
  CHECK_THROWS_WITH(math::check_gold("algebra/7", p.answer),
                    ContainsSubstring("problem 'algebra/7': answer '\\frac{1}{'"));
  CHECK_NOTHROW(math::check_gold("algebra/8", "\\frac{1}{3}"));
}
