#include "autograd/ops/linear.h"

#include "support/catch.h"
#include "support/gradcheck.h"

using namespace r1;
using namespace r1_test;

TEST_CASE("linear: gradients of input, weight and residual") {
  ParamList p;
  const Param& w = p.add("w", {7, 5});
  randomize(p, 1);
  gradcheck(
      {[&](Tape& t, const std::vector<Var>& in) { return ops::linear(t, in[0], w); }, {random_tensor({4, 5}, 2)}, &p});
  gradcheck({[&](Tape& t, const std::vector<Var>& in) { return ops::linear(t, in[0], w, in[1]); },
             {random_tensor({4, 5}, 2), random_tensor({4, 7}, 3)},
             &p});
}

TEST_CASE("linear: an input used twice gets both gradients") {
  ParamList p;
  const Param& w = p.add("w", {5, 5});
  randomize(p, 1);
  gradcheck({[&](Tape& t, const std::vector<Var>& in) { return ops::linear(t, ops::linear(t, in[0], w), w, in[0]); },
             {random_tensor({4, 5}, 2)},
             &p});
}

TEST_CASE("heads_linear: both directions") {
  ParamList p;
  const Param& w = p.add("w", {3, 4, 5});
  randomize(p, 1);
  gradcheck({[&](Tape& t, const std::vector<Var>& in) { return ops::heads_linear(t, in[0], w, false); },
             {random_tensor({6, 15}, 2)},
             &p});
  gradcheck({[&](Tape& t, const std::vector<Var>& in) { return ops::heads_linear(t, in[0], w, true); },
             {random_tensor({6, 12}, 2)},
             &p});
}

TEST_CASE("bias, concat, add") {
  ParamList p;
  const Param& b = p.add("b", {5}, false);
  randomize(p, 1);
  gradcheck(
      {[&](Tape& t, const std::vector<Var>& in) { return ops::bias(t, in[0], b); }, {random_tensor({4, 5}, 2)}, &p});
  gradcheck({[&](Tape& t, const std::vector<Var>& in) { return ops::concat(t, in[0], in[1]); },
             {random_tensor({4, 5}, 2), random_tensor({4, 3}, 3)}});
  gradcheck({[&](Tape& t, const std::vector<Var>& in) { return ops::add(t, in[0], ops::add(t, in[1], in[0])); },
             {random_tensor({4, 5}, 2), random_tensor({4, 5}, 3)}});
}
