// The two feed-forward layers of a block: dense SwiGLU, and DeepSeekMoE with shared and routed experts and a selection
// bias that balances load without a loss. w13 stacks the gate rows over the up rows.
// Paper: [V3 Eq. 12-16], [V3 §2.1.2], [MoE §3.1]. Note: paper_notes/moe.md
#pragma once
#include <string>
#include <vector>

#include "nn/context.h"

namespace r1 {

class Mlp {
 public:
  /// Parameters PREFIX.w13 [2 inner, dim] and PREFIX.w2 [dim, inner].
  Mlp(ParamList& params, const std::string& prefix, int64_t dim, int64_t inner);
  /// residual [N, C] + w2(silu(w1 x) * w3 x).
  Var forward(Tape& t, Var x, Var residual) const;

 private:
  const Param *w13_, *w2_;
};

struct MoeShape {
  int64_t dim, inner, n_routed, n_shared;
  RouterArgs router;  ///< k, groups, limited_groups, sigmoid, norm_topk, scale
  bool has_bias;
};

class Moe {
 public:
  Moe(ParamList& params, std::vector<Buffer>& buffers, const std::string& prefix, const MoeShape& shape);
  /// residual + shared(x) + sum of gated routed experts. `index` counts MoE layers (for ctx.routers).
  Var forward(Tape& t, Var x, Var residual, const LayerContext& ctx, size_t index) const;

 private:
  MoeShape s_;
  const Param *w_gate_, *w13_, *w2_;
  const std::vector<Buffer>* buffers_;
  size_t bias_;  ///< index into buffers_
  std::vector<Mlp> shared_;
};

/// Aux-loss-free balancing after an update: b_i += gamma if expert i got less than the mean load, -= gamma if more
/// [V3 §2.1.2].
void update_router_bias(Tensor& bias, const std::vector<int64_t>& load, real gamma);

}  // namespace r1
