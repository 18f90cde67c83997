#include "tasks/math_1_oracle.h"

#include "support/catch.h"
#include "tasks/math_1_corpus.h"

using namespace r1;

namespace {

/// 47 + 8 = 55, 55 * 33 = 1815 -> 15.
Problem problem() { return math_problem({47, {{'+', 8}, {'*', 33}}}, 0); }

OracleReport read(const std::string& text) { return math_oracle(problem(), text); }

}  // namespace

TEST_CASE("a right chain with a check that repairs") {
  const OracleReport r =
      read("first a4b7c+d8=55; then 55e*f3g3=65; wait 5*3=15,5*3=15,5*3=15,1+5=6+5=1, wrong 15; so 15");
  REQUIRE(r.lines.size() == 2);
  CHECK(r.lines[0].operands_right);
  CHECK(r.lines[0].quick_right);
  CHECK_FALSE(r.lines[0].checked);
  CHECK(r.lines[1].op == '*');
  CHECK_FALSE(r.lines[1].quick_right);
  CHECK(r.lines[1].checked);
  CHECK(r.lines[1].check_right);
  CHECK(r.lines[1].repaired());
  CHECK_FALSE(r.lines[1].spoiled());
  CHECK(r.complete);
  CHECK(r.concluded);
  CHECK(r.reflection.waits == 1);
  CHECK(r.reflection.count.at("wrong") == 1);
}

TEST_CASE("a check that breaks, and one that agrees") {
  const OracleReport r = read("first a4b7c+d8=55; wait 47+8=55, ok 55;然后55e*f3g3=15;等等5*3=15,错25;所以25");
  REQUIRE(r.lines.size() == 2);
  CHECK(r.lines[0].check_right);
  CHECK_FALSE(r.lines[0].repaired());
  CHECK(r.lines[1].language == 1);
  CHECK(r.lines[1].quick_right);
  CHECK(r.lines[1].spoiled());
  CHECK_FALSE(r.lines[1].check_right);
  CHECK(r.concluded);
}

TEST_CASE("of several checks the last one counts, and a line is judged by its quick result") {
  const LineReport twice = read("first a4b7c+d8=65; wait 4+7=55, wrong 55; wait 4+7=56, wrong 56;").lines[0];
  CHECK(twice.checked);
  CHECK_FALSE(twice.repaired());  // 55 was right, 56 is not
  CHECK_FALSE(twice.spoiled());   // it was never a right line
  CHECK(read("first a4b7c+d8=65; wait 4+7=56, wrong 56; wait 4+7=55, wrong 55;").lines[0].repaired());
  CHECK_FALSE(read("first a4b7c+d8=55; wait 4+7=56, wrong 56; wait 4+7=55, wrong 55;").lines[0].spoiled());
}

TEST_CASE("a line without a quick result is neither right nor wrong, and its check belongs to it") {
  const OracleReport r =
      read("first a4b7c+d8=55; then 55e*f3g3=??; wait 5*3=15,5*3=15,5*3=15,1+5=6+5=1, wrong 15; so 15");
  REQUIRE(r.lines.size() == 2);
  CHECK_FALSE(r.lines[0].checked);
  CHECK(r.lines[1].open);
  CHECK(r.lines[1].operands_right);
  CHECK((r.lines[1].checked && r.lines[1].check_right));
  CHECK_FALSE(r.lines[1].repaired());
  CHECK_FALSE(r.lines[1].spoiled());
  CHECK((r.complete && r.concluded));
}

TEST_CASE("wrong operands are told from wrong results") {
  CHECK_FALSE(read("first a4b7c+d7=54;").lines[0].fragment_right);  // operand miscopied
  CHECK(read("first a4b7c+d7=54;").lines[0].quick_right);           // but the sum as written is true
  CHECK(read("first a4b6c+d8=54;").lines[0].fragment_right);
  CHECK_FALSE(read("first a4b6c+d8=54;").lines[0].operands_right);                    // value miscopied
  CHECK_FALSE(read("first a4b7d+e8=55;").lines[0].fragment_right);                    // labels
  CHECK_FALSE(read("first a4b7c+d8=56; then 55e*f3g3=15;").lines[1].operands_right);  // not the value reached
  CHECK(read("first a4b7c+d8=56; then 56e*f3g3=48;").lines[1].operands_right);
  CHECK_FALSE(read("first a4b7c+d8=55; so 55").complete);
  CHECK_FALSE(read("first a4b7c+d8=55; so 54").concluded);
  CHECK_FALSE(read("so 15").concluded);
}

TEST_CASE("foreign text is skipped and never crashes") {
  for (const std::string s : {"",
                              ";",
                              ";;;;",
                              "first",
                              "first ,",
                              "first a4b7",
                              "first a4b7c+d8=5",
                              "first a4b7c+d8=555;",
                              "first 47+8=55;",
                              "wait",
                              "wait ok",
                              "wait ok 5",
                              "so",
                              "so 1",
                              "首先",
                              "等等对",
                              "\xFF\xFE;first\xFF",
                              "first a4b7c/d8=55",
                              "first a4b7c+=55",
                              "first a4b7c*d8=55",
                              "first a4b7c+d8e+f8=55",
                              "first a",
                              "first a4b7c+d"}) {
    INFO(s);
    CHECK(read(s).lines.empty());
  }
  Rng rng(4, Stream::kTest);
  const std::vector<std::string> bits = {"first ", " then ", " wait ", ";",    ",",    "47", "+",   "8",
                                         "=",      "5",      "55",     " ok ", "等等", "a",  "\xE7"};
  for (int i = 0; i < 5000; ++i) {
    std::string s;
    for (int k = rng.range(0, 25); k > 0; --k) s += bits[rng.below(static_cast<uint32_t>(bits.size()))];
    CHECK(read(s).lines.size() <= s.size());
  }
  Problem other;
  other.data = "3 7 25";
  CHECK_THROWS_WITH(math_oracle(other, ""), ContainsSubstring("problem data '3 7 25'"));
}
