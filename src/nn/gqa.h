// Grouped-query attention with rotary positions, as in Qwen2 and Llama: the students of distillation.
// Paper: [R1 App. F] (the dense students).
#pragma once
#include <string>

#include "nn/context.h"

namespace r1 {

struct GqaShape {
  int64_t dim, n_heads, n_kv_heads, head_dim;
  bool qkv_bias;
};

class Gqa {
 public:
  Gqa(ParamList& params, const std::string& prefix, const GqaShape& shape);
  /// residual [N, C] + attention of x [N, C] (already normed).
  Var forward(Tape& t, Var x, Var residual, const LayerContext& ctx, int64_t layer) const;

 private:
  Var project(Tape& t, Var x, const Param* w, const Param* b) const;
  GqaShape s_;
  const Param *w_q_, *w_k_, *w_v_, *w_o_;
  const Param *b_q_ = nullptr, *b_k_ = nullptr, *b_v_ = nullptr;
};

}  // namespace r1
