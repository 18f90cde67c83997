// Initial weights. Paper: [V3 §4.2] (normal, std 0.006 at 671B).
#pragma once
#include <cstdint>

#include "autograd/tape.h"
#include "model/config.h"

namespace r1 {

/// Factor on the initial weights of projections that write into the residual stream: 1 / sqrt(2 n_layers). Not in V3;
/// small nets need it (paper_notes/deviations.md).
double residual_scale(const ModelConfig& c);

/// Matrices: normal(0, std), those that write into the residual stream times `residual`; norms 1; biases 0.
/// Each parameter draws from a stream named by its position, so the result is a function of the seed alone.
void init_normal(ParamList& params, uint64_t seed, double std, double residual);

}  // namespace r1
