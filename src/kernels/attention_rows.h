// Inner loops shared by attention forward, paged and backward: register tiles over key blocks packed as [d][16 keys].
// Each number is computed the same way in every tile: a score is one FMA chain over d ascending; a weighted sum over
// keys keeps 16 lanes (lane = key % 16, blocks ascending) that are added at the end by the tree of vec.h sum().
// Tiles work on `part`s, what one instruction of this set handles, so that accumulators stay in registers.
// Included by src/kernels/attention*.cpp only. Paper: [V3 Eq. 10]. Note: paper_notes/mla.md
#pragma once
#include <utility>

#include "kernels/attention.h"
#include "kernels/vec.h"

namespace r1::R1_ISA {

/// Accumulators of a register tile: 16 of 32 registers with AVX-512, 8 of 16 with AVX2.
#if defined(__AVX512F__) || !defined(__FMA__)
constexpr int kTile = 16;
#else
constexpr int kTile = 8;
#endif
/// Query rows that share one pass over the keys; also the rows of score scratch of a worker.
constexpr int kRowChunk = static_cast<int>(kAttentionRowChunk);

R1_INLINE part broadcast(const real* p) { return splat_part(*p); }
typedef real quad __attribute__((vector_size(4 * sizeof(real))));
R1_INLINE quad load_quad(const real* p) {
  quad v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
R1_INLINE void store_quad(real* p, quad v) { std::memcpy(p, &v, sizeof v); }

// --- butterflies between lanes ------------------------------------------------------------------------------------

/// Source lane in (a, b) of output lane `lane` when halves at distance h are exchanged: lanes with bit h clear come
/// from a, the others from b; `hi` takes the partner at distance h.
constexpr int zip_lane(int lane, int h, bool hi) { return ((lane & h) ? kPart + lane - h : lane) + (hi ? h : 0); }
template <int H, bool Hi, int... L>
R1_INLINE part zip_lanes(part a, part b, std::integer_sequence<int, L...>) {
  return __builtin_shufflevector(a, b, zip_lane(L, H, Hi)...);
}
template <int H, bool Hi>
R1_INLINE part zip(part a, part b) {
  return zip_lanes<H, Hi>(a, b, std::make_integer_sequence<int, kPart>{});
}

/// v[i][l] <-> v[l][i] of kPart x kPart numbers.
template <int H = kPart / 2>
R1_INLINE void transpose(part* v) {
  for (int i = 0; i < kPart; ++i) {
    if (i & H) continue;
    const part a = v[i], b = v[i + H];
    v[i] = zip<H, false>(a, b);
    v[i + H] = zip<H, true>(a, b);
  }
  if constexpr (H > 1) transpose<H / 2>(v);
}

struct Add {
  static __attribute__((always_inline)) part of(part a, part b) { return a + b; }
};
struct Max {
  static __attribute__((always_inline)) part of(part a, part b) { return max_part(a, b); }
};
template <class Op, int H = kPart / 2>
R1_INLINE part fold(part* v) {
  for (int i = 0; i < H; ++i) v[i] = Op::of(zip<H, false>(v[i], v[i + H]), zip<H, true>(v[i], v[i + H]));
  if constexpr (H > 1) return fold<Op, H / 2>(v);
  return v[0];
}

/// Adds (or the maximum of) the parts of one 16-lane accumulator: the first steps of vec.h's tree.
template <class Op>
R1_INLINE part join(const part* lanes) {
  part p[kParts];
  for (int i = 0; i < kParts; ++i) p[i] = lanes[i];
  for (int n = kParts / 2; n >= 1; n /= 2)
    for (int i = 0; i < n; ++i) p[i] = Op::of(p[i], p[i + n]);
  return p[0];
}
/// Lane i of the result = sum(accumulator i) for 16 joined accumulators, bit for bit vec.h's tree (or the maximum).
template <class Op>
R1_INLINE vec reduce(part* joined) {
  vec r;
  for (int g = 0; g < kParts; ++g) r.p[g] = fold<Op>(joined + g * kPart);
  return r;
}

// --- packed blocks ------------------------------------------------------------------------------------------------

/// Keys or values of one sequence and kv head: block b is [d][16] at base + (table ? table[b] : b) * stride.
struct KvBlocks {
  const real* base = nullptr;
  int64_t stride = 0;
  const int32_t* table = nullptr;
  __attribute__((always_inline)) const real* at(int64_t b) const { return base + (table ? table[b] : b) * stride; }
};

/// Packs n <= 16 rows of x [n, width], ld apart, as [width][16]; the other lanes are 0.
R1_INLINE void pack_block(real* packed, const real* x, int64_t ld, int64_t n, int64_t width) {
  int64_t d = 0;
  for (; d + kPart <= width; d += kPart)
    for (int sub = 0; sub < kLanes; sub += kPart) {
      part v[kPart];
      for (int t = 0; t < kPart; ++t) v[t] = sub + t < n ? load_part(x + (sub + t) * ld + d) : part{};
      transpose(v);
      for (int i = 0; i < kPart; ++i) store_part(packed + (d + i) * kLanes + sub, v[i]);
    }
  for (; d < width; ++d)
    for (int t = 0; t < kLanes; ++t) packed[d * kLanes + t] = t < n ? x[t * ld + d] : real(0);
}

/// x [n, width] += the packed block, the inverse of pack_block.
R1_INLINE void unpack_add_block(real* x, int64_t ld, const real* packed, int64_t n, int64_t width) {
  int64_t d = 0;
  for (; d + kPart <= width; d += kPart)
    for (int sub = 0; sub < kLanes && sub < n; sub += kPart) {
      part v[kPart];
      for (int i = 0; i < kPart; ++i) v[i] = load_part(packed + (d + i) * kLanes + sub);
      transpose(v);
      for (int t = 0; t < kPart && sub + t < n; ++t) {
        real* to = x + (sub + t) * ld + d;
        store_part(to, load_part(to) + v[t]);
      }
    }
  for (; d < width; ++d)
    for (int64_t t = 0; t < n; ++t) x[t * ld + d] += packed[d * kLanes + t];
}

/// pack_block for block b of a document's positions, which may begin in the prefix and end in the document itself.
R1_INLINE void pack_positions(real* packed, const real* x, int64_t ld, const DocumentRows& doc, int64_t b,
                              int64_t width) {
  const int64_t t = b * kLanes, n = doc.total() - t < kLanes ? doc.total() - t : kLanes;
  if (t >= doc.prefix || t + n <= doc.prefix) {
    pack_block(packed, x + doc.row(t) * ld, ld, n, width);
    return;
  }
  for (int64_t d = 0; d < width; ++d)
    for (int64_t i = 0; i < kLanes; ++i) packed[d * kLanes + i] = i < n ? x[doc.row(t + i) * ld + d] : real(0);
}

/// The rows of block b of a document's positions += the packed block.
R1_INLINE void unpack_add_positions(real* x, int64_t ld, const real* packed, const DocumentRows& doc, int64_t b,
                                    int64_t width) {
  const int64_t t = b * kLanes, n = doc.total() - t < kLanes ? doc.total() - t : kLanes;
  if (t >= doc.prefix || t + n <= doc.prefix) {
    unpack_add_block(x + doc.row(t) * ld, ld, packed, n, width);
    return;
  }
  for (int64_t d = 0; d < width; ++d)
    for (int64_t i = 0; i < n; ++i) x[doc.row(t + i) * ld + d] += packed[d * kLanes + i];
}

// --- scores: s[r][key] = scale * sum_d q[r][d] K[d][key] -----------------------------------------------------------

/// C parts of keys from column c0; those from `end` on repeat the last one and are not stored.
template <int R, int C>
R1_INLINE void score_tile(real* s, int64_t lds, const real* const* q, const KvBlocks& k, int64_t c0, int64_t end,
                          int64_t width, real scale) {
  const real* x[C];
  const real* y[R];
  part acc[R][C];
  for (int c = 0; c < C; ++c) {
    const int64_t column = c0 + c < end ? c0 + c : end - 1;
    x[c] = k.at(column / kParts) + column % kParts * kPart;
  }
  for (int r = 0; r < R; ++r) {
    y[r] = q[r];
    for (int c = 0; c < C; ++c) acc[r][c] = part{};
  }
  for (int64_t d = 0; d < width; ++d) {
    part keys[C];
    for (int c = 0; c < C; ++c) keys[c] = load_part(x[c] + d * kLanes);
    for (int r = 0; r < R; ++r) {
      const part b = broadcast(y[r] + d);
      for (int c = 0; c < C; ++c) acc[r][c] = fma_part(b, keys[c], acc[r][c]);
    }
  }
  for (int r = 0; r < R; ++r)
    for (int c = 0; c < C; ++c)
      if (c0 + c < end) store_part(s + r * lds + (c0 + c) * kPart, acc[r][c] * scale);
}

/// All columns of R rows: tiles of C parts, then C / 2, ...
template <int R, int C>
R1_INLINE void score_columns(real* s, int64_t lds, const real* const* q, const KvBlocks& k, int64_t begin, int64_t end,
                             int64_t width, real scale) {
  for (; begin + C <= end; begin += C) score_tile<R, C>(s, lds, q, k, begin, begin + C, width, scale);
  if constexpr (C > 1) score_columns<R, C / 2>(s, lds, q, k, begin, end, width, scale);
}

/// s [n, n_blocks * 16], n <= kRowChunk. Key blocks in groups, so that a group stays in cache while all rows use it.
static inline void scores(real* s, const real* const* q, int n, const KvBlocks& k, int64_t n_blocks, int64_t width,
                          real scale) {
  const int64_t lds = n_blocks * kLanes, columns = n_blocks * kParts, group = 8 * kParts;
  for (int64_t c = 0; c < columns; c += group) {
    const int64_t end = c + group < columns ? c + group : columns;
    int r = 0;
    if constexpr (kTile == 16)
      for (; r + 8 <= n; r += 8) score_columns<8, 2>(s + r * lds, lds, q + r, k, c, end, width, scale);
    for (; r + 4 <= n; r += 4) score_columns<4, kTile / 4>(s + r * lds, lds, q + r, k, c, end, width, scale);
    for (; r < n; ++r)  // short of rows: latency counts, one pass with columns to spare
      for (int64_t i = c; i < end; i += 8)
        score_tile<1, 8>(s + r * lds, lds, q + r, k, i, i + 8 < end ? i + 8 : end, width, scale);
  }
}

// --- weighted sums over keys: o[r][d] = sum_key w[r][key] V[d][key] ------------------------------------------------

/// Rows of weights [R, n_blocks * 16] and which lanes of the last block count: those up to limit[r] (null: all; the
/// values of the others are then finite and their weights 0).
struct Weights {
  const real* w = nullptr;
  int64_t ld = 0;
  int64_t n_blocks = 0;
  const int32_t* limit = nullptr;
};

/// acc[r * ld + i] = joined accumulator of row r, column d0 + i, for R rows and D columns.
template <int R, int D>
R1_INLINE void weigh_tile(part* acc, int ld, const Weights& p, const KvBlocks& v, int64_t d0) {
  part a[R][D][kParts], w[R][kParts];
  for (int r = 0; r < R; ++r)
    for (int i = 0; i < D; ++i)
      for (int c = 0; c < kParts; ++c) a[r][i][c] = part{};
  const int64_t whole = p.limit ? p.n_blocks - 1 : p.n_blocks;
  for (int64_t b = 0; b < whole; ++b) {
    const real* x = v.at(b) + d0 * kLanes;
    for (int r = 0; r < R; ++r)
      for (int c = 0; c < kParts; ++c) w[r][c] = load_part(p.w + r * p.ld + b * kLanes + c * kPart);
    for (int i = 0; i < D; ++i)
      for (int c = 0; c < kParts; ++c) {
        const part xi = load_part(x + i * kLanes + c * kPart);
        for (int r = 0; r < R; ++r) a[r][i][c] = fma_part(w[r][c], xi, a[r][i][c]);
      }
  }
  if (p.limit) {  // beyond a row's own position the cache may hold anything, NaN included: leave those lanes alone
    const real* x = v.at(whole) + d0 * kLanes;
    for (int r = 0; r < R; ++r)
      for (int c = 0; c < kParts; ++c) {
        const ipart seen = lane_numbers(c * kPart) <= static_cast<lane_int>(p.limit[r]);
        const part wr = load_part(p.w + r * p.ld + whole * kLanes + c * kPart);
        for (int i = 0; i < D; ++i)
          a[r][i][c] = seen ? fma_part(wr, load_part(x + i * kLanes + c * kPart), a[r][i][c]) : a[r][i][c];
      }
  }
  for (int r = 0; r < R; ++r)
    for (int i = 0; i < D; ++i) acc[r * ld + i] = join<Add>(a[r][i]);
}

/// Columns i .. n - 1 after d0: tiles of D columns, then D / 2, ...
template <int R, int D>
R1_INLINE void weigh_tiles(part* acc, int ld, const Weights& p, const KvBlocks& v, int64_t d0, int64_t i, int64_t n) {
  for (; i + D <= n; i += D) weigh_tile<R, D>(acc + i, ld, p, v, d0 + i);
  if constexpr (D > 1) weigh_tiles<R, D / 2>(acc, ld, p, v, d0, i, n);
}

/// Lane r * (16 / R) + i = weighted sum of row r, column d0 + i, for i < n <= 16 / R; the other lanes are 0.
template <int R>
R1_INLINE vec weigh(Weights p, const KvBlocks& v, int64_t d0, int64_t n) {
  constexpr int kRows = R > 1 && kParts > 1 ? 2 : R, kColumns = kTile / (kRows * kParts), D = kLanes / R;
  part acc[kLanes];
  if (n < D)
    for (part& x : acc) x = part{};
  for (int r = 0; r < R; r += kRows) {
    weigh_tiles<kRows, (kColumns < 1 ? 1 : kColumns < D ? kColumns : D)>(acc + r * D, D, p, v, d0, 0, n);
    p.w += kRows * p.ld;
    if (p.limit) p.limit += kRows;
  }
  return reduce<Add>(acc);
}

/// emit(sums, row, d0, n): lanes [0, n) of each of the R groups of `sums` are columns d0 + lane.
template <int R, class Emit>
R1_INLINE void weigh_columns(const Weights& p, const KvBlocks& v, int64_t width, int row, const Emit& emit) {
  constexpr int64_t D = kLanes / R;
  for (int64_t d = 0; d < width; d += D) {
    const int64_t n = width - d < D ? width - d : D;
    emit(weigh<R>(p, v, d, n), row, d, n);
  }
}

template <class Emit4, class Emit1>
R1_INLINE void weigh_rows(Weights p, int n, const KvBlocks& v, int64_t width, const Emit4& emit4, const Emit1& emit1) {
  const real* w = p.w;
  const int32_t* limit = p.limit;
  int r = 0;
  for (; r < n; r += r + 4 <= n ? 4 : 1) {
    p.w = w + r * p.ld;
    p.limit = limit ? limit + r : nullptr;
    if (r + 4 <= n)
      weigh_columns<4>(p, v, width, r, emit4);
    else
      weigh_columns<1>(p, v, width, r, emit1);
  }
}

// --- one pass of query rows over their keys -----------------------------------------------------------------------

/// Up to kRowChunk (row, head) pairs whose positions lie in the same block of 16, so that all see n_blocks blocks.
struct QueryRows {
  int n = 0;
  const real* q[kRowChunk];
  real* out[kRowChunk];
  real* lse[kRowChunk];      ///< null: not wanted
  int32_t limit[kRowChunk];  ///< position % 16: last lane of the last block that the row sees
};

/// Softmax attention of the rows over blocks 0 .. n_blocks - 1; `scratch` holds kRowChunk * n_blocks * 16 numbers.
/// The one row routine of training, prefill and decode.
void attend_rows(const AttentionArgs& a, const QueryRows& rows, const KvBlocks& k, const KvBlocks& v, int64_t n_blocks,
                 real* scratch);

/// attend_rows for all heads of kv head `kv` of rows [begin, end), whose positions start at `position`, one block.
void attend_block(const AttentionArgs& a, int64_t begin, int64_t end, int64_t position, int64_t kv, const KvBlocks& k,
                  const KvBlocks& v, real* scratch);

/// Last i in [0, n) with first[i] <= x (first ascending, first[0] <= x).
R1_INLINE int64_t find_segment(const int64_t* first, int64_t n, int64_t x) {
  int64_t lo = 0, hi = n;
  while (hi - lo > 1) {
    const int64_t mid = (lo + hi) / 2;
    if (first[mid] <= x)
      lo = mid;
    else
      hi = mid;
  }
  return lo;
}

/// Takes n elements of T from the front of a scratch area, rounded up to 64 bytes.
template <class T>
R1_INLINE T* take(std::byte*& p, int64_t n) {
  T* r = reinterpret_cast<T*>(p);
  p += attention_round(static_cast<size_t>(n) * sizeof(T));
  return r;
}

}  // namespace r1::R1_ISA
