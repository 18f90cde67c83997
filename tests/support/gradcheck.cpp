#include "support/gradcheck.h"

#include <cmath>

#include "base/rng.h"
#include "support/catch.h"

namespace r1_test {

Tensor random_tensor(Shape shape, uint32_t seed, double std) {
  Tensor t = Tensor::zeros(shape);
  Rng rng(1234, Stream::kTest, seed);
  for (int64_t i = 0; i < t.numel(); ++i) t.data()[i] = static_cast<real>(rng.normal() * std);
  return t;
}

void randomize(ParamList& params, uint32_t seed, double std) {
  params.allocate();
  for (Param& p : params.all()) {
    p.value.copy_from(random_tensor(p.value.shape(), seed + 100 + static_cast<uint32_t>(p.id), std));
    if (!p.decay)
      for (int64_t i = 0; i < p.value.numel(); ++i) p.value.data()[i] += 1;  // norms around 1
  }
}

namespace {

constexpr bool kPrecise = sizeof(real) == 8;
constexpr double kAbsolute = kPrecise ? 1e-7 : 3e-3, kRelative = kPrecise ? 1e-5 : 3e-2;

/// d f / d x by a 4-point stencil of width h.
double slope(real& x, double h, const std::function<double()>& f) {
  const real old = x;
  const auto at = [&](double d) {
    x = static_cast<real>(static_cast<double>(old) + d);
    const double v = f();
    x = old;
    return v;
  };
  return (8 * (at(h / 2) - at(-h / 2)) - (at(h) - at(-h))) / (6 * h);
}

real seed_of(int64_t i) {
  return static_cast<real>(Rng(99, Stream::kTest, 7).bits_at(static_cast<uint64_t>(i)) / 4294967296.0 * 2 - 1);
}

double value(const GradCase& c) {
  Arena arena;
  Tape t(arena, nullptr, nullptr, false);
  std::vector<Var> in;
  for (const Tensor& x : c.inputs) in.push_back(t.variable(x));
  const Tensor out = c.run(t, in)->value;
  double s = 0;
  for (int64_t i = 0; i < out.numel(); ++i) s += static_cast<double>(out.data()[i]) * static_cast<double>(seed_of(i));
  return s;
}

}  // namespace

GradResult evaluate(const GradCase& c) {
  Arena arena;
  Gradients grads = c.params ? Gradients(*c.params) : Gradients();
  Tape t(arena, nullptr, &grads, true);
  std::vector<Var> in;
  for (const Tensor& x : c.inputs) in.push_back(t.variable(x));
  Var out = c.run(t, in);
  GradResult r;
  r.out = Tensor::zeros(out->value.shape());
  r.out.copy_from(out->value);
  const Tensor seed = t.grad_slot(out).tensor;
  for (int64_t i = 0; i < seed.numel(); ++i) seed.data()[i] = seed_of(i);
  t.backward();
  for (size_t i = 0; i < in.size(); ++i) {
    r.dinputs.push_back(Tensor::zeros(in[i]->value.shape()));
    if (in[i]->grad.defined()) r.dinputs.back().copy_from(in[i]->grad);
  }
  r.dparams = grads.all();
  return r;
}

void check_loss_gradient(ParamList& params, const Gradients& g, const std::function<double()>& loss, int64_t elements) {
  const double h = kPrecise ? 1e-3 : 1e-2;
  for (Param& p : params.all())
    for (int64_t i = 0; i < p.value.numel(); i += std::max<int64_t>(1, p.value.numel() / elements)) {
      const double numeric = slope(p.value.data()[i], h, loss);
      INFO(p.name << "[" << i << "]");
      CHECK(std::abs(static_cast<double>(g.all()[static_cast<size_t>(p.id)].data()[i]) - numeric) <=
            kAbsolute + kRelative * std::abs(numeric));
    }
}

double gradcheck(const GradCase& c, int64_t max_elements) {
  const double h = kPrecise ? 1e-3 : 2e-2;
  const GradResult r = evaluate(c);
  double worst = 0;
  std::string where;
  const auto check = [&](Tensor x, const Tensor& g, const std::string& name) {
    const int64_t n = x.numel(), step = std::max<int64_t>(1, n / max_elements);
    for (int64_t i = 0; i < n; i += step) {
      const double numeric = slope(x.data()[i], h, [&] { return value(c); });
      const double analytic = static_cast<double>(g.data()[i]);
      const double error = std::abs(analytic - numeric) / (kAbsolute + kRelative * std::abs(numeric));
      if (!(error <= worst)) worst = error, where = cat(name, "[", i, "]: analytic ", analytic, ", numeric ", numeric);
    }
  };
  for (size_t i = 0; i < c.inputs.size(); ++i) check(c.inputs[i], r.dinputs[i], cat("input ", i));
  if (c.params)
    for (const Param& p : c.params->all()) check(p.value, r.dparams[static_cast<size_t>(p.id)], p.name);
  INFO(where);
  CHECK(worst <= 1);
  return worst;
}

}  // namespace r1_test
