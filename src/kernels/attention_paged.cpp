// Attention over the paged cache: writes new keys and values in the packed layout, and lets new rows attend with the
// same row routine as training (attention_rows.h). Blocks are found through the block table; what lies beyond a row's
// position is never looked at, so that blocks may hold anything there [V3 §2.1.1]. Note: paper_notes/mla.md
#include "kernels/attention.h"
#include "kernels/attention_rows.h"

namespace r1::R1_ISA {

namespace {
void append(real* block, int64_t lane, const real* x, int64_t width) {
  for (int64_t d = 0; d < width; ++d) block[d * kKvBlock + lane] = x[d];
}
}  // namespace

void kv_append(const Exec& ex, const AttentionArgs& a, const PagedKv& kv, const int32_t* positions) {
  parallel_for(ex.pool, a.n_docs, [&](int64_t doc, int) {
    const int32_t* table = kv.block_table + doc * kv.table_stride;
    for (int64_t row = a.cu_seqlens[doc]; row < a.cu_seqlens[doc + 1]; ++row) {
      const int64_t block = table[positions[row] / kKvBlock], lane = positions[row] % kKvBlock;
      for (int64_t h = 0; h < a.n_kv_heads; ++h) {
        append(kv.k + block * kv.k_block + h * a.dk * kKvBlock, lane, a.k + row * a.ldk + h * a.dk, a.dk);
        if (!kv.latent)
          append(kv.v + block * kv.v_block + h * a.dv * kKvBlock, lane, a.v + row * a.ldv + h * a.v_head_stride, a.dv);
      }
    }
  });
}

void attention_paged(const Exec& ex, const AttentionArgs& a, const PagedKv& kv, const int32_t* positions) {
  std::byte* ws = ex.workspace;
  int64_t* first = take<int64_t>(ws, a.n_docs + 1);  // blocks of positions touched by the sequences before
  int64_t longest = 0;
  first[0] = 0;
  for (int64_t d = 0; d < a.n_docs; ++d) {
    const int64_t rows = a.cu_seqlens[d + 1] - a.cu_seqlens[d];
    const int64_t position = rows > 0 ? positions[a.cu_seqlens[d]] : 0, end = kv_blocks(position + rows);
    first[d + 1] = first[d] + (rows > 0 ? end - position / kKvBlock : 0);
    longest = end > longest ? end : longest;
  }
  const size_t scratch = attention_round(static_cast<size_t>(kRowChunk * longest * kKvBlock) * sizeof(real));
  const int64_t v_width = kv.latent ? a.dk : a.dv;
  parallel_for(ex.pool, first[a.n_docs] * a.n_kv_heads, [&](int64_t u, int worker) {
    const int64_t h = u % a.n_kv_heads, block = u / a.n_kv_heads, doc = find_segment(first, a.n_docs, block);
    const int64_t row0 = a.cu_seqlens[doc], stop = a.cu_seqlens[doc + 1], position0 = positions[row0];
    const int64_t b = position0 / kKvBlock + block - first[doc];
    const int64_t begin = b * kKvBlock > position0 ? row0 + b * kKvBlock - position0 : row0;
    const int64_t end = row0 + (b + 1) * kKvBlock - position0 < stop ? row0 + (b + 1) * kKvBlock - position0 : stop;
    const int32_t* table = kv.block_table + doc * kv.table_stride;
    const KvBlocks keys{kv.k + h * a.dk * kKvBlock, kv.k_block, table};
    const KvBlocks values{kv.v + h * v_width * kKvBlock, kv.v_block, table};
    attend_block(a, begin, end, position0 + begin - row0, h, keys, values,
                 reinterpret_cast<real*>(ws + static_cast<size_t>(worker) * scratch));
  });
}

}  // namespace r1::R1_ISA
