// The optimiser's state and step over all parameters, and the global gradient norm. Paper: [V3 §4.2].
#pragma once
#include "autograd/tape.h"

namespace r1 {

struct AdamWConfig {
  double beta1 = 0.9, beta2 = 0.95, eps = 1e-8, weight_decay = 0.1;
  template <class V>
  void visit(V& v) {
    v("beta1", beta1, "decay of the first moment", 0.0, 1.0);
    v("beta2", beta2, "decay of the second moment", 0.0, 1.0);
    v("eps", eps, "added to the root of the second moment", 0.0, 1.0);
    v("weight_decay", weight_decay, "decoupled decay of matrices", 0.0, 10.0);
  }
};

class AdamW {
 public:
  AdamW(const ParamList& params, const AdamWConfig& config);
  /// One update with learning rate `lr` from gradients times `grad_scale`.
  void step(ParamList& params, Gradients& grads, double lr, double grad_scale, ThreadPool* pool);
  /// Forgets moments and step count (a new stage).
  void reset();

  int64_t updates() const { return updates_; }
  void set_updates(int64_t n) { updates_ = n; }
  Gradients& first_moment() { return m_; }
  Gradients& second_moment() { return v_; }

 private:
  AdamWConfig config_;
  Gradients m_, v_;
  int64_t updates_ = 0;
};

/// L2 norm over all gradients: per-tensor sums in double, added in the order of parameter names.
double global_norm(const ParamList& params, Gradients& grads, ThreadPool* pool);

/// Factor that brings the norm down to max_norm (1 if it is below, or if max_norm is 0 = off).
double clip_factor(double norm, double max_norm);

}  // namespace r1
