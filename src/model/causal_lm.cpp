// Defaults of the model interface. Paper: none.
#include "model/causal_lm.h"

namespace r1 {

Var CausalLm::mtp(Tape&, Var, const TokenBatch&, int64_t k) const {
  fail("MTP module ", k, " of a model that has none");
}

void CausalLm::allocate() {
  params_.allocate();
  for (Buffer& b : buffers_) b.value = Tensor::zeros(b.value.shape());
}

}  // namespace r1
