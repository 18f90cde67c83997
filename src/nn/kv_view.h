// What attention needs of a cache: one packed store a layer and the block table of the batch's sequences. The engine's
// block manager owns the memory; nn only sees this view. Paper: [V3 §2.1.1] (the latent cache).
#pragma once
#include <vector>

#include "kernels/attention.h"

namespace r1 {

/// Cache of one batch: layers[i] is layer i's store; all layers share the block table.
struct KvView {
  std::vector<PagedKv> layers;
  int64_t longest = 0;  ///< largest position + 1 in the batch, for scratch sizes
};

}  // namespace r1
