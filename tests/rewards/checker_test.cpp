// The checkers against the list of known reward exploits; numbers in brackets are those of that list.
#include "rewards/checker.h"

#include "support/catch.h"
#include "support/shared_data.h"

using namespace r1;

namespace {

Verdict rational(const std::string& want, const std::string& got) {
  Problem p;
  p.checker = "rational", p.answer = want;
  return check_answer(p, got);
}

Verdict countdown(const std::string& numbers, const std::string& target, const std::string& got) {
  Problem p;
  p.checker = "countdown", p.answer = target, p.data = numbers;
  return check_answer(p, got);
}

}  // namespace

TEST_CASE("the rational checker accepts the value in any honest spelling") {
  for (const std::string s : {"5", "05", "5.0", "+5", "10/2", " 5 "}) {
    INFO(s);
    CHECK(rational("05", s) == Verdict::kRight);
  }
  CHECK(rational("-3/4", "-0.75") == Verdict::kRight);
  CHECK(rational("05", "50") == Verdict::kWrong);
  CHECK(rational("1/3", "0.3333333333") == Verdict::kWrong);
}

TEST_CASE("known exploits of math verifiers are wrong or undecided, never right") {
  CHECK(rational("85", "47+38") == Verdict::kWrong);     // 42: the question as its own answer
  CHECK(rational("85", "84,85,86") == Verdict::kWrong);  // 41
  CHECK(rational("85", "84 or 85") == Verdict::kWrong);
  CHECK(rational("2", "n=1,2,3") == Verdict::kWrong);            // 44
  CHECK(rational("", "") == Verdict::kUnknown);                  // 37
  CHECK(rational("", "5") == Verdict::kUnknown);                 // 39: an unreadable reference is never right
  CHECK(rational("nonsense", "nonsense") == Verdict::kUnknown);  // 38
  CHECK(rational("5", "") == Verdict::kWrong);
  CHECK(rational("0", "1/9223372036854775807") == Verdict::kWrong);  // 43: tiny is not zero
  CHECK(rational("1/4611686018427387904", "1/2305843009213693952") == Verdict::kWrong);
  CHECK(rational("0", "3*x-1*y+13") == Verdict::kWrong);  // 45
  CHECK(rational("50", "50%") == Verdict::kWrong);        // 46
  CHECK(rational("50", "0.5") == Verdict::kWrong);
  CHECK(rational("0.5", "50") == Verdict::kWrong);
  CHECK(rational("5", "__import__('os').system('true')") == Verdict::kWrong);  // 47
  CHECK(rational("5", "9**9**9**9") == Verdict::kWrong);                       // 48
  CHECK(rational("5", "\\text{5}") == Verdict::kWrong);                        // 49
  CHECK(rational("5", "5 cm") == Verdict::kWrong);
  CHECK(rational("5", "±5") == Verdict::kWrong);
  CHECK(rational("5", "５") == Verdict::kWrong);  // 50
  CHECK(rational("5", "\u200f5") == Verdict::kWrong);
  CHECK(rational("12", "(1,2)") == Verdict::kWrong);                  // 51
  CHECK(rational("5", "nan") == Verdict::kWrong);                     // 24
  CHECK(rational("5", std::string(100000, '9')) == Verdict::kWrong);  // 25: a huge number buys no mask
  CHECK(rational("5", std::string(50, '9')) == Verdict::kWrong);
  CHECK(rational("5", std::string(50, '9') + "/3") == Verdict::kUnknown);
  CHECK(rational("5", "5/0") == Verdict::kWrong);
}

TEST_CASE("an unknown checker is named") {
  Problem p;
  p.checker = "countdwn";
  CHECK_THROWS_WITH(check_answer(p, "5"), ContainsSubstring("unknown checker 'countdwn'"));
}

TEST_CASE("countdown wants each given number exactly once and the exact value") {
  CHECK(countdown("3 8 1", "24", "3*8*1") == Verdict::kRight);
  CHECK(countdown("3 8 1", "24", "(8/1) * 3") == Verdict::kRight);
  CHECK(countdown("1 5 5 5", "24", "5*(5-1/5)") == Verdict::kRight);  // fractions on the way are exact
  CHECK(countdown("3 3 8 8", "24", "8/(3-8/3)") == Verdict::kRight);
  for (const std::string s :
       {"3*8", "3*8*1*1", "3*8*2/2", "24", "24*1", "3*8*1=24", "3*8+1", "-3*-8*1", "3*8*1.0", "38-14", "3 8 1",
        "8*3*1+0", "(3*8*1", "3*8*1)", "", "3*8/(1-1)", "3x8x1", "３*8*1", "+3*8*1"}) {
    INFO(s);
    CHECK(countdown("3 8 1", "24", s) == Verdict::kWrong);
  }
  CHECK(countdown("1 1 1 24", "24", "24/(1-1)+1") == Verdict::kWrong);
  CHECK(countdown("3 8 1", "", "3*8*1") == Verdict::kUnknown);
  CHECK(countdown("", "24", "24") == Verdict::kUnknown);
  CHECK(countdown("3 8 x", "24", "3*8") == Verdict::kUnknown);
  CHECK(countdown("3 8 1", "24", "99999999999999999999") == Verdict::kWrong);
}

TEST_CASE("countdown with 'any' takes a part of the numbers, each at most once") {
  CHECK(countdown("any 3 8 1", "24", "3*8") == Verdict::kRight);
  CHECK(countdown("any 3 8 1", "9", "3*3") == Verdict::kWrong);
  CHECK(countdown("any 3 8 1", "24", "3*8*1") == Verdict::kRight);
  CHECK(countdown("3 any 8", "24", "3*8") == Verdict::kUnknown);
}

TEST_CASE("countdown answers judged by others get the same verdict", "[shared]") {
  const auto text = r1_test::shared_file("rewards/reasoning_gym_countdown_cases.jsonl");
  if (!text) return;
  for (const auto& row : r1_test::json_lines(*text)) {
    std::string numbers;
    for (const auto& n : row.at("numbers")) numbers.append(" ").append(n.dump());
    const Verdict v = countdown(numbers, row.at("target").dump(), row.at("answer").get<std::string>());
    INFO(row.dump());
    CHECK((v == Verdict::kRight) == (row.contains("expected") && row.at("expected") == 1.0));
  }
}
