// Attention forward: packs keys and values of every document into blocks of 16, then gives each (document, block of 16
// rows, kv head) to the row routine attend_rows, which the paged cache uses as well. Rows in one block of positions
// see the same key blocks, and only the last of them is masked [V3 Eq. 10]. Note: paper_notes/mla.md
#include "kernels/attention.h"

#include "kernels/attention_rows.h"

namespace r1::R1_ISA {

namespace {

/// What softmax needs of up to 16 rows: a lane a row.
struct RowSums {
  alignas(64) real peak[kLanes], total[kLanes];
};

/// v of row r -> to[r]: all rows at once where there are enough of them, else one by one; the bits are the same.
template <class Op>
R1_INLINE void reduce_rows(real* to, const vec* v, int n, real (*one)(vec)) {
  if (n < 4) {
    for (int r = 0; r < n; ++r) to[r] = one(v[r]);
    return;
  }
  part joined[kLanes];
  for (int r = 0; r < kLanes; ++r) joined[r] = r < n ? join<Op>(v[r].p) : part{};
  store(to, reduce<Op>(joined));
}

/// Scores of up to 16 rows to exp(score - maximum); lanes beyond the limit become 0.
void softmax_rows(real* s, int n, const int32_t* limit, int64_t n_blocks, RowSums& sums) {
  const int64_t ld = n_blocks * kLanes;
  vec x[kLanes];
  for (int r = 0; r < n; ++r) {
    real* row = s + r * ld;
    real* last = row + ld - kLanes;
    vec top = select(lanes_to(limit[r]), load(last), splat(-__builtin_inff()));
    store(last, top);
    for (int64_t b = 0; b + 1 < n_blocks; ++b) top = max(top, load(row + b * kLanes));
    x[r] = top;
  }
  reduce_rows<Max>(sums.peak, x, n, max_lane);
  for (int r = 0; r < n; ++r) {
    real* row = s + r * ld;
    const vec top = splat(sums.peak[r]);
    vec sum{};
    for (int64_t b = 0; b < n_blocks; ++b) {
      const vec p = exp(load(row + b * kLanes) - top);
      store(row + b * kLanes, p);
      sum = sum + p;
    }
    x[r] = sum;
  }
  reduce_rows<Add>(sums.total, x, n, sum);
}

}  // namespace

void attend_rows(const AttentionArgs& a, const QueryRows& rows, const KvBlocks& k, const KvBlocks& v, int64_t n_blocks,
                 real* scratch) {
  const int64_t ld = n_blocks * kLanes;
  alignas(64) real inverse[kRowChunk + kLanes];
  scores(scratch, rows.q, rows.n, k, n_blocks, a.dk, a.scale);
  for (int r = 0; r < rows.n; r += kLanes) {
    const int n = rows.n - r < kLanes ? rows.n - r : kLanes;
    RowSums sums{};
    softmax_rows(scratch + r * ld, n, rows.limit + r, n_blocks, sums);
    const vec total = load(sums.total);
    store(inverse + r, real(1) / total);
    if (!rows.lse[r]) continue;
    const vec lse = load(sums.peak) + log(total);
    for (int i = 0; i < n; ++i) *rows.lse[r + i] = lse[i];
  }
  const Weights p{scratch, ld, n_blocks, rows.limit};
  const auto four = [&](vec sums, int r, int64_t d0, int64_t end) {
    alignas(64) real x[kLanes];
    store(x, sums);
    for (int i = 0; i < 4; ++i) {
      quad y = load_quad(x + 4 * i) * inverse[r + i];
      if (end == 4)
        store_quad(rows.out[r + i] + d0, y);
      else
        std::memcpy(rows.out[r + i] + d0, &y, static_cast<size_t>(end) * sizeof(real));
    }
  };
  const auto one = [&](vec sums, int r, int64_t d0, int64_t end) {
    store_tail(rows.out[r] + d0, sums * inverse[r], end);
  };
  weigh_rows(p, rows.n, v, a.dv, four, one);
}

void attend_block(const AttentionArgs& a, int64_t begin, int64_t end, int64_t position, int64_t kv, const KvBlocks& k,
                  const KvBlocks& v, real* scratch) {
  const int64_t group = a.n_heads / a.n_kv_heads, n_blocks = position / kKvBlock + 1;
  QueryRows rows;
  for (int64_t row = begin; row < end; ++row)
    for (int64_t h = kv * group; h < (kv + 1) * group; ++h) {
      const int i = rows.n++;
      rows.q[i] = a.q + row * a.ldq + h * a.dk;
      rows.out[i] = a.out + row * a.ldo + h * a.dv;
      rows.lse[i] = a.lse ? a.lse + row * a.n_heads + h : nullptr;
      rows.limit[i] = static_cast<int32_t>((position + row - begin) % kKvBlock);
      if (rows.n < kRowChunk && !(row + 1 == end && h + 1 == (kv + 1) * group)) continue;
      attend_rows(a, rows, k, v, n_blocks, scratch);
      rows.n = 0;
    }
}

void attention_fwd(const Exec& ex, const AttentionArgs& a) {
  std::byte* ws = ex.workspace;
  // First block of each document: of all its positions, and of those that are queries (the prefix asks by itself).
  int64_t *packed = take<int64_t>(ws, a.n_docs + 1), *asked = take<int64_t>(ws, a.n_docs + 1);
  int64_t longest = 0;
  packed[0] = asked[0] = 0;
  for (int64_t d = 0; d < a.n_docs; ++d) {
    const DocumentRows rows = document_rows(a, d);
    const int64_t n = kv_blocks(rows.total());
    packed[d + 1] = packed[d] + n;
    asked[d + 1] = asked[d] + n - rows.prefix / kKvBlock;
    longest = n > longest ? n : longest;
  }
  const int64_t blocks = packed[a.n_docs] * a.n_kv_heads, k_block = a.dk * kKvBlock;
  const bool shared = a.v == a.k && a.ldv == a.ldk && a.v_head_stride == a.dk && a.dv <= a.dk;
  const int64_t v_block = shared ? k_block : a.dv * kKvBlock;
  real* k = take<real>(ws, blocks * k_block);
  real* v = shared ? k : take<real>(ws, blocks * v_block);
  const int64_t scratch = kRowChunk * longest * kKvBlock;
  const size_t scratch_bytes = attention_round(static_cast<size_t>(scratch) * sizeof(real));

  // Unit u is block u / Hk of the list for kv head u % Hk; a head's blocks of a document are neighbours.
  const auto each_unit = [&](const int64_t* first, const auto& fn) {
    parallel_for(ex.pool, first[a.n_docs] * a.n_kv_heads, [&](int64_t u, int worker) {
      const int64_t kv = u % a.n_kv_heads, block = u / a.n_kv_heads, doc = find_segment(first, a.n_docs, block);
      const int64_t head = packed[doc] * a.n_kv_heads + kv * (packed[doc + 1] - packed[doc]);
      fn(document_rows(a, doc), kv, head, block - first[doc], worker);
    });
  };
  each_unit(packed, [&](const DocumentRows& doc, int64_t kv, int64_t head, int64_t b, int) {
    pack_positions(k + (head + b) * k_block, a.k + kv * a.dk, a.ldk, doc, b, a.dk);
    if (!shared) pack_positions(v + (head + b) * v_block, a.v + kv * a.v_head_stride, a.ldv, doc, b, a.dv);
  });
  each_unit(asked, [&](const DocumentRows& doc, int64_t kv, int64_t head, int64_t b, int worker) {
    const KvBlocks keys{k + head * k_block, k_block, nullptr}, values{v + head * v_block, v_block, nullptr};
    b += doc.prefix / kKvBlock;
    const int64_t begin = b * kKvBlock > doc.prefix ? b * kKvBlock : doc.prefix;
    const int64_t end = (b + 1) * kKvBlock < doc.total() ? (b + 1) * kKvBlock : doc.total();
    attend_block(a, doc.row(begin), doc.row(begin) + end - begin, begin, kv, keys, values,
                 reinterpret_cast<real*>(ws + static_cast<size_t>(worker) * scratch_bytes));
  });
}

}  // namespace r1::R1_ISA
