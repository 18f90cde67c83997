// Lesson 1: tensors on a tape, and a gradient found three ways: by hand, by the tape, by nudging the number.
// You should see (at once, 5 MB):
//
//   loss 1.9767, 3 steps on the tape
//
//   number         is    by hand    by tape by nudging
//   head[0]      0.50     1.5745     1.5745     1.5745
//   head[1]     -0.50    -1.5745    -1.5745    -1.5745
//   w1[0]        3.00     1.9979     1.9979     1.9979
//   w1[1]       -1.00     3.9959     3.9959     3.9955
//   w3[0]        0.50     0.6298     0.6298     0.6298
//   w3[1]        1.00     1.2596     1.2596     1.2596
//   x[0]         1.00     6.3087     6.3087     6.3077
//   x[1]         2.00    -1.3681    -1.3681    -1.3680
//
// The net is the end of a language model with everything 1 wide: one unit of a feed-forward layer [V3 §2.1.2], an
// output head of two words, and the loss that the base is trained with [V3 Eq. 24]:
//  gate = w1 . x    up = w3 . x    a = silu(gate) up    p = softmax(head a)    loss = -log p[the word that came]
// where silu(g) = g s(g) and s(g) = 1 / (1 + e^-g). In main the same by hand, from the loss back to x.
// Then read src/autograd/tape.h, and src/autograd/ops/basic.cpp, where each gradient stands right under its value.
#include <cmath>
#include <cstdio>

#include "autograd/ops/basic.h"
#include "autograd/ops/linear.h"
#include "autograd/ops/logp.h"

using namespace r1;

namespace {

struct Net {
  ParamList params;  // matrices are [out, in]; w13 stacks w1 over w3
  Param &w13 = params.add("w13", {2, 2}), &head = params.add("head", {2, 1});

  /// log p of word 1 after x [1, 2]; every operation leaves a step on a tape that records.
  Var logp(Tape& t, Var x) const {
    static const int32_t row = 0, word = 1;
    Var a = ops::swiglu(t, ops::linear(t, x, w13));  // [1, 2] = [gate | up] -> [1, 1]
    return ops::token_logp(t, a, head, {&row, 1}, {&word, 1}, 1).logp;
  }
  /// The loss alone, on a tape that does not record: what the rollout engine uses.
  double loss(const Tensor& x) const {
    Arena arena;
    Tape t(arena, nullptr, nullptr, false);
    return -static_cast<double>(*logp(t, t.constant(x))->value.data());
  }
};

struct Slope {
  const char* name;
  real* number;
  double by_hand;
  real by_tape;
};

}  // namespace

int main() try {
  Net net;
  net.w13.value = Tensor::of({2, 2}, {3, -1, real(0.5), 1});
  net.head.value = Tensor::of({2, 1}, {real(0.5), real(-0.5)});
  const Tensor x = Tensor::of({1, 2}, {1, 2});
  Arena arena;                  // the values of one step
  Gradients grads(net.params);  // one tensor a parameter; backward adds to it
  Tape tape(arena, nullptr, &grads, true);
  Var in = tape.variable(x), logp = net.logp(tape, in);
  std::printf("loss %.4f, %zu steps on the tape\n\n", -static_cast<double>(*logp->value.data()), tape.nodes());
  tape.backward(logp, -1);  // d loss / d logp = -1, then the tape in reverse

  const double gate = 3 * 1 - 1 * 2, up = 0.5 * 1 + 1 * 2, s = 1 / (1 + std::exp(-gate)), a = gate * s * up;
  const double p0 = 1 / (1 + std::exp(-0.5 * a - 0.5 * a));
  const double d_z0 = p0 - 0, d_z1 = (1 - p0) - 1;  // logits: p - [came]
  const double d_a = d_z0 * 0.5 + d_z1 * -0.5;
  const double d_gate = d_a * up * s * (1 + gate * (1 - s)), d_up = d_a * gate * s;  // silu' = s (1 + g (1 - s))

  real *w = net.w13.value.data(), *dw = grads.of(net.w13).data(), *h = net.head.value.data();
  real *dh = grads.of(net.head).data(), *dx = in->grad.data();
  std::printf("%-8s %8s %10s %10s %10s\n", "number", "is", "by hand", "by tape", "by nudging");
  for (const Slope& c : {Slope{"head[0]", h, d_z0 * a, dh[0]}, Slope{"head[1]", h + 1, d_z1 * a, dh[1]},
                         Slope{"w1[0]", w, d_gate * 1, dw[0]}, Slope{"w1[1]", w + 1, d_gate * 2, dw[1]},
                         Slope{"w3[0]", w + 2, d_up * 1, dw[2]}, Slope{"w3[1]", w + 3, d_up * 2, dw[3]},
                         Slope{"x[0]", x.data(), d_gate * 3 + d_up * 0.5, dx[0]},
                         Slope{"x[1]", x.data() + 1, d_gate * -1 + d_up * 1, dx[1]}}) {
    const real old = *c.number, step = real(1) / 64;
    const double above = (*c.number = old + step, net.loss(x)), below = (*c.number = old - step, net.loss(x));
    const double nudged = (above - below) * 32, taped = static_cast<double>(c.by_tape);
    *c.number = old;
    std::printf("%-8s %8.2f %10.4f %10.4f %10.4f\n", c.name, static_cast<double>(old), c.by_hand, taped, nudged);
    R1_CHECK(std::abs(taped - c.by_hand) < 1e-5, c.name, ": tape and hand disagree");
    R1_CHECK(std::abs(nudged - c.by_hand) < 1e-3, c.name, ": nudge and hand disagree");
  }
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
