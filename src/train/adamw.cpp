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
  ex.device = params.device();
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

namespace {

/// sum_squares of each tensor, one after the other on the device; one copy brings all to the host.
std::vector<double> squares_on_device(const std::vector<const Tensor*>& tensors) {
  size_t scratch_bytes = 1;
  for (const Tensor* t : tensors) scratch_bytes = std::max(scratch_bytes, sum_squares_workspace(t->numel()));
  const int64_t n = static_cast<int64_t>(tensors.size());
  const Tensor scratch = Tensor::zeros({static_cast<int64_t>(scratch_bytes / sizeof(real) + 1)}, DType::kReal,
                                       Device::kCuda, "sums of squares");
  const Tensor sums = Tensor::zeros({n, 2}, DType::kInt32, Device::kCuda, "sums of squares");  // n doubles
  Exec ex;
  ex.device = Device::kCuda;
  ex.workspace = static_cast<std::byte*>(scratch.raw()), ex.workspace_bytes = scratch.bytes();
  for (int64_t i = 0; i < n; ++i) {
    const Tensor& t = *tensors[static_cast<size_t>(i)];
    sum_squares(ex, static_cast<double*>(sums.raw()) + i, t.data(), t.numel());
  }
  const Tensor here = sums.to(Device::kCpu);
  const double* first = static_cast<const double*>(here.raw());
  return {first, first + n};
}

}  // namespace

double global_norm(const ParamList& params, Gradients& grads, ThreadPool* pool) {
  std::vector<const Param*> order;
  for (const Param& p : params.all()) order.push_back(&p);
  std::sort(order.begin(), order.end(), [](const Param* a, const Param* b) { return a->name < b->name; });
  std::vector<const Tensor*> tensors;
  for (const Param* p : order) tensors.push_back(&grads.of(*p));
  std::vector<double> squares(order.size());
  if (params.device() == Device::kCuda) {
    squares = squares_on_device(tensors);
  } else {
    parallel_for(pool, static_cast<int64_t>(order.size()), [&](int64_t i, int) {
      const Tensor& g = *tensors[static_cast<size_t>(i)];
      sum_squares(Exec{}, &squares[static_cast<size_t>(i)], g.data(), g.numel());
    });
  }
  return std::sqrt(std::accumulate(squares.begin(), squares.end(), 0.0));
}

double clip_factor(double norm, double max_norm) { return max_norm > 0 && norm > max_norm ? max_norm / norm : 1.0; }

}  // namespace r1
