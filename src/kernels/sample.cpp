// Token sampling. The nucleus needs no sort: the smallest weight inside it is found by bisection over the bit patterns
// of positive numbers, which ascend with their values; a sum over more weights is never smaller, rounding included.
// Paper: [R1 App. D.1].
#include "kernels/sample.h"

#include "kernels/vec.h"

namespace r1::R1_ISA {

namespace {

/// Sum of the weights >= floor: blocks of 16 by the fixed tree, blocks ascending. Weights are padded with 0.
real mass_from(const real* w, int64_t padded, real floor) {
  vec total{};
  for (int64_t i = 0; i < padded; i += kLanes) {
    const vec x = load(w + i);
    total = total + select(x >= splat(floor), x, vec{});
  }
  return sum(total);
}

/// Largest weight t such that the weights >= t hold at least `want`.
real nucleus_floor(const real* w, int64_t padded, real want) {
  const real one = 1;  // the largest weight is e^0
  lane_int lo = 0, hi;
  std::memcpy(&hi, &one, sizeof hi);
  while (lo < hi) {
    const lane_int mid = lo + (hi - lo + 1) / 2;
    real t;
    std::memcpy(&t, &mid, sizeof t);
    if (mass_from(w, padded, t) >= want)
      lo = mid;
    else
      hi = mid - 1;
  }
  real t;
  std::memcpy(&t, &lo, sizeof t);
  return t;
}

/// First id whose cumulated weight passes `share` of the whole; ids of weight 0 are never chosen.
int64_t invert(const real* w, int64_t padded, real share) {
  real total = 0;
  for (int64_t i = 0; i < padded; i += kLanes) total += sum(load(w + i));
  const real target = share * total;
  real before = 0;
  int64_t last = 0;  // rounding may leave the target unpassed: then the last id with weight
  for (int64_t i = 0; i < padded; i += kLanes) {
    const real after = before + sum(load(w + i));
    if (after > before)
      for (int64_t j = i; j < i + kLanes; ++j)
        if (w[j] > 0) last = j;
    if (after > target) {
      real at = before;
      for (int64_t j = i; j < i + kLanes; ++j) {
        at += w[j];
        if (w[j] > 0 && at > target) return j;
      }
      return last;
    }
    before = after;
  }
  return last;
}

int32_t sample_row(real* w, const real* z, real uniform, int64_t vocab, real inv_temperature, real top_p) {
  const int64_t padded = (vocab + kLanes - 1) / kLanes * kLanes;
  vec best = splat(z[0]);
  for (int64_t i = 0; i < vocab; i += kLanes) best = max(load_tail(z + i, vocab - i, z[0]), best);
  const real top = max_lane(best);
  if (top_p <= 0) {
    for (int64_t i = 0; i < vocab; ++i)
      if (z[i] == top) return static_cast<int32_t>(i);
    return 0;
  }
  for (int64_t i = 0; i < padded; i += kLanes) {
    const vec e = exp((load_tail(z + i, vocab - i, top) - top) * inv_temperature);
    store(w + i, e);
  }
  for (int64_t i = vocab; i < padded; ++i) w[i] = 0;
  if (top_p < 1) {
    const real floor = nucleus_floor(w, padded, top_p * mass_from(w, padded, 0));
    for (int64_t i = 0; i < padded; i += kLanes) store(w + i, select(load(w + i) >= splat(floor), load(w + i), vec{}));
  }
  return static_cast<int32_t>(invert(w, padded, uniform));
}

}  // namespace

void sample_rows(const Exec& ex, int32_t* ids, const real* logits, const real* uniform, int64_t rows, int64_t vocab,
                 real inv_temperature, real top_p) {
  const int64_t padded = (vocab + kLanes - 1) / kLanes * kLanes;
  parallel_for(ex.pool, rows, [&](int64_t r, int worker) {
    real* w = reinterpret_cast<real*>(ex.workspace) + worker * padded;
    ids[r] = sample_row(w, logits + r * vocab, uniform[r], vocab, inv_temperature, top_p);
  });
}

}  // namespace r1::R1_ISA
