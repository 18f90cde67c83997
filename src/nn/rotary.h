// Cosine and sine tables of the rotary embedding, with YaRN's frequency blend for long contexts.
// Paper: [V3 §4.3], [V2 §3.1.4]. Note: paper_notes/yarn.md
#pragma once
#include <cstdint>
#include <vector>

#include "tensor/tensor.h"

namespace r1 {

struct RotaryShape {
  int64_t dim = 8;  ///< rotated width of a head (even)
  double theta = 10000;
  double factor = 1;  ///< YaRN s; 1 = off
  int64_t original_seq_len = 4096;
  int64_t max_seq_len = 4096;
  double beta_fast = 32, beta_slow = 1;
};

/// Angle per position of each pair [dim / 2]: theta^(-2i/dim), below the ramp divided by s, in between blended.
std::vector<double> rotary_frequencies(const RotaryShape& s);

/// [max_seq_len, dim/2, 2] cosine and sine, computed in double.
Tensor rotary_table(const RotaryShape& s);
inline size_t rotary_table_bytes(const RotaryShape& s) {
  return static_cast<size_t>(s.max_seq_len * (s.dim / 2) * 2) * sizeof(real);
}

/// YaRN's factor on the softmax scale, squared: (0.1 mscale ln s + 1)^2, 1 where the context is not extended.
double yarn_softmax_factor(const RotaryShape& s, double mscale);

}  // namespace r1
