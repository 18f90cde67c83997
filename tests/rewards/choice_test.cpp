// Options and orderings: honest spellings, and answers that try to be right whatever the reference is.
#include "rewards/checker.h"
#include "support/catch.h"

using namespace r1;

namespace {

Verdict ask(const std::string& checker, const std::string& want, const std::string& data, const std::string& got) {
  Problem p;
  p.checker = checker, p.answer = want, p.data = data;
  return check_answer(p, got);
}

}  // namespace

TEST_CASE("an option is one letter in an honest spelling") {
  for (const char* good : {"B", "b", "(B)", "B.", "B)", "\\boxed{B}", " B ", "(b)"}) {
    INFO(good);
    CHECK(ask("choice", "B", "ABCD", good) == Verdict::kRight);
  }
  for (const char* bad : {"", "A", "AB", "A,B", "A B C D", "(A)(B)", "B because", "not B", "BB", "\\boxed{A}\\boxed{B}",
                          "()", ".", "\xEF\xBC\xA2", "B\xE2\x80\x8F", "8", "ABCD", "any", "\\boxed{(B}"}) {
    INFO(bad);
    CHECK(ask("choice", "B", "ABCD", bad) == Verdict::kWrong);
  }
  CHECK(ask("choice", "E", "ABCD", "E") == Verdict::kUnknown);  // the reference is no option: an error in the data
  CHECK(ask("choice", "", "ABCD", "") == Verdict::kUnknown);
  CHECK(ask("choice", "AB", "ABCD", "AB") == Verdict::kUnknown);
}

TEST_CASE("an ordering names each thing once and obeys every relation") {
  const std::string data = "Ann Bob Cy;Ann<Bob;Cy<Bob";
  for (const char* good : {"Ann Cy Bob", "Cy Ann Bob", "Cy, Ann, Bob", "Ann<Cy<Bob"}) {
    INFO(good);
    CHECK(ask("ordering", "Ann Cy Bob", data, good) == Verdict::kRight);
  }
  for (const char* bad : {"", "Bob Ann Cy", "Ann Bob Cy", "Ann Bob", "Ann Cy Bob Bob", "Ann Ann Bob",
                          "Ann Cy Bob Ann Cy Bob", "ann cy bob", "Ann Cy Dan", "the order is Ann Cy Bob"}) {
    INFO(bad);
    CHECK(ask("ordering", "Ann Cy Bob", data, bad) == Verdict::kWrong);
  }
  CHECK(ask("ordering", "", "", "Ann") == Verdict::kUnknown);
  CHECK(ask("ordering", "", "Ann Bob;Ann<Dan", "Ann Bob") == Verdict::kUnknown);
  CHECK(ask("ordering", "", "Ann Ann;Ann<Ann", "Ann Ann") == Verdict::kUnknown);
  CHECK(ask("ordering", "", data, std::string(1 << 20, 'A')) == Verdict::kWrong);
}
