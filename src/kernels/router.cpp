// Router kernels: E is 8 to 256, one row at a time. Paper: [V3 Eq. 12-20].
#include "kernels/router.h"

#include "kernels/vec.h"

namespace r1::R1_ISA {

namespace {
constexpr int64_t kMaxExperts = 4096;

/// Index of the largest of v[0..n) not yet taken; -1 entries of `v` are allowed. Ties: the lower index.
R1_INLINE int64_t best_of(const real* v, const bool* taken, int64_t n) {
  int64_t best = -1;
  for (int64_t i = 0; i < n; ++i)
    if (!taken[i] && (best < 0 || v[i] > v[best])) best = i;
  return best;
}

/// Marks the k largest of v[0..n).
R1_INLINE void take_top(const real* v, bool* taken, int64_t n, int64_t k) {
  for (int64_t i = 0; i < n; ++i) taken[i] = false;
  for (int64_t c = 0; c < k; ++c) taken[best_of(v, taken, n)] = true;
}

void affinities(real* s, const real* z, const RouterArgs& a) {
  if (a.sigmoid) {
    for (int64_t e = 0; e < a.experts; e += kLanes)
      store_tail(s + e, sigmoid(load_tail(z + e, a.experts - e)), a.experts - e);
    return;
  }
  vec m = splat(z[0]);
  for (int64_t e = 0; e < a.experts; e += kLanes) m = max(m, load_tail(z + e, a.experts - e, z[0]));
  const real top = max_lane(m);
  vec acc{};
  for (int64_t e = 0; e < a.experts; e += kLanes) {
    const int64_t n = a.experts - e;
    store_tail(s + e, exp(load_tail(z + e, n) - top), n);
    acc = acc + load_tail(s + e, n);
  }
  const real inverse = real(1) / sum(acc);
  for (int64_t e = 0; e < a.experts; e += kLanes)
    store_tail(s + e, load_tail(s + e, a.experts - e) * inverse, a.experts - e);
}

/// Selection scores s + b with the experts of dropped groups excluded: a group counts as the sum of its two best biased
/// scores, or as its best where there is no bias.
void limit_groups(real* pick, bool* taken, const real* s, const RouterArgs& a) {
  for (int64_t e = 0; e < a.experts; ++e) pick[e] = a.bias ? s[e] + a.bias[e] : s[e], taken[e] = false;
  if (a.groups <= 1) return;
  real group[kMaxExperts];
  bool keep[kMaxExperts];
  const int64_t width = a.experts / a.groups;
  for (int64_t g = 0; g < a.groups; ++g) {
    bool used[kMaxExperts];
    take_top(pick + g * width, used, width, a.bias ? (width < 2 ? width : 2) : 1);
    group[g] = 0;
    for (int64_t e = 0; e < width; ++e)
      if (used[e]) group[g] += pick[g * width + e];
  }
  take_top(group, keep, a.groups, a.limited_groups);
  for (int64_t e = 0; e < a.experts; ++e) taken[e] = !keep[e / width];
}
}  // namespace

void router_fwd(const Exec& ex, real* scores, int32_t* idx, real* gates, const real* logits, const RouterArgs& a) {
  parallel_chunks(ex.pool, a.rows, 64, [&](int64_t begin, int64_t end) {
    real pick[kMaxExperts];
    bool taken[kMaxExperts];
    for (int64_t r = begin; r < end; ++r) {
      real* s = scores + r * a.experts;
      affinities(s, logits + r * a.experts, a);
      limit_groups(pick, taken, s, a);
      bool chosen[kMaxExperts];
      for (int64_t e = 0; e < a.experts; ++e) chosen[e] = false;
      for (int64_t c = 0; c < a.k; ++c) {
        const int64_t e = best_of(pick, taken, a.experts);
        taken[e] = chosen[e] = true;
      }
      real total = 0;
      int64_t c = 0;
      for (int64_t e = 0; e < a.experts; ++e)
        if (chosen[e]) idx[r * a.k + c++] = static_cast<int32_t>(e), total += s[e];
      const real factor = a.norm_topk ? a.scale / total : a.scale;
      for (c = 0; c < a.k; ++c) gates[r * a.k + c] = s[idx[r * a.k + c]] * factor;
    }
  });
}

void router_bwd(const Exec& ex, real* dlogits, const real* dgates, const real* dscores, const real* scores,
                const int32_t* idx, const RouterArgs& a) {
  parallel_chunks(ex.pool, a.rows, 64, [&](int64_t begin, int64_t end) {
    real ds[kMaxExperts];
    for (int64_t r = begin; r < end; ++r) {
      const real* s = scores + r * a.experts;
      const int32_t* id = idx + r * a.k;
      const real* dg = dgates + r * a.k;
      for (int64_t e = 0; e < a.experts; ++e) ds[e] = dscores ? dscores[r * a.experts + e] : 0;
      real total = 0, dot = 0;  // gate_c = scale * s_c / total
      for (int64_t c = 0; c < a.k; ++c) total += s[id[c]], dot += dg[c] * s[id[c]];
      for (int64_t c = 0; c < a.k; ++c)
        ds[id[c]] += a.norm_topk ? a.scale / total * (dg[c] - dot / total) : a.scale * dg[c];
      real* dz = dlogits + r * a.experts;
      if (a.sigmoid) {
        for (int64_t e = 0; e < a.experts; ++e) dz[e] = ds[e] * s[e] * (real(1) - s[e]);
      } else {
        real mix = 0;
        for (int64_t e = 0; e < a.experts; ++e) mix += ds[e] * s[e];
        for (int64_t e = 0; e < a.experts; ++e) dz[e] = s[e] * (ds[e] - mix);
      }
    }
  });
}

void balance_fwd(const Exec& ex, real* loss, real* f, const real* scores, const int32_t* cu_seqlens, int64_t docs,
                 const RouterArgs& a) {
  parallel_chunks(ex.pool, docs, 1, [&](int64_t begin, int64_t end) {
    for (int64_t d = begin; d < end; ++d) {
      const int64_t first = cu_seqlens[d], last = cu_seqlens[d + 1];
      const real tokens = static_cast<real>(last - first);
      real p[kMaxExperts];
      real* count = f + d * a.experts;
      for (int64_t e = 0; e < a.experts; ++e) p[e] = count[e] = 0;
      for (int64_t r = first; r < last; ++r) {
        const real* s = scores + r * a.experts;
        bool top[kMaxExperts];
        take_top(s, top, a.experts, a.k);
        real total = 0;
        for (int64_t e = 0; e < a.experts; ++e) total += s[e];
        for (int64_t e = 0; e < a.experts; ++e) p[e] += s[e] / total, count[e] += top[e] ? real(1) : real(0);
      }
      real sum_fp = 0;
      for (int64_t e = 0; e < a.experts; ++e) {
        count[e] *= static_cast<real>(a.experts) / (static_cast<real>(a.k) * tokens);
        sum_fp += count[e] * (p[e] / tokens);
      }
      loss[d] = last > first ? sum_fp : real(0);
    }
  });
}

void balance_bwd(const Exec& ex, real* dscores, real weight, const real* f, const real* scores,
                 const int32_t* cu_seqlens, int64_t docs, const RouterArgs& a) {
  parallel_chunks(ex.pool, docs, 1, [&](int64_t begin, int64_t end) {
    for (int64_t d = begin; d < end; ++d) {
      const real* fd = f + d * a.experts;
      for (int64_t r = cu_seqlens[d]; r < cu_seqlens[d + 1]; ++r) {
        const real* s = scores + r * a.experts;
        real total = 0, mean = 0;  // P_i = s_i / total, so dP_j/ds_i = (delta_ij - P_j) / total
        for (int64_t e = 0; e < a.experts; ++e) total += s[e];
        for (int64_t e = 0; e < a.experts; ++e) mean += fd[e] * s[e] / total;
        for (int64_t e = 0; e < a.experts; ++e) dscores[r * a.experts + e] = weight * (fd[e] - mean) / total;
      }
    }
  });
}

}  // namespace r1::R1_ISA
