// Word counts on texts worked by hand.
#include "eval/reflective.h"

#include <cmath>

#include "support/catch.h"

using namespace r1;

TEST_CASE("the list is the paper's ten words [R1 App. C.2]") {
  CHECK(reflective_words().size() == 10);
  CHECK(count_words("wait mistake however but retry error verify wrong evaluate check", reflective_words()) == 10);
}

TEST_CASE("Latin words count whole, in any case, and not inside others") {
  CHECK(count_word("Wait, wait. WAIT!", "wait") == 3);
  CHECK(count_word("waiting await wait_ wait2", "wait") == 0);
  CHECK(count_word("button but, rebut but", "but") == 2);
  CHECK(count_word("<think>wait</think>", "wait") == 1);
  CHECK(count_word("等wait等", "wait") == 1);
  CHECK(count_word("wait", "") == 0);
  CHECK(count_word("wai", "wait") == 0);
  CHECK(count_words("however, but: wrong", reflective_words()) == 3);
}

TEST_CASE("words of other scripts count wherever they stand, without overlap") {
  CHECK(count_word("等等，不对。等等", "等等") == 2);
  CHECK(count_word("等等等", "等等") == 1);
  CHECK(count_words("等等，不对", {"等等", "不对"}) == 2);
}
