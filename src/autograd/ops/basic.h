// RMSNorm, SwiGLU and embedding as tape operations. Paper: [V3 §2.1].
#pragma once
#include <span>

#include "autograd/tape.h"

namespace r1::ops {

/// x [N, C] / rms(x) * w [C].
Var rmsnorm(Tape& t, Var x, const Param& w, real eps);

/// h [N, 2I] = [gate | up] -> silu(gate) * up [N, I].
Var swiglu(Tape& t, Var h);

/// Rows of the table [V, C] by id: [N, C]. Throws Error for an id outside [0, V).
Var embedding(Tape& t, std::span<const token_t> ids, const Param& table);

}  // namespace r1::ops
