// Attention backward. Probabilities are recomputed from the saved log-sum-exp; with D = rowsum(dout * out),
//   dV = P^T dO,  dP = dO V^T,  dS = P * (dP - D) * scale,  dQ = dS K,  dK = dS^T Q.
// One worker owns a (document, kv head), or a kv head where documents share prefixes: its dk and dv are FMA chains over
// rows ascending, heads ascending inside a row, so that bits depend on no thread. Rows pass in chunks that share their
// key blocks. Paper: gradient of [V3 Eq. 10].
#include "kernels/attention.h"
#include "kernels/attention_rows.h"

namespace r1::R1_ISA {

namespace {

/// acc[d0 + i][key] += sum_m x[m][d0 + i] w[m][key] for D columns of x and C parts of keys, m ascending.
template <int D, int C>
R1_INLINE void outer_tile(real* acc, int64_t width, const real* w, int64_t ldw, const real* const* x, int n, int64_t c0,
                          int64_t d0) {
  part a[D][C];
  real* to[C];
  for (int c = 0; c < C; ++c) {
    to[c] = acc + ((c0 + c) / kParts * width + d0) * kLanes + (c0 + c) % kParts * kPart;
    for (int i = 0; i < D; ++i) a[i][c] = load_part(to[c] + i * kLanes);
  }
  w += c0 * kPart;
  for (int m = 0; m < n; ++m, w += ldw) {
    part y[C];
    for (int c = 0; c < C; ++c) y[c] = load_part(w + c * kPart);
    for (int i = 0; i < D; ++i) {
      const part b = broadcast(x[m] + d0 + i);
      for (int c = 0; c < C; ++c) a[i][c] = fma_part(b, y[c], a[i][c]);
    }
  }
  for (int c = 0; c < C; ++c)
    for (int i = 0; i < D; ++i) store_part(to[c] + i * kLanes, a[i][c]);
}

template <int D, int C>
R1_INLINE void outer_width(real* acc, int64_t width, const real* w, int64_t ldw, const real* const* x, int n, int64_t c,
                           int64_t d) {
  for (; d + D <= width; d += D) outer_tile<D, C>(acc, width, w, ldw, x, n, c, d);
  if constexpr (D > 1) outer_width<D / 2, C>(acc, width, w, ldw, x, n, c, d);
}

/// acc [n_blocks][width][16] += x^T w, x [n, width] by row pointers, w [n, n_blocks * 16].
void outer(real* acc, int64_t width, const real* w, int64_t n_blocks, const real* const* x, int n) {
  const int64_t ldw = n_blocks * kLanes, columns = n_blocks * kParts;
  int64_t c = 0;
  for (; c + 2 <= columns; c += 2) outer_width<kTile / 2, 2>(acc, width, w, ldw, x, n, c, 0);
  for (; c < columns; ++c) outer_width<8, 1>(acc, width, w, ldw, x, n, c, 0);
}

/// What a worker holds for one (document, kv head): packed keys and values, their gradients, scores of a chunk.
struct Scratch {
  real *k, *v, *dk, *dv, *p, *ds;
};

struct GradRows {
  int n = 0;
  const real* q[kRowChunk];
  const real* dout[kRowChunk];
  real* dq[kRowChunk];
  real lse[kRowChunk], dot[kRowChunk];  // dot: D = sum(dout * out)
  int32_t limit[kRowChunk];
};

real dot_rows(const real* x, const real* y, int64_t n) {
  vec acc{};
  for (int64_t i = 0; i < n; i += kLanes) acc = fma(load_tail(x + i, n - i), load_tail(y + i, n - i), acc);
  return sum(acc);
}

/// p: scores to probabilities; ds: dP to dS.
void score_grads(real* p, real* ds, const GradRows& rows, int64_t n_blocks, real scale) {
  for (int r = 0; r < rows.n; ++r) {
    const vec lse = splat(rows.lse[r]), dot = splat(rows.dot[r]);
    for (int64_t b = 0; b < n_blocks; ++b, p += kLanes, ds += kLanes) {
      const vec probability = exp(load(p) - lse);
      store(p, probability);
      store(ds, probability * (load(ds) - dot) * scale);
    }
    const ivec seen = lanes_to(rows.limit[r]);
    store(p - kLanes, select(seen, load(p - kLanes), vec{}));
    store(ds - kLanes, select(seen, load(ds - kLanes), vec{}));
  }
}

void backward_rows(const AttentionArgs& a, const GradRows& rows, bool accumulate, int64_t n_blocks, const Scratch& s) {
  const int64_t ld = n_blocks * kLanes;
  const KvBlocks k{s.k, a.dk * kLanes}, v{s.v, a.dv * kLanes};
  scores(s.p, rows.q, rows.n, k, n_blocks, a.dk, a.scale);
  scores(s.ds, rows.dout, rows.n, v, n_blocks, a.dv, real(1));
  score_grads(s.p, s.ds, rows, n_blocks, a.scale);
  const auto put = [&](const real* x, int r, int64_t d0, int64_t n) {
    real* to = rows.dq[r] + d0;
    if (n == 4) {
      store_quad(to, accumulate ? load_quad(to) + load_quad(x) : load_quad(x));
      return;
    }
    for (int64_t d = 0; d < n; ++d) to[d] = accumulate ? to[d] + x[d] : x[d];
  };
  const auto four = [&](vec sums, int r, int64_t d0, int64_t n) {
    alignas(64) real x[kLanes];
    store(x, sums);
    for (int i = 0; i < 4; ++i) put(x + 4 * i, r + i, d0, n);
  };
  const auto one = [&](vec sums, int r, int64_t d0, int64_t n) {
    alignas(64) real x[kLanes];
    store(x, sums);
    put(x, r, d0, n);
  };
  weigh_rows(Weights{s.ds, ld, n_blocks, nullptr}, rows.n, k, a.dk, four, one);
  outer(s.dv, a.dv, s.p, n_blocks, rows.dout, rows.n);
  outer(s.dk, a.dk, s.ds, n_blocks, rows.q, rows.n);
}

/// All rows of document `doc` and heads of kv head `kv`.
void backward_document(const AttentionArgs& a, const AttentionGrads& g, int64_t doc, int64_t kv, const Scratch& s) {
  const DocumentRows d = document_rows(a, doc);
  const int64_t blocks = kv_blocks(d.total()), group = a.n_heads / a.n_kv_heads, columns = blocks * kKvBlock;
  for (int64_t b = 0; b < blocks; ++b) {
    pack_positions(s.k + b * a.dk * kKvBlock, a.k + kv * a.dk, a.ldk, d, b, a.dk);
    pack_positions(s.v + b * a.dv * kKvBlock, a.v + kv * a.v_head_stride, a.ldv, d, b, a.dv);
  }
  std::memset(s.dk, 0, static_cast<size_t>(columns * a.dk) * sizeof(real));
  std::memset(s.dv, 0, static_cast<size_t>(columns * a.dv) * sizeof(real));
  GradRows rows;
  for (int64_t t = d.prefix; t < d.total(); ++t)
    for (int64_t h = kv * group; h < (kv + 1) * group; ++h) {
      const int64_t row = d.row(t);
      const int i = rows.n++;
      rows.q[i] = a.q + row * a.ldq + h * a.dk;
      rows.dout[i] = g.dout + row * a.ldo + h * a.dv;
      rows.dq[i] = g.dq + row * a.ldq + h * a.dk;
      rows.lse[i] = a.lse[row * a.n_heads + h];
      rows.dot[i] = dot_rows(rows.dout[i], a.out + row * a.ldo + h * a.dv, a.dv);
      rows.limit[i] = static_cast<int32_t>(t % kKvBlock);
      const bool block_ends = (t + 1 == d.total() || t % kKvBlock == kKvBlock - 1) && h + 1 == (kv + 1) * group;
      if (rows.n < kRowChunk && !block_ends) continue;
      backward_rows(a, rows, g.accumulate_dq, t / kKvBlock + 1, s);
      rows.n = 0;
    }
  for (int64_t b = 0; b < blocks; ++b) {
    unpack_add_positions(g.dk + kv * a.dk, a.ldk, s.dk + b * a.dk * kKvBlock, d, b, a.dk);
    unpack_add_positions(g.dv + kv * a.v_head_stride, a.ldv, s.dv + b * a.dv * kKvBlock, d, b, a.dv);
  }
}

}  // namespace

void attention_bwd(const Exec& ex, const AttentionArgs& a, const AttentionGrads& g) {
  int64_t longest = 0;
  for (int64_t d = 0; d < a.n_docs; ++d) {
    const int64_t n = kv_blocks(document_rows(a, d).total());
    longest = n > longest ? n : longest;
  }
  const int64_t columns = longest * kKvBlock;
  const auto scratch_of = [&](std::byte* ws, Scratch& s) {
    s.p = take<real>(ws, kRowChunk * columns);
    s.ds = take<real>(ws, kRowChunk * columns);
    s.k = take<real>(ws, columns * a.dk);
    s.dk = take<real>(ws, columns * a.dk);
    s.v = take<real>(ws, columns * a.dv);
    s.dv = take<real>(ws, columns * a.dv);
    return ws;
  };
  Scratch probe;
  const int64_t bytes = scratch_of(ex.workspace, probe) - ex.workspace;
  // Documents that share a prefix add to the same rows, one after the other: they are one unit.
  const int64_t units = a.prefix ? 1 : a.n_docs, each = a.prefix ? a.n_docs : 1;
  parallel_for(ex.pool, units * a.n_kv_heads, [&](int64_t u, int worker) {
    Scratch s;
    scratch_of(ex.workspace + worker * bytes, s);
    const int64_t first = u / a.n_kv_heads * each;
    for (int64_t d = first; d < first + each; ++d) backward_document(a, g, d, u % a.n_kv_heads, s);
  });
}

}  // namespace r1::R1_ISA
