// Products with weights: y = x W^T (+ bias) (+ residual), and the same per head. Weights are [out, in] as HuggingFace
// stores them. Paper: none.
#pragma once
#include "autograd/tape.h"
#include "kernels/gemm.h"

namespace r1::ops {

/// Runs a product with the tape's pool and scratch.
void run_gemm(Tape& t, const GemmArgs& g);

/// [N, in] x W[out, in] -> [N, out]; with `residual` [N, out] the result is residual + x W^T, one chain from there.
Var linear(Tape& t, Var x, const Param& w, Var residual = nullptr);

/// y [N, out] = x + b[out].
Var bias(Tape& t, Var x, const Param& b);

/// Each head its own matrix: x [N, H*a] and w [H, out, in]; transposed = false: y_h = x_h w_h^T (a = in, y [N, H*out]),
/// transposed = true: y_h = x_h w_h (a = out, y [N, H*in]). The two ways of W_UK and W_UV [V2 App. C].
Var heads_linear(Tape& t, Var x, const Param& w, bool transposed);

/// [x | y] along the columns: [N, a + b].
Var concat(Tape& t, Var x, Var y);

/// x + y, same shape.
Var add(Tape& t, Var x, Var y);

}  // namespace r1::ops
