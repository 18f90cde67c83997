// AdamW over a parameter list. Paper: [V3 §4.2].
#include "train/adamw.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "kernels/adamw.h"
#include "kernels/reduce.h"

namespace r1 {

AdamW::AdamW(const ParamList& params, const AdamWConfig& config) : config_(config), m_(params), v_(params) {}

void AdamW::step(ParamList& params, Gradients& grads, double lr, double grad_scale, ThreadPool* pool) {
  ++updates_;
  AdamWArgs a;
  a.lr = static_cast<real>(lr);
  a.beta1 = static_cast<real>(config_.beta1), a.beta2 = static_cast<real>(config_.beta2),
  a.eps = static_cast<real>(config_.eps);
  a.correction1 = static_cast<real>(1 - std::pow(config_.beta1, static_cast<double>(updates_)));
  a.correction2 = static_cast<real>(1 - std::pow(config_.beta2, static_cast<double>(updates_)));
  a.grad_scale = static_cast<real>(grad_scale);
  Exec ex;
  ex.pool = pool;
  for (Param& p : params.all()) {
    a.weight_decay = static_cast<real>(p.decay ? config_.weight_decay : 0);
    adamw(ex, p.value.data(), m_.of(p).data(), v_.of(p).data(), grads.of(p).data(), p.value.numel(), a);
  }
}

void AdamW::reset() {
  m_.zero();
  v_.zero();
  updates_ = 0;
}

double global_norm(const ParamList& params, Gradients& grads, ThreadPool* pool) {
  std::vector<const Param*> order;
  for (const Param& p : params.all()) order.push_back(&p);
  std::sort(order.begin(), order.end(), [](const Param* a, const Param* b) { return a->name < b->name; });
  std::vector<double> squares(order.size());
  parallel_for(pool, static_cast<int64_t>(order.size()), [&](int64_t i, int) {
    const Tensor& g = grads.of(*order[static_cast<size_t>(i)]);
    sum_squares(Exec{}, &squares[static_cast<size_t>(i)], g.data(), g.numel());
  });
  return std::sqrt(std::accumulate(squares.begin(), squares.end(), 0.0));
}

double clip_factor(double norm, double max_norm) { return max_norm > 0 && norm > max_norm ? max_norm / norm : 1.0; }

}  // namespace r1
