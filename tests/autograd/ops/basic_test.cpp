#include "autograd/ops/basic.h"

#include <cmath>

#include "support/catch.h"
#include "support/gradcheck.h"

using namespace r1;
using namespace r1_test;

TEST_CASE("rmsnorm: gradients, also of an input used twice") {
  ParamList p;
  const Param& w = p.add("w", {21}, false);
  randomize(p, 1, 0.3);
  gradcheck({[&](Tape& t, const std::vector<Var>& in) { return ops::rmsnorm(t, in[0], w, real(1e-6)); },
             {random_tensor({4, 21}, 2)},
             &p});
  gradcheck({[&](Tape& t, const std::vector<Var>& in) {
               return ops::rmsnorm(t, ops::rmsnorm(t, in[0], w, real(1e-2)), w, real(1e-6));
             },
             {random_tensor({4, 21}, 2)},
             &p});
}

TEST_CASE("swiglu: gradient") {
  gradcheck({[](Tape& t, const std::vector<Var>& in) { return ops::swiglu(t, in[0]); }, {random_tensor({5, 38}, 2)}});
}

TEST_CASE("embedding: repeated ids add up, a wild id is an error") {
  ParamList p;
  const Param& w = p.add("w", {6, 5});
  randomize(p, 1);
  const std::vector<token_t> ids{3, 0, 3, 5}, wild{3, 6};
  gradcheck({[&](Tape& t, const std::vector<Var>&) { return ops::embedding(t, ids, w); }, {}, &p});
  Arena arena;
  Tape t(arena, nullptr, nullptr, false);
  CHECK_THROWS_WITH(ops::embedding(t, wild, w), ContainsSubstring("token id 6, expected 0 to 5"));
}
