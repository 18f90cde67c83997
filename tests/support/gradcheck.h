// Numeric-Jacobian check of anything that runs on a tape: 4-point stencil, |analytic - numeric| <= 1e-7 + 1e-5 |g|, in
// the double build. In the float build the same cases run with a step and tolerance that float can carry.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "autograd/tape.h"

namespace r1_test {

using namespace r1;

/// What a case builds and differentiates: the scalar is sum_i seed_i * out_i with fixed random seeds.
struct GradCase {
  std::function<Var(Tape&, const std::vector<Var>& inputs)> run;  ///< the op: inputs on the tape -> output
  std::vector<Tensor> inputs;                                     ///< activations to differentiate
  ParamList* params = nullptr;                                    ///< parameters to differentiate, or null
};

/// Random tensor, normal(0, std), a function of the seed.
Tensor random_tensor(Shape shape, uint32_t seed, double std = 1.0);
void randomize(ParamList& params, uint32_t seed, double std = 1.0);

/// Checks every element of every input and parameter (or `max_elements` spread over each); reports the worst through
/// Catch2. Returns the largest error relative to its tolerance (<= 1 passes).
double gradcheck(const GradCase& c, int64_t max_elements = 1 << 30);

/// The same for a loss that makes its own tape: g holds the gradients of `loss` (called again with weights nudged), of
/// which about `elements` a tensor are checked.
void check_loss_gradient(ParamList& params, const Gradients& g, const std::function<double()>& loss, int64_t elements);

/// Value and gradients for callers that want them: out, then d(seeded sum) for inputs and parameters.
struct GradResult {
  Tensor out;
  std::vector<Tensor> dinputs, dparams;
};
GradResult evaluate(const GradCase& c);

}  // namespace r1_test
