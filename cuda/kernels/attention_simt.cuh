// Attention on the ordinary cores, for float and for shapes that the tensor-core kernels do not take. A warp owns a
// query row of a head (forward, dq) or a key row (dk, dv) and walks the other side 32 at a time: for scores a lane is
// the other side's row, for sums a lane is a column. Deterministic: one warp writes each result. Paper: [V3 Eq. 10].
#pragma once
#include "common/math.cuh"
#include "kernels/attention_docs.cuh"

namespace r1::cuda::attn {

constexpr int kSimtWarps = 4;
constexpr int kMostColumns = 18;  ///< 32-wide pieces of a head: up to 576 columns

/// The document and own position of token row `row`.
struct Place {
  Rows rows;
  int position;  ///< in the whole document, prefix included
};
template <class T>
GPU_DEVICE Place place_of(const Problem<T>& p, int64_t row) {
  int d = 0;
  while (d + 1 < p.docs && p.cu_seqlens[d + 1] <= row) ++d;
  Place at{rows_of(p, d), 0};
  at.position = at.rows.prefix + int(row - at.rows.own_row);
  return at;
}
template <class A, class B>
GPU_DEVICE float dot(const A* a, const B* b, int n) {
  float s = 0;
  for (int i = 0; i < n; ++i) s = gpu::fma(gpu::to_float(a[i]), gpu::to_float(b[i]), s);
  return s;
}

template <class T>
GPU_KERNEL(32 * kSimtWarps)
void simt_fwd_kernel(Problem<T> p) {
  const int64_t item = int64_t(gpu::block_idx().x) * kSimtWarps + gpu::warp();
  if (item >= p.n_tokens * p.heads) return;
  const int64_t row = item / p.heads;
  const int head = int(item % p.heads), kv = head / (p.heads / p.kv_heads), lane = gpu::lane();
  const Place at = place_of(p, row);
  const T* q = p.q + row * p.ldq + int64_t(head) * p.dk;
  float top = -3.0e38f, sum = 0, out[kMostColumns] = {};
  for (int base = 0; base <= at.position; base += 32) {
    const int j = base + lane;
    const bool seen = j <= at.position;
    float s = -3.0e38f;
    if (seen) s = gpu::mul(dot(q, p.k + at.rows.row(j) * p.ldk + int64_t(kv) * p.dk, p.dk), p.scale);
    const float higher = gpu::max(top, warp_max(s)), shrink = exp_of<kFast<T>>(top - higher);
    const float e = seen ? exp_of<kFast<T>>(s - higher) : 0.0f;
    top = higher;
    sum = gpu::add(gpu::mul(sum, shrink), warp_sum(e));
    GPU_UNROLL
    for (int i = 0; i < kMostColumns; ++i) out[i] = gpu::mul(out[i], shrink);
    const int end = at.position - base < 31 ? at.position - base : 31;
    for (int k = 0; k <= end; ++k) {
      const float weight = gpu::shfl(e, k);
      const T* v = p.v + at.rows.row(base + k) * p.ldv + kv * p.v_head;
      GPU_UNROLL
      for (int i = 0; i < kMostColumns; ++i)
        if (lane + 32 * i < p.dv) out[i] = gpu::fma(weight, gpu::to_float(v[lane + 32 * i]), out[i]);
    }
  }
  T* y = p.out + row * p.ldo + int64_t(head) * p.dv;
  GPU_UNROLL
  for (int i = 0; i < kMostColumns; ++i)
    if (lane + 32 * i < p.dv) narrow(y[lane + 32 * i], gpu::div(out[i], sum));
  if (p.lse && lane == 0) p.lse[item] = gpu::add(top, log_of<kFast<T>>(sum));
}

/// dots [N, H] = dout . out.
template <class T>
GPU_KERNEL(32 * kSimtWarps)
void dots_kernel(float* dots, Problem<T> p, const T* dout) {
  const int64_t item = int64_t(gpu::block_idx().x) * kSimtWarps + gpu::warp();
  if (item >= p.n_tokens * p.heads) return;
  const int64_t at = item / p.heads * p.ldo + item % p.heads * p.dv;
  float s = 0;
  for (int i = gpu::lane(); i < p.dv; i += 32)
    s = gpu::fma(gpu::to_float(dout[at + i]), gpu::to_float(p.out[at + i]), s);
  s = warp_sum(s);
  if (gpu::lane() == 0) dots[item] = s;
}

/// Probability and score gradient of (query row, key row) for one head.
struct Pair {
  float p, ds;
};
template <class T>
GPU_DEVICE Pair pair_of(const Backward<T>& b, int64_t query, int head, int64_t key, int kv) {
  const Problem<T>& p = b.p;
  const int64_t item = query * p.heads + head;
  const float s =
      gpu::mul(dot(p.q + query * p.ldq + int64_t(head) * p.dk, p.k + key * p.ldk + int64_t(kv) * p.dk, p.dk), p.scale);
  const float e = exp_of<kFast<T>>(s - p.lse[item]);
  const float dp = dot(b.dout + query * p.ldo + int64_t(head) * p.dv, p.v + key * p.ldv + kv * p.v_head, p.dv);
  return {e, gpu::mul(gpu::mul(e, gpu::sub(dp, b.dots[item])), p.scale)};
}
/// y (+)= sum, a lane a column.
template <class T>
GPU_DEVICE void put(T* y, const float (&sum)[kMostColumns], int n, bool accumulate) {
  GPU_UNROLL
  for (int i = 0; i < kMostColumns; ++i) {
    const int c = gpu::lane() + 32 * i;
    if (c < n) narrow(y[c], accumulate ? gpu::add(gpu::to_float(y[c]), sum[i]) : sum[i]);
  }
}

template <class T>
GPU_KERNEL(32 * kSimtWarps)
void simt_dq_kernel(Backward<T> b) {
  const Problem<T>& p = b.p;
  const int64_t item = int64_t(gpu::block_idx().x) * kSimtWarps + gpu::warp();
  if (item >= p.n_tokens * p.heads) return;
  const int64_t row = item / p.heads;
  const int head = int(item % p.heads), kv = head / (p.heads / p.kv_heads), lane = gpu::lane();
  const Place at = place_of(p, row);
  float dq[kMostColumns] = {};
  for (int base = 0; base <= at.position; base += 32) {
    Pair own{0, 0};
    if (base + lane <= at.position) own = pair_of(b, row, head, at.rows.row(base + lane), kv);
    const int end = at.position - base < 31 ? at.position - base : 31;
    for (int k = 0; k <= end; ++k) {
      const float ds = gpu::shfl(own.ds, k);
      const T* key = p.k + at.rows.row(base + k) * p.ldk + int64_t(kv) * p.dk;
      GPU_UNROLL
      for (int i = 0; i < kMostColumns; ++i)
        if (lane + 32 * i < p.dk) dq[i] = gpu::fma(ds, gpu::to_float(key[lane + 32 * i]), dq[i]);
    }
  }
  put(b.dq + row * p.ldq + int64_t(head) * p.dk, dq, p.dk, b.accumulate_dq);
}

/// A warp a key row and head of keys: all queries of all documents that see it, documents and rows ascending.
template <class T>
GPU_KERNEL(32 * kSimtWarps)
void simt_dkv_kernel(Backward<T> b) {
  const Problem<T>& p = b.p;
  const int64_t item = int64_t(gpu::block_idx().x) * kSimtWarps + gpu::warp();
  if (item >= p.n_tokens * p.kv_heads) return;
  const int64_t key = item / p.kv_heads;
  const int kv = int(item % p.kv_heads), group = p.heads / p.kv_heads, lane = gpu::lane();
  const Place at = place_of(p, key);
  const int own = int(key - at.rows.own_row);
  float dk[kMostColumns] = {}, dv[kMostColumns] = {};
  for (int d = 0; d < p.docs; ++d) {
    const bool same = d == at.rows.doc;
    if (!same && !(p.prefix && p.prefix[d] == at.rows.doc)) continue;
    const int64_t first = p.cu_seqlens[d] + (same ? own : 0), last = p.cu_seqlens[d + 1];
    for (int64_t base = first; base < last; base += 32)
      for (int h = kv * group; h < (kv + 1) * group; ++h) {
        Pair pair{0, 0};
        if (base + lane < last) pair = pair_of(b, base + lane, h, key, kv);
        const int end = last - base < 32 ? int(last - base) : 32;
        for (int k = 0; k < end; ++k) {
          const float ds = gpu::shfl(pair.ds, k), e = gpu::shfl(pair.p, k);
          const T* q = p.q + (base + k) * p.ldq + int64_t(h) * p.dk;
          const T* go = b.dout + (base + k) * p.ldo + int64_t(h) * p.dv;
          GPU_UNROLL
          for (int i = 0; i < kMostColumns; ++i) {
            if (lane + 32 * i < p.dk) dk[i] = gpu::fma(ds, gpu::to_float(q[lane + 32 * i]), dk[i]);
            if (lane + 32 * i < p.dv) dv[i] = gpu::fma(e, gpu::to_float(go[lane + 32 * i]), dv[i]);
          }
        }
      }
  }
  put(b.dk + key * p.ldk + int64_t(kv) * p.dk, dk, p.dk, true);
  gpu::syncwarp();  // latent attention: dv may be the first columns of dk
  put(b.dv + key * p.ldv + kv * p.v_head, dv, p.dv, true);
}

template <class T>
gpu::Launch warps(const char* name, int64_t items, void* stream) {
  return {.name = name, .grid = ceil_div(items, kSimtWarps), .block = 32 * kSimtWarps, .stream = stream};
}

}  // namespace r1::cuda::attn
