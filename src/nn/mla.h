// Multi-head latent attention: keys and values of all heads come from one small latent c_kv, queries optionally from
// another; position lives in a decoupled shared rotary key. Two forms of the same function:
//   expanded: k_i = [W_UK,i c_kv ; k_R], v_i = W_UV,i c_kv, ordinary multi-head attention;
//   absorbed: q_i W_UK,i against c_kv itself, W_UV,i after the sum: one latent serves all heads (the cache stays
//   small).
// Paper: [V3 Eq. 1-11], [V2 App. C]. Note: paper_notes/mla.md. Trap: the norm is on c_kv only, never on k_R.
#pragma once
#include <string>

#include "nn/context.h"

namespace r1 {

struct MlaShape {
  int64_t dim, n_heads, q_lora_rank, kv_lora_rank, nope_dim, rope_dim, v_dim;
  real eps;
  real scale;  ///< softmax scale: 1 / sqrt(nope + rope), times YaRN's factor
  bool absorbed;
};

class Mla {
 public:
  Mla(ParamList& params, const std::string& prefix, const MlaShape& shape);
  /// residual [N, C] + attention of x [N, C] (already normed). `layer` picks the cache.
  Var forward(Tape& t, Var x, Var residual, const LayerContext& ctx, int64_t layer) const;

 private:
  Var query(Tape& t, Var x) const;
  MlaShape s_;
  const Param *w_q_ = nullptr, *w_dq_ = nullptr, *q_norm_ = nullptr, *w_uq_ = nullptr;
  const Param *w_dkv_, *kv_norm_, *w_uk_, *w_uv_, *w_o_;
};

}  // namespace r1
