// pass@k and votes on numbers worked by hand.
#include "eval/pass_at_k.h"

#include <cmath>

#include "support/catch.h"

using namespace r1;

namespace {

Judged answer(const std::string& text, bool correct = false) {
  Judged j;
  j.answer = text, j.correct = correct;
  return j;
}

double vote(const std::vector<Judged>& a) { return majority_vote(a.data(), a.size()); }

bool near(double a, double b, double tolerance = 1e-14) { return std::abs(a - b) <= tolerance; }

}  // namespace

TEST_CASE("pass@k: small cases by hand [R1 App. D.1]") {
  // n = 4, c = 1: one of the C(4,2) = 6 pairs in three misses... 3 of 6 pairs hold the right one.
  CHECK(near(pass_at_k(4, 1, 2), 0.5));
  CHECK(near(pass_at_k(5, 2, 3), 1.0 - 1.0 / 10));  // C(3,3) / C(5,3)
  CHECK(near(pass_at_k(16, 4, 1), 0.25));           // pass@1 is the share
  CHECK(pass_at_k(8, 0, 8) == 0.0);
  CHECK(pass_at_k(8, 1, 8) == 1.0);
  CHECK(pass_at_k(8, 3, 6) == 1.0);  // only 5 wrong ones: any 6 hold a right one
  CHECK(pass_at_k(1, 1, 1) == 1.0);
}

TEST_CASE("pass@k equals the ratio of binomials for every n up to 30") {
  const auto choose = [](int n, int k) {
    if (k > n) return 0.0;
    double c = 1;
    for (int i = 1; i <= k; ++i) c = c * (n - k + i) / i;
    return c;
  };
  for (int n = 1; n <= 30; ++n)
    for (int c = 0; c <= n; ++c)
      for (int k = 1; k <= n; ++k)
        if (!near(pass_at_k(n, c, k), 1 - choose(n - c, k) / choose(n, k), 1e-12)) FAIL(n << " " << c << " " << k);
}

TEST_CASE("pass@k is stable where factorials overflow") {
  CHECK(near(pass_at_k(100000, 1, 256), 256.0 / 100000, 1e-15));
  const double p = pass_at_k(10000, 5000, 3);
  CHECK(near(p, 1 - (5000.0 * 4999 * 4998) / (10000.0 * 9999 * 9998), 1e-12));
}

TEST_CASE("pass@k rejects what has no meaning") {
  CHECK_THROWS_WITH(pass_at_k(4, 1, 5), ContainsSubstring("pass@5 of 4 answers"));
  CHECK_THROWS(pass_at_k(4, 5, 1));
  CHECK_THROWS(pass_at_k(4, -1, 1));
  CHECK_THROWS(pass_at_k(4, 1, 0));
}

TEST_CASE("majority vote: winner, ties, unreadable answers") {
  const Judged right = answer("42", true), wrong = answer("41"), other = answer("7"), none = answer("");
  CHECK(vote({right, right, wrong}) == 1.0);
  CHECK(vote({right, wrong, wrong}) == 0.0);
  CHECK(vote({right, wrong}) == 0.5);
  CHECK(near(vote({right, wrong, other}), 1.0 / 3));
  CHECK(vote({right, right, wrong, wrong, other}) == 0.5);
  CHECK(vote({wrong, other}) == 0.0);
  // All unreadable answers are one candidate that loses even when it wins.
  CHECK(vote({right, none, none}) == 0.0);
  CHECK(vote({right, right, none, none}) == 0.5);
  CHECK(vote({right, right, none}) == 1.0);
  CHECK(vote({none, none}) == 0.0);
  Judged lucky = none;
  lucky.correct = true;  // an unreadable answer cannot be right, whatever the judge says
  CHECK(vote({lucky, lucky}) == 0.0);
  CHECK(majority_vote(nullptr, 0) == 0.0);
}

TEST_CASE("cons@k takes blocks of k") {
  const Judged right = answer("1", true), wrong = answer("2");
  const std::vector<Judged> six = {right, right, wrong, wrong, wrong, right};
  CHECK(cons_at_k(six, 3) == 0.5);
  CHECK(cons_at_k(six, 6) == 0.5);
  CHECK(cons_at_k(six, 5) == 0.0);  // the sixth is left over: 2 against 3
  CHECK(cons_at_k(six, 1) == 0.5);  // cons@1 is pass@1
  CHECK_THROWS_WITH(cons_at_k(six, 7), ContainsSubstring("expected at least 7 answers, got 6"));
  CHECK_THROWS(cons_at_k({}, 1));
}

TEST_CASE("answers are grouped by problem, and a problem has one level") {
  Judged a = answer("1"), b = answer("2"), c = answer("3");
  a.problem = 5, b.problem = 2, c.problem = 5;
  const auto groups = by_problem({a, b, c});
  REQUIRE(groups.size() == 2);
  CHECK(groups[0][0].answer == "2");
  CHECK(groups[1][1].answer == "3");
  c.level = 4;
  CHECK_THROWS_WITH(by_problem({a, b, c}), ContainsSubstring("problem 5"));
}
