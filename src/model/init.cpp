// Initial weights. Paper: [V3 §4.2].
#include "model/init.h"

#include <cmath>

#include "base/rng.h"

namespace r1 {

double residual_scale(const ModelConfig& c) { return 1 / std::sqrt(2.0 * static_cast<double>(c.n_layers)); }

void init_normal(ParamList& params, uint64_t seed, double std, double residual) {
  const auto ends_with = [](const std::string& s, const std::string& tail) {
    return s.size() >= tail.size() && s.compare(s.size() - tail.size(), tail.size(), tail) == 0;
  };
  for (Param& p : params.all()) {
    real* w = p.value.data();
    if (!p.decay) {
      const real value = ends_with(p.name, ".bias") ? real(0) : real(1);
      for (int64_t i = 0; i < p.value.numel(); ++i) w[i] = value;
      continue;
    }
    const bool writes_residual = ends_with(p.name, "o_proj.weight") || ends_with(p.name, ".w2");
    Rng rng(seed, Stream::kInit, static_cast<uint32_t>(p.id));
    for (int64_t i = 0; i < p.value.numel(); ++i)
      w[i] = static_cast<real>(rng.normal() * std * (writes_residual ? residual : 1));
  }
}

}  // namespace r1
