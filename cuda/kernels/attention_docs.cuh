// Which document and which positions a block of the attention kernels works on. Lengths lie on the device, so a grid is
// as large as any cut of N tokens into documents could need, and blocks beyond leave. Paper: [V3 Eq. 10].
#pragma once
#include "common/pack.cuh"
#include "common/reduce.cuh"
#include "kernels/attention.h"

namespace r1::cuda::attn {

/// AttentionArgs as the device sees them.
template <class T>
struct Problem {
  int64_t n_tokens, ldq, ldk, ldv, v_head, ldo;
  int heads, kv_heads, dk, dv, docs;
  float scale;
  const int32_t *cu_seqlens, *prefix;
  const T *q, *k, *v;
  T* out;
  float* lse;
};
/// Backward: and the gradients; dots [N, H] = sum of dout * out.
template <class T>
struct Backward {
  Problem<T> p;
  const T* dout;
  T *dq, *dk, *dv;
  const float* dots;
  bool accumulate_dq;
};

/// Positions [0, prefix) of a document are rows of the document it continues, the rest its own.
struct Rows {
  int doc = -1;  ///< -1: nothing to do
  int64_t prefix_row = 0, own_row = 0;
  int prefix = 0, own = 0;
  int tile = 0;  ///< this block's tile among the document's own rows
  GPU_DEVICE int64_t row(int position) const {
    return position < prefix ? prefix_row + position : own_row + (position - prefix);
  }
};
template <class T>
GPU_DEVICE Rows rows_of(const Problem<T>& p, int doc) {
  Rows r;
  r.doc = doc;
  r.own_row = p.cu_seqlens[doc], r.own = int(p.cu_seqlens[doc + 1] - r.own_row);
  if (const int before = p.prefix ? p.prefix[doc] : -1; before >= 0)
    r.prefix_row = p.cu_seqlens[before], r.prefix = int(p.cu_seqlens[before + 1] - r.prefix_row);
  return r;
}
/// Tile `index` when every document's own rows are cut into tiles of `size`.
template <class T>
GPU_DEVICE Rows tile_rows(const Problem<T>& p, int index, int size) {
  for (int d = 0; d < p.docs; ++d) {
    const int tiles = (int(p.cu_seqlens[d + 1] - p.cu_seqlens[d]) + size - 1) / size;
    if (index < tiles) {
      Rows r = rows_of(p, d);
      r.tile = index;
      return r;
    }
    index -= tiles;
  }
  return {};
}
inline int64_t most_tiles(int64_t tokens, int64_t docs, int64_t size) { return tokens / size + docs; }

}  // namespace r1::cuda::attn
