// Token permutation of the mixture of experts. Paper: [V3 Eq. 12].
#include "kernels/moe.h"

#include "kernels/vec.h"

namespace r1::R1_ISA {

namespace {
constexpr int64_t kGrain = 64;
}

void moe_plan(const Exec&, int32_t* offsets, int32_t* slot, int32_t* token_of, int32_t* choice_of, const int32_t* idx,
              int64_t tokens, int64_t k, int64_t experts) {
  for (int64_t e = 0; e <= experts; ++e) offsets[e] = 0;
  for (int64_t i = 0; i < tokens * k; ++i) ++offsets[idx[i] + 1];
  for (int64_t e = 0; e < experts; ++e) offsets[e + 1] += offsets[e];
  for (int64_t i = 0; i < tokens * k; ++i) {
    const int32_t row = offsets[idx[i]]++;  // turns the starts into the ends; shifted back below
    slot[i] = row;
    token_of[row] = static_cast<int32_t>(i / k);
    choice_of[row] = static_cast<int32_t>(i);
  }
  for (int64_t e = experts; e > 0; --e) offsets[e] = offsets[e - 1];
  offsets[0] = 0;
}

void moe_gather(const Exec& ex, real* xg, const real* x, const MoePlan& p) {
  parallel_chunks(ex.pool, p.tokens * p.k, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      std::memcpy(xg + r * p.cols, x + p.token_of[r] * p.cols, static_cast<size_t>(p.cols) * sizeof(real));
  });
}

void moe_gather_bwd(const Exec& ex, real* dx, const real* dxg, bool accumulate, const MoePlan& p) {
  parallel_chunks(ex.pool, p.tokens, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t)
      for (int64_t c = 0; c < p.cols; c += kLanes) {
        const int64_t n = p.cols - c;
        vec acc = accumulate ? load_tail(dx + t * p.cols + c, n) : vec{};
        for (int64_t j = 0; j < p.k; ++j) acc = acc + load_tail(dxg + p.slot[t * p.k + j] * p.cols + c, n);
        store_tail(dx + t * p.cols + c, acc, n);
      }
  });
}

void moe_combine(const Exec& ex, real* y, const real* ye, const real* gates, bool accumulate, const MoePlan& p) {
  parallel_chunks(ex.pool, p.tokens, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t)
      for (int64_t c = 0; c < p.cols; c += kLanes) {
        const int64_t n = p.cols - c;
        vec acc = accumulate ? load_tail(y + t * p.cols + c, n) : vec{};
        for (int64_t j = 0; j < p.k; ++j)
          acc = fma(splat(gates[t * p.k + j]), load_tail(ye + p.slot[t * p.k + j] * p.cols + c, n), acc);
        store_tail(y + t * p.cols + c, acc, n);
      }
  });
}

void moe_combine_bwd(const Exec& ex, real* dye, real* dgates, const real* dy, const real* ye, const real* gates,
                     const MoePlan& p) {
  parallel_chunks(ex.pool, p.tokens * p.k, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const real* d = dy + p.token_of[r] * p.cols;
      const vec gate = splat(gates[p.choice_of[r]]);
      vec acc{};
      for (int64_t c = 0; c < p.cols; c += kLanes) {
        const int64_t n = p.cols - c;
        const vec v = load_tail(d + c, n);
        acc = fma(v, load_tail(ye + r * p.cols + c, n), acc);
        store_tail(dye + r * p.cols + c, v * gate, n);
      }
      dgates[p.choice_of[r]] = sum(acc);
    }
  });
}

}  // namespace r1::R1_ISA
