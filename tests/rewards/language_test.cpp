// Language consistency on texts worked by hand, and the ways to game it.
#include "rewards/language.h"

#include "support/catch.h"

using namespace r1;

TEST_CASE("words of an alphabet count by runs, Chinese by characters [R1 Eq. 7]") {
  const LanguageCount n = count_languages("first 先算 3 + 4 = 7 ; 然后 so");
  CHECK(n.latin == 2);
  CHECK(n.han == 4);
  CHECK(n.other == 0);
  CHECK(language_consistency("first 先算 3 + 4 = 7 ; 然后 so", "zh") == Approx(4.0 / 6));
  CHECK(language_consistency("first 先算 3 + 4 = 7 ; 然后 so", "en") == Approx(2.0 / 6));
  CHECK(language_consistency("so the answer", "en") == 1);
  CHECK(language_consistency("所以答案", "zh") == 1);
  CHECK(count_languages("na\xC3\xAFve caf\xC3\xA9").latin == 2);  // letters with marks stay inside their words
}

TEST_CASE("numbers, variables, formulas, code and tags are on neither side of the fraction") {
  for (const char* neutral :
       {"3 + 4 = 7", "x y z", "$\\text{wait here}$", "\\(so\\)", "\\[then\\]", "\\frac \\sqrt", "`rev|inc`",
        "```\nfor word in words: print(word)\n```", "<think></answer>", "12:30, 5%", ""}) {
    INFO(neutral);
    CHECK(count_languages(neutral).words() == 0);
  }
  CHECK(language_consistency("所以 $x = a + b$ 对", "zh") == 1);
  CHECK(count_languages("a < b so c > d").latin == 1);      // a comparison is no tag
  CHECK(count_languages("it costs 5$ so pay").latin == 4);  // an opening without its end hides nothing
  CHECK(count_languages("say `so").latin == 2);
}

TEST_CASE("other languages are words of neither target") {
  CHECK(count_languages("\xD0\xBF\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82 so").other == 1);  // Cyrillic
  CHECK(count_languages("\xE3\x81\x9D\xE3\x82\x8C").other == 2);                             // Hiragana, by characters
  CHECK(count_languages("\xED\x95\x9C\xEA\xB5\xAD so").other == 1);                          // Hangul
  CHECK(language_consistency("\xED\x95\x9C\xEA\xB5\xAD so", "en") == 0.5);
  CHECK(count_languages("\xCF\x80 r").words() == 0);  // a single Greek letter is a symbol
}

TEST_CASE("language consistency cannot be had for nothing") {  // exploit 59
  CHECK(language_consistency("", "en") == 0);
  CHECK(language_consistency("1 2 3", "zh") == 0);
  CHECK(language_consistency("$so then wait$", "en") == 0);  // words hidden in a formula are no words
  CHECK(language_consistency("\xFF\xC0\xE7", "en") == 0);    // broken bytes
  CHECK(language_consistency(std::string(1 << 20, '`'), "en") == 0);
  std::string openings;  // none of them closed: one search for the end, not half a million
  while (openings.size() < 1 << 20) openings += "\\(";
  CHECK(language_consistency(openings + "so", "en") == 1);
  CHECK_THROWS_WITH(language_consistency("so", "fr"), ContainsSubstring("'fr', expected en or zh"));
}

TEST_CASE("the paper's form is the share itself; the sigmoid is an ablation") {
  for (const double share : {0.0, 0.3, 1.0}) CHECK(language_reward(share, LanguageForm::kShare) == share);
  CHECK(language_reward(0.5, LanguageForm::kSigmoid) == Approx(0.1));
  CHECK(language_reward(1, LanguageForm::kSigmoid) == Approx(0.2 / (1 + std::exp(-5.0))));
}
