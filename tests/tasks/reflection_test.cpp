#include "tasks/reflection.h"

#include "support/catch.h"

using namespace r1;

TEST_CASE("the ten words count as whole words, in any case") {
  CHECK(reflective_words().size() == 10);
  const Reflection r = reflect("Wait, but the waiter did WAIT; checked, check: wrongly wrong");
  CHECK(r.count.at("wait") == 2);
  CHECK(r.count.at("but") == 1);
  CHECK(r.count.at("check") == 1);
  CHECK(r.count.at("wrong") == 1);
  CHECK(r.total == 5);
  CHECK(r.waits == 2);
}

TEST_CASE("Chinese words count once each, the longest at a place") {
  const Reflection r = reflect("等等5*3=15,错05;等等等等 不对 错误");
  CHECK(r.count.at("等等") == 3);
  CHECK(r.count.at("错") == 1);
  CHECK(r.count.at("错误") == 1);
  CHECK(r.count.at("不对") == 1);
  CHECK(r.waits == 3);
}
