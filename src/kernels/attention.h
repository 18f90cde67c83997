// Causal scaled-dot-product attention over documents, forward and backward, and the same over a paged cache.
// One kernel serves multi-head (Hk = H), grouped-query and latent (absorbed MLA: Hk = 1, values = the first dv columns
// of the keys) attention [V3 Eq. 10]. Keys are packed into blocks of 16, lane = key, counted from the document's first
// token; training packs into scratch, the engine's cache is kept packed: both run the same row code, so that a row's
// bits do not depend on batch, chunking, prefill or decode. Note: paper_notes/mla.md
#pragma once
#include "kernels/kernel.h"

namespace r1 {

/// Keys per block of the packed layout and of the paged cache.
constexpr int64_t kKvBlock = 16;
/// (row, head) pairs that share one pass over the keys: rows of score scratch a worker needs.
constexpr int64_t kAttentionRowChunk = 32;

template <class T>
struct AttentionArgsOf {
  int64_t n_tokens = 0;  ///< N rows over all documents
  int64_t n_heads = 0, n_kv_heads = 0, dk = 0, dv = 0;
  real scale = 1;                       ///< softmax(scale * q.k)
  const int32_t* cu_seqlens = nullptr;  ///< [n_docs + 1] first row of each document, last = N
  int64_t n_docs = 0;
  /// [n_docs] document whose rows come before d's own (a prompt that many answers share), -1 = none; null: none at all.
  /// A prefix has none itself. Row i of d has position prefix + i, and the bits of the document in one piece.
  const int32_t* prefix = nullptr;
  const T* q = nullptr;  ///< [N, H, dk], rows ldq apart, heads dk apart
  int64_t ldq = 0;
  const T* k = nullptr;  ///< [N, Hk, dk], rows ldk apart, heads dk apart
  int64_t ldk = 0;
  const T* v = nullptr;  ///< [N, Hk, dv], rows ldv apart, heads v_head_stride apart; may point into k
  int64_t ldv = 0, v_head_stride = 0;
  T* out = nullptr;  ///< [N, H, dv], rows ldo apart, heads dv apart
  int64_t ldo = 0;
  real* lse = nullptr;  ///< [N, H] log-sum-exp of the scaled scores, for backward (nullptr: not wanted)
};
using AttentionArgs = AttentionArgsOf<real>;

R1_KERNEL(attention_fwd, const Exec& ex, const AttentionArgs& a)
R1_KERNEL_CUDA(attention_fwd, const Exec& ex, const AttentionArgsOf<bf16>& a)
/// Scratch bytes; reads the sizes, cu_seqlens and whether v is part of k.
inline size_t attention_fwd_workspace(const AttentionArgs& a, int workers);

/// Gradients of attention_fwd. `out` and `lse` hold the forward results. dq = (or += if accumulate_dq); dk and dv are
/// always += so that latent attention, where v is part of k, can pass dv = dk (the sum of both ways).
template <class T>
struct AttentionGradsOf {
  const T* dout = nullptr;  ///< [N, H, dv], rows ldo apart
  T* dq = nullptr;          ///< [N, H, dk], rows ldq apart
  bool accumulate_dq = false;
  T* dk = nullptr;  ///< [N, Hk, dk], rows ldk apart
  T* dv = nullptr;  ///< [N, Hk, dv], rows ldv apart, heads v_head_stride apart
};
using AttentionGrads = AttentionGradsOf<real>;

R1_KERNEL(attention_bwd, const Exec& ex, const AttentionArgs& a, const AttentionGrads& g)
R1_KERNEL_CUDA(attention_bwd, const Exec& ex, const AttentionArgsOf<bf16>& a, const AttentionGradsOf<bf16>& g)
inline size_t attention_bwd_workspace(const AttentionArgs& a, int workers);
/// Scratch bytes on the device: a number a row and head.
inline size_t attention_bwd_device_workspace(int64_t tokens, int64_t heads) {
  return static_cast<size_t>(tokens * heads) * sizeof(float);
}

/// A layer's paged cache. Block b holds 16 tokens: keys at k + b * k_block, layout [Hk][dk][16]; values likewise at
/// v + b * v_block, layout [Hk][dv][16]. Latent attention has no values of its own: v = k, v_block = k_block, and a
/// token costs kv_lora_rank + qk_rope_head_dim numbers.
struct PagedKv {
  real* k = nullptr;
  int64_t k_block = 0;
  real* v = nullptr;
  int64_t v_block = 0;
  bool latent = false;                   ///< values are the first dv rows of the keys
  const int32_t* block_table = nullptr;  ///< [n_docs, table_stride]: cache block of each 16 positions of a sequence
  int64_t table_stride = 0;
};

/// Writes the new rows (AttentionArgs k, v; cu_seqlens over the new rows only) at their `positions` [N] into the cache.
R1_KERNEL_CPU_ONLY(kv_append, const Exec& ex, const AttentionArgs& a, const PagedKv& kv, const int32_t* positions)

/// Attention of the new rows over positions 0..positions[row] of their sequence in the cache (kv_append came first).
/// The positions of a sequence's rows ascend by one. `a.k`, `a.v` are not read. Bits equal attention_fwd's on the whole
/// sequence.
R1_KERNEL_CPU_ONLY(attention_paged, const Exec& ex, const AttentionArgs& a, const PagedKv& kv, const int32_t* positions)
/// `longest`: largest position + 1 in the batch.
inline size_t attention_paged_workspace(const AttentionArgs& a, int64_t longest, int workers);

// --- sizes ---------------------------------------------------------------------------------------------------------

/// Scratch areas start on cache lines.
constexpr size_t attention_round(size_t bytes) { return (bytes + 63) / 64 * 64; }
constexpr int64_t kv_blocks(int64_t tokens) { return (tokens + kKvBlock - 1) / kKvBlock; }

/// Where the positions of a document lie: those of its prefix, then its own.
struct DocumentRows {
  int64_t prefix_row = 0, prefix = 0;  ///< first row and number of rows of the prefix
  int64_t own_row = 0, own = 0;
  __attribute__((always_inline)) int64_t total() const { return prefix + own; }
  __attribute__((always_inline)) int64_t row(int64_t position) const {
    return position < prefix ? prefix_row + position : own_row + position - prefix;
  }
};
__attribute__((always_inline)) inline DocumentRows document_rows(const AttentionArgs& a, int64_t d) {
  DocumentRows r{0, 0, a.cu_seqlens[d], a.cu_seqlens[d + 1] - a.cu_seqlens[d]};
  if (const int64_t p = a.prefix ? a.prefix[d] : -1; p >= 0)
    r.prefix_row = a.cu_seqlens[p], r.prefix = a.cu_seqlens[p + 1] - a.cu_seqlens[p];
  return r;
}

/// Values are the first dv columns of the keys (latent attention): they need no packed copy of their own.
inline bool values_in_keys(const AttentionArgs& a) {
  return a.v == a.k && a.ldv == a.ldk && a.v_head_stride == a.dk && a.dv <= a.dk;
}

namespace detail {
inline size_t reals(int64_t n) { return attention_round(static_cast<size_t>(n) * sizeof(real)); }
inline size_t attention_plan(const AttentionArgs& a) {
  return attention_round(static_cast<size_t>(a.n_docs + 1) * sizeof(int64_t));
}
inline int64_t longest_document(const AttentionArgs& a) {
  int64_t n = 0;
  for (int64_t d = 0; d < a.n_docs; ++d)
    if (const int64_t rows = document_rows(a, d).total(); rows > n) n = rows;
  return n;
}
}  // namespace detail

inline size_t attention_paged_workspace(const AttentionArgs& a, int64_t longest, int workers) {
  const int64_t columns = kv_blocks(longest) * kKvBlock;
  return detail::attention_plan(a) + static_cast<size_t>(workers) * detail::reals(kAttentionRowChunk * columns);
}

inline size_t attention_fwd_workspace(const AttentionArgs& a, int workers) {
  int64_t blocks = 0;
  for (int64_t d = 0; d < a.n_docs; ++d) blocks += kv_blocks(document_rows(a, d).total());
  const int64_t rows = blocks * kKvBlock * a.n_kv_heads;
  return attention_paged_workspace(a, detail::longest_document(a), workers) + detail::attention_plan(a) +
         detail::reals(rows * a.dk) + (values_in_keys(a) ? 0 : detail::reals(rows * a.dv));
}

inline size_t attention_bwd_workspace(const AttentionArgs& a, int workers) {
  const int64_t columns = kv_blocks(detail::longest_document(a)) * kKvBlock;
  return static_cast<size_t>(workers) * (2 * detail::reals(kAttentionRowChunk * columns) +
                                         2 * detail::reals(columns * a.dk) + 2 * detail::reals(columns * a.dv));
}

}  // namespace r1
