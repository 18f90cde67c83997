#include "autograd/ops/moe.h"

#include <cmath>

#include "support/catch.h"
#include "support/gradcheck.h"

using namespace r1;
using namespace r1_test;

namespace {

RouterArgs args(int64_t k, bool sigmoid, bool norm, real scale) {
  RouterArgs a;
  a.k = k, a.sigmoid = sigmoid, a.norm_topk = norm, a.scale = scale;
  return a;
}

}  // namespace

TEST_CASE("router and experts: gradients with the choice held fixed") {
  ParamList p;
  const Param &w = p.add("gate", {4, 6}), &w13 = p.add("w13", {4, 10, 6}), &w2 = p.add("w2", {4, 6, 5});
  randomize(p, 1, 0.5);
  const std::vector<int32_t> cu{0, 3, 7};
  for (const bool sigmoid : {true, false})
    for (const bool norm : {true, false}) {
      const RouterArgs a = args(2, sigmoid, norm, real(2.5));
      gradcheck({[&](Tape& t, const std::vector<Var>& in) {
                   return ops::experts(t, in[0], ops::router(t, in[0], w, a, cu, 0, nullptr), w13, w2, in[0]);
                 },
                 {random_tensor({7, 6}, 2)},
                 &p});
    }
}

TEST_CASE("experts: equals the sum over chosen experts written out [V3 Eq. 12]") {
  ParamList p;
  const Param &w = p.add("gate", {4, 6}), &w13 = p.add("w13", {4, 10, 6}), &w2 = p.add("w2", {4, 6, 5});
  randomize(p, 1, 0.5);
  const std::vector<int32_t> cu{0, 7};
  const Tensor x = random_tensor({7, 6}, 2);
  Arena arena;
  Tape t(arena, nullptr, nullptr, false);
  Var in = t.constant(x);
  const ops::Routing r = ops::router(t, in, w, args(2, true, true, 1), cu, 0, nullptr);
  const Tensor y = ops::experts(t, in, r, w13, w2, in)->value;
  for (int64_t n = 0; n < 7; ++n) {
    std::vector<double> expect(x.data() + n * 6, x.data() + n * 6 + 6);
    for (int64_t c = 0; c < 2; ++c) {
      const int64_t e = r.idx.ints()[n * 2 + c];
      for (int64_t i = 0; i < 5; ++i) {
        double g = 0, u = 0;
        for (int64_t k = 0; k < 6; ++k) {
          g += double(w13.value.data()[(e * 10 + i) * 6 + k]) * double(x.data()[n * 6 + k]);
          u += double(w13.value.data()[(e * 10 + 5 + i) * 6 + k]) * double(x.data()[n * 6 + k]);
        }
        const double act = g / (1 + std::exp(-g)) * u;
        for (int64_t k = 0; k < 6; ++k)
          expect[size_t(k)] +=
              double(r.gates->value.data()[n * 2 + c]) * act * double(w2.value.data()[(e * 6 + k) * 5 + i]);
      }
    }
    for (int64_t k = 0; k < 6; ++k) CHECK(std::abs(double(y.data()[n * 6 + k]) - expect[size_t(k)]) < 1e-4);
  }
}

TEST_CASE("router: the bias chooses but does not weigh, groups limit, ties go low [V3 Eq. 13-16]") {
  ParamList p;
  const Param& w = p.add("gate", {8, 8});
  p.allocate();
  for (int64_t i = 0; i < 8; ++i) w.value.data()[i * 8 + i] = 1;  // logits = x
  const std::vector<int32_t> cu{0, 1};
  Tensor x = Tensor::zeros({1, 8}), bias = Tensor::zeros({8});
  const auto choose = [&](RouterArgs a) {
    Arena arena;
    Tape t(arena, nullptr, nullptr, false);
    const ops::Routing r = ops::router(t, t.constant(x), w, a, cu, 0, nullptr);
    return std::pair(std::vector<int32_t>(r.idx.ints(), r.idx.ints() + a.k), r.gates->value.to_vector());
  };
  RouterArgs a = args(2, true, true, 1);
  CHECK(choose(a).first == std::vector<int32_t>{0, 1});  // all equal: the lowest ids
  x.data()[5] = 2, x.data()[6] = 1;
  CHECK(choose(a).first == std::vector<int32_t>{5, 6});
  bias.data()[0] = 1, a.bias = bias.data();
  const auto [idx, gates] = choose(a);
  CHECK(idx == std::vector<int32_t>{0, 5});
  const double s0 = 0.5, s5 = 1 / (1 + std::exp(-2.0));
  CHECK(std::abs(double(gates[0]) - s0 / (s0 + s5)) < 1e-6);  // 0.3621: the bias is not in the gate
  // Groups of 4: with bias, a group counts as its two best. Group 0: 1.5 + .5 = 2.0; group 1: .881 + .731 = 1.612.
  a.groups = 2, a.limited_groups = 1;
  CHECK(choose(a).first == std::vector<int32_t>{0, 1});
  bias.data()[0] = real(0.5);  // group 0: 1.0 + 0.5 = 1.5
  CHECK(choose(a).first == std::vector<int32_t>{5, 6});
  // The trap: with all biased scores negative, an expert of a dropped group must not win with a masked 0.
  for (int64_t i = 0; i < 8; ++i) bias.data()[i] = -2;
  CHECK(choose(a).first == std::vector<int32_t>{5, 6});
}

TEST_CASE("balance loss: hand-worked value and gradient [V3 Eq. 17-20]") {
  // Two tokens, two experts, K = 1, affinities s = sigmoid(logits).
  ParamList p;
  const Param& w = p.add("gate", {2, 2});
  p.allocate();
  w.value.data()[0] = w.value.data()[3] = 1;
  const std::vector<int32_t> cu{0, 2};
  Tensor x = Tensor::zeros({2, 2});
  x.data()[0] = 1, x.data()[1] = -1, x.data()[2] = real(0.5), x.data()[3] = 0;  // both tokens prefer expert 0
  const auto sg = [](double v) { return 1 / (1 + std::exp(-v)); };
  const double p0 = (sg(1) / (sg(1) + sg(-1)) + sg(0.5) / (sg(0.5) + 0.5)) / 2;
  const double expect = 2.0 * p0;  // f = (2, 0): E / (K T) * count = 2 / 2 * 2
  ops::RouterStats stats;
  const real alpha = real(0.3);
  RouterArgs a = args(1, true, false, 1);
  const auto run = [&](bool record, ops::RouterStats* s, Gradients* g, Tensor* dx) {
    Arena arena;
    Tape t(arena, nullptr, g, record);
    Var in = t.variable(x);
    const ops::Routing r = ops::router(t, in, w, a, cu, alpha / 2, s);  // alpha / tokens of the batch
    if (!record) return;
    t.grad_slot(r.gates).tensor.zero();
    t.backward();
    dx->copy_from(in->grad);
  };
  Gradients g(p);
  Tensor dx = Tensor::zeros({2, 2});
  run(true, &stats, &g, &dx);
  CHECK(std::abs(stats.balance_loss / 2 - expect) < 1e-6);
  CHECK(stats.load == std::vector<int64_t>{2, 0});
  // d loss / d x[0, 0] by hand: f_0 / T * d(s0 / (s0 + s1)) / ds0 * ds0/dx, weighed with alpha * T_doc / T_batch =
  // alpha.
  const double s0 = sg(1), s1 = sg(-1), d = 2.0 / 2 * (s1 / ((s0 + s1) * (s0 + s1))) * s0 * (1 - s0) * 0.3;
  CHECK(std::abs(double(dx.data()[0]) - d) < 1e-7);
}
