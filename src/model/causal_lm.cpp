// Defaults of the model interface, and networks by name. Paper: none.
#include "model/causal_lm.h"

#include "model/config.h"

namespace r1 {

Var CausalLm::mtp(Tape&, Var, const TokenBatch&, int64_t k) const {
  fail("MTP module ", k, " of a model that has none");
}

void CausalLm::allocate() {
  params_.allocate();
  for (Buffer& b : buffers_) b.value = Tensor::zeros(b.value.shape());
}

void CausalLm::to(Device device) {
  params_.to(device);
  for (Buffer& b : buffers_) b.value = b.value.to(device, b.name.c_str());
}

std::unique_ptr<CausalLm> make_model(const ModelConfig& config) {
  return Registry<ModelFactory>::get().find("network", config.arch)(config);
}

std::vector<std::string> model_archs() {
  std::vector<std::string> names;
  for (const auto& [name, make] : Registry<ModelFactory>::get().entries()) names.push_back(name);
  return names;
}

}  // namespace r1
