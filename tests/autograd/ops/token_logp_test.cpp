#include "autograd/ops/logp.h"

#include <cmath>

#include "support/catch.h"
#include "support/gradcheck.h"

using namespace r1;
using namespace r1_test;

TEST_CASE("token_logp: value and entropy written out, gradient of rows that are picked twice or never [R1 Eq. 1]") {
  ParamList p;
  const Param& head = p.add("head", {9, 5});
  randomize(p, 1);
  const Tensor h = random_tensor({6, 5}, 2);
  const std::vector<int32_t> rows{0, 2, 2, 2, 5};
  const std::vector<token_t> targets{3, 0, 8, 8, 1};
  for (const double temperature : {1.0, 0.6}) {
    const auto op = [&](Tape& t, const std::vector<Var>& in) {
      return ops::token_logp(t, in[0], head, rows, targets, static_cast<real>(1 / temperature)).logp;
    };
    gradcheck({op, {h}, &p});
    Arena arena;
    Tape t(arena, nullptr, nullptr, false);
    const ops::TokenLogp got =
        ops::token_logp(t, t.constant(h), head, rows, targets, static_cast<real>(1 / temperature));
    for (size_t r = 0; r < rows.size(); ++r) {
      double z[9], total = 0, entropy = 0;
      for (int v = 0; v < 9; ++v) {
        z[v] = 0;
        for (int c = 0; c < 5; ++c) z[v] += double(h.data()[rows[r] * 5 + c]) * double(head.value.data()[v * 5 + c]);
        total += std::exp(z[v] / temperature);
      }
      for (double x : z) {
        const double logp = x / temperature - std::log(total);
        entropy -= std::exp(logp) * logp;
      }
      CHECK(std::abs(double(got.logp->value.data()[r]) - (z[targets[r]] / temperature - std::log(total))) < 2e-5);
      CHECK(std::abs(double(got.entropy.data()[r]) - entropy) < 2e-5);
    }
  }
}

TEST_CASE("token_logp: more rows than a chunk of logits, gradient and bits as one by one") {
  ParamList p;
  const Param& head = p.add("head", {4, 3});
  randomize(p, 1);
  const int64_t n = ops::kLogpChunk + 37;
  const Tensor h = random_tensor({n, 3}, 2);
  std::vector<int32_t> rows;
  std::vector<token_t> targets;
  for (int64_t i = 0; i < n; ++i)
    rows.push_back(static_cast<int32_t>(i)), targets.push_back(static_cast<token_t>(i % 4));
  gradcheck(
      {[&](Tape& t, const std::vector<Var>& in) { return ops::token_logp(t, in[0], head, rows, targets, 1).logp; },
       {h},
       &p},
      40);
  Arena arena;
  Tape t(arena, nullptr, nullptr, false);
  const Tensor all = ops::token_logp(t, t.constant(h), head, rows, targets, 1).logp->value;
  for (size_t i : {size_t{0}, size_t{255}, size_t{256}, static_cast<size_t>(n - 1)})
    CHECK(ops::token_logp(t, t.constant(h), head, {&rows[i], 1}, {&targets[i], 1}, 1).logp->value.data()[0] ==
          all.data()[i]);
  const std::vector<token_t> wild{4};
  CHECK_THROWS_WITH(ops::token_logp(t, t.constant(h), head, {&rows[0], 1}, wild, 1), ContainsSubstring("target id 4"));
}
