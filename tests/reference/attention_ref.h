// Causal attention over documents as plain double loops, forward and backward: the oracle of the kernels' tests.
// Paper: [V3 Eq. 10].
#pragma once
#include <cmath>
#include <vector>

#include "kernels/attention.h"

namespace r1::reference {

struct AttentionResult {
  std::vector<double> out, lse;    ///< [N, H, dv], [N, H]
  std::vector<double> dq, dk, dv;  ///< [N, H, dk], [N, Hk, dk], [N, Hk, dv] (only with dout)
};

/// `dout` [N, H, dv] with rows ldo apart, or null for forward only.
inline AttentionResult attention(const AttentionArgs& a, const real* dout) {
  const size_t n = static_cast<size_t>(a.n_tokens), h = static_cast<size_t>(a.n_heads);
  const size_t hk = static_cast<size_t>(a.n_kv_heads), dk = static_cast<size_t>(a.dk), dv = static_cast<size_t>(a.dv);
  AttentionResult r{std::vector<double>(n * h * dv), std::vector<double>(n * h), std::vector<double>(n * h * dk),
                    std::vector<double>(n * hk * dk), std::vector<double>(n * hk * dv)};
  const auto q = [&](size_t t, size_t i, size_t d) { return double(a.q[t * size_t(a.ldq) + i * dk + d]); };
  const auto k = [&](size_t t, size_t i, size_t d) { return double(a.k[t * size_t(a.ldk) + i * dk + d]); };
  const auto v = [&](size_t t, size_t i, size_t d) {
    return double(a.v[t * size_t(a.ldv) + i * size_t(a.v_head_stride) + d]);
  };
  for (int64_t doc = 0; doc < a.n_docs; ++doc) {
    const size_t begin = size_t(a.cu_seqlens[doc]), end = size_t(a.cu_seqlens[doc + 1]);
    for (size_t t = begin; t < end; ++t)
      for (size_t i = 0; i < h; ++i) {
        const size_t g = i / (h / hk);
        std::vector<double> p(t - begin + 1);
        double top = -1e300, total = 0;
        for (size_t j = begin; j <= t; ++j) {
          double s = 0;
          for (size_t d = 0; d < dk; ++d) s += q(t, i, d) * k(j, g, d);
          p[j - begin] = s * double(a.scale);
          top = std::max(top, p[j - begin]);
        }
        for (double& x : p) total += x = std::exp(x - top);
        r.lse[t * h + i] = top + std::log(total);
        for (double& x : p) x /= total;
        for (size_t j = begin; j <= t; ++j)
          for (size_t d = 0; d < dv; ++d) r.out[(t * h + i) * dv + d] += p[j - begin] * v(j, g, d);
        if (!dout) continue;
        const auto go = [&](size_t d) { return double(dout[t * size_t(a.ldo) + i * dv + d]); };
        double dot = 0;
        for (size_t d = 0; d < dv; ++d) dot += go(d) * r.out[(t * h + i) * dv + d];
        for (size_t j = begin; j <= t; ++j) {
          double dp = 0;
          for (size_t d = 0; d < dv; ++d) dp += go(d) * v(j, g, d);
          const double ds = p[j - begin] * (dp - dot) * double(a.scale);
          for (size_t d = 0; d < dv; ++d) r.dv[(j * hk + g) * dv + d] += p[j - begin] * go(d);
          for (size_t d = 0; d < dk; ++d) {
            r.dq[(t * h + i) * dk + d] += ds * k(j, g, d);
            r.dk[(j * hk + g) * dk + d] += ds * q(t, i, d);
          }
        }
      }
  }
  return r;
}

}  // namespace r1::reference
