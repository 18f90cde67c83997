#include "tasks/clock.h"

#include "support/catch.h"

using namespace r1;

TEST_CASE("clock arithmetic goes from left to right and wraps at 100") {
  const ClockExpression e{47, {{'+', 8}, {'*', 33}, {'-', 6}}};
  CHECK(clock_value(e) == 9);  // 55, 1815 -> 15, 9
  CHECK(clock_apply('-', 3, 9) == 94);
  CHECK(clock_apply('*', 99, 99) == 1);
  CHECK(clock_apply('+', 95, 9) == 4);
}

TEST_CASE("an expression is written with labels and without, and read back") {
  const ClockExpression e{47, {{'+', 8}, {'*', 33}, {'-', 6}}};
  CHECK(clock_labelled(e) == "a4b7c+d8e*f3g3h-i6");
  CHECK(clock_plain(e) == "47+8*33-6");
  CHECK(parse_clock(clock_plain(e)) == e);
  for (const std::string s : {"", "47", "4", "47+", "47+88", "47*3", "47*3a", "x47+8", "47+8 ", "47/8", "47+8*"}) {
    INFO(s);
    CHECK_FALSE(parse_clock(s).has_value());
  }
  ClockExpression longest{99, {}};
  for (int k = 0; k < 5; ++k) longest.steps.push_back({'*', 99});
  CHECK(clock_labelled(longest).find("q9") != std::string::npos);  // the last of 17 labels
}

TEST_CASE("the key forgets the order of operands only where that changes nothing") {
  CHECK(clock_key({47, {{'+', 8}}}) == "08+47");
  CHECK(clock_key({47, {{'-', 8}}}) == "47-8");
  CHECK(clock_key({47, {{'+', 8}, {'+', 3}}}) == "47+8+3");
}

TEST_CASE("the careful product is right for all pairs, every equation in it too") {
  CHECK(careful_product(15, 33) == "5*3=15,1*3=03,5*3=15,5+3=8+1=9");
  CHECK(careful_product(15, 83) == "5*8=40,1*3=03,5*3=15,0+3=3+1=4");  // far digits first
  for (int a = 0; a < 100; ++a)
    for (int b = 0; b < 100; ++b) {
      const std::string s = careful_product(a, b);
      const auto digit = [&](size_t at) { return s[at] - '0'; };
      bool good = s.size() == 30;
      for (size_t t = 0; t < 21 && good; t += 7)
        good = digit(t) * digit(t + 2) == 10 * digit(t + 4) + digit(t + 5) && s[t + 1] == '*' && s[t + 6] == ',';
      good = good && (digit(21) + digit(23)) % 10 == digit(25) && (digit(25) + digit(27)) % 10 == digit(29);
      good = good && 10 * digit(29) + digit(19) == a * b % 100;  // tens of the sum, units of the last product
      if (!good) FAIL(a << "*" << b << ": " << s);
    }
}

TEST_CASE("levels have the steps and products they promise") {
  const int fewest[] = {0, 0, 1, 1, 2}, most[] = {0, 1, 1, 2, 3};
  Rng rng(3, Stream::kTest);
  for (int level = 1; level <= kClockLevels; ++level) {
    int low = 9, high = 0;
    for (int i = 0; i < 500; ++i) {
      const ClockExpression e = draw_clock(level, rng);
      CHECK(e.steps.size() == static_cast<size_t>(level));
      CHECK((e.start >= 10 && e.start <= 99));
      int products = 0;
      for (const ClockStep& s : e.steps) {
        products += s.op == '*';
        CHECK((s.op == '*' ? s.operand >= 11 && s.operand <= 99 : s.operand >= 1 && s.operand <= 9));
      }
      low = std::min(low, products), high = std::max(high, products);
    }
    CHECK(low == fewest[level - 1]);
    CHECK(high == most[level - 1]);
  }
}
