// YaRN: pairs that turn often within the trained context keep their frequency, slow ones are divided by s, a linear
// ramp lies between. Paper: [V3 §4.3], [V2 §3.1.4].
#include "nn/rotary.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace r1 {

namespace {

/// Index of the pair that makes `turns` turns within the original context.
double pair_of_turns(const RotaryShape& s, double turns) {
  const double wavelength = static_cast<double>(s.original_seq_len) / (turns * 2 * std::numbers::pi);
  return static_cast<double>(s.dim) * std::log(wavelength) / (2 * std::log(s.theta));
}

bool extended(const RotaryShape& s) { return s.factor > 1 && s.max_seq_len > s.original_seq_len; }

}  // namespace

std::vector<double> rotary_frequencies(const RotaryShape& s) {
  R1_CHECK(s.dim >= 2 && s.dim % 2 == 0, "rotary width ", s.dim, ", expected even and at least 2");
  const int64_t pairs = s.dim / 2;
  std::vector<double> f(static_cast<size_t>(pairs));
  for (int64_t i = 0; i < pairs; ++i)
    f[static_cast<size_t>(i)] = std::pow(s.theta, -2.0 * static_cast<double>(i) / static_cast<double>(s.dim));
  if (!extended(s)) return f;
  const double low = std::max(std::floor(pair_of_turns(s, s.beta_fast)), 0.0);
  const double high = std::min(std::ceil(pair_of_turns(s, s.beta_slow)), static_cast<double>(s.dim - 1));
  for (int64_t i = 0; i < pairs; ++i) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / std::max(high - low, 0.001), 0.0, 1.0);
    double& x = f[static_cast<size_t>(i)];
    x = x / s.factor * ramp + x * (1 - ramp);
  }
  return f;
}

Tensor rotary_table(const RotaryShape& s) {
  const std::vector<double> f = rotary_frequencies(s);
  Tensor table = Tensor::zeros({s.max_seq_len, s.dim / 2, 2});
  real* out = table.data();
  for (int64_t p = 0; p < s.max_seq_len; ++p)
    for (double x : f) {
      *out++ = static_cast<real>(std::cos(static_cast<double>(p) * x));
      *out++ = static_cast<real>(std::sin(static_cast<double>(p) * x));
    }
  return table;
}

double yarn_softmax_factor(const RotaryShape& s, double mscale) {
  if (!extended(s)) return 1;
  const double m = 0.1 * mscale * std::log(s.factor) + 1;
  return m * m;
}

}  // namespace r1
