// What every layer of one forward call shares: documents, positions, rotary table, cache, router counters.
// Paper: none.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "autograd/ops/attention.h"
#include "autograd/ops/moe.h"
#include "nn/kv_view.h"

namespace r1 {

struct LayerContext {
  std::span<const int32_t> cu_seqlens, prefix;
  const int32_t* positions = nullptr;
  ops::Rotary rotary;
  const KvView* kv = nullptr;                        ///< engine: append to and attend over this cache
  std::vector<ops::RouterStats>* routers = nullptr;  ///< one per MoE layer, or null
  real balance_weight = 0;                           ///< alpha / tokens of the whole batch, 0 = off [V3 Eq. 17]
};

/// A named tensor that is part of a model but gets no gradient (router bias).
struct Buffer {
  std::string name;
  Tensor value;
};

}  // namespace r1
