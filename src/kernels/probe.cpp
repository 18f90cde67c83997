// The FMA peak of one core (kernels/probe.h). Paper: none.
#include "kernels/probe.h"

#include "kernels/gemm_micro.h"

namespace r1::R1_ISA {

void fma_probe(const Exec&, real* sink, int64_t rounds) {
  constexpr int kChains = 12;  // 4 cycles of latency x 2 units = 8 would do; more than 12 do not fit AVX2
  part total{};
  for (int64_t done = 0; done < kProbeWidth; done += kChains * kPart) {
    part x[kChains];
    const part scale = real(0.5) - part{}, shift = real(1) - part{};
    for (int c = 0; c < kChains; ++c) x[c] = real(c) - part{};
    for (int64_t r = 0; r < rounds; ++r) {
      R1_UNROLL_TILE
      for (int c = 0; c < kChains; ++c) x[c] = fma_part(x[c], scale, shift);
    }
    for (int c = 0; c < kChains; ++c) total += x[c];
  }
  real sum = 0;
  for (int l = 0; l < kPart; ++l) sum += total[l];
  *sink = sum;
}

}  // namespace r1::R1_ISA
