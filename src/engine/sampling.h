// How to sample: the request's parameters and the one rule that turns them into random numbers.
// Paper: [R1 App. D.1] (0.6 / 0.95 in evaluation), [R1 §2.1] (temperature 1 in rollouts).
#pragma once
#include <cstdint>
#include <functional>

#include "base/check.h"
#include "base/rng.h"
#include "base/types.h"

namespace r1 {

struct SamplingParams {
  int64_t n = 1;                 ///< samples of each prompt: G
  double temperature = 1;        ///< 0: the most probable token; logp is then taken at temperature 1
  double top_p = 1;              ///< nucleus; logp is always that of the whole distribution
  int64_t max_new_tokens = 256;  ///< a sample that reaches it without eos ends with Finish::kLength
  token_t eos = -1;              ///< ends a sample and is part of it; -1: none
  uint64_t seed = 0;
  Stream stream = Stream::kSample;
  uint32_t rollout = 0;
  /// Most tokens of sample `s` of prompt `p`, at most max_new_tokens; null: that limit for all. For benchmarks, which
  /// draw the same lengths whoever draws.
  std::function<int64_t(int64_t p, int64_t s)> limit = nullptr;
  uint32_t first_prompt = 0;  ///< index of the first prompt in the draws: a request cut in parts draws the same

  bool greedy() const { return temperature <= 0; }
  /// 1 / T of the log-probabilities.
  real inv_temperature() const { return greedy() ? real(1) : static_cast<real>(1.0 / temperature); }
  /// Throws Error naming the parameter.
  void check() const {
    if (n < 1 || n > (1 << 20)) fail("sampling: n = ", n, ", expected 1 to ", 1 << 20);
    if (!(temperature >= 0 && temperature <= 1000))
      fail("sampling: temperature = ", temperature, ", expected 0 to 1000");
    if (temperature > 0 && temperature < 1e-3)
      fail("sampling: temperature = ", temperature, ", expected 0 or at least 0.001");
    if (!(top_p >= 0 && top_p <= 1)) fail("sampling: top_p = ", top_p, ", expected 0 to 1");
    if (max_new_tokens < 1) fail("sampling: max_new_tokens = ", max_new_tokens, ", expected at least 1");
  }
};

/// The uniform number in [0, 1) that draws token `position` of a sample: a pure function of
/// (seed, stream, rollout, prompt, sample, position), so that order, batching and threads change nothing.
inline real draw_uniform(const SamplingParams& s, int64_t prompt, int64_t sample, int64_t position) {
  const Rng rng(s.seed, s.stream, s.rollout, static_cast<uint32_t>(sample));
  const uint64_t at =
      (uint64_t{s.first_prompt + static_cast<uint32_t>(prompt)} << 34) + static_cast<uint64_t>(position);
  return static_cast<real>(rng.bits_at(at) >> 8) * real(1.0 / 16777216.0);  // exact
}

}  // namespace r1
