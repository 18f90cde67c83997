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

struct AttentionArgs {
  int64_t n_tokens = 0;  ///< N rows over all documents
  int64_t n_heads = 0, n_kv_heads = 0, dk = 0, dv = 0;
  real scale = 1;                        ///< softmax(scale * q.k)
  const int32_t* cu_seqlens = nullptr;   ///< [n_docs + 1] first row of each document, last = N
  int64_t n_docs = 0;
  const real* q = nullptr;  ///< [N, H, dk], rows ldq apart, heads dk apart
  int64_t ldq = 0;
  const real* k = nullptr;  ///< [N, Hk, dk], rows ldk apart, heads dk apart
  int64_t ldk = 0;
  const real* v = nullptr;  ///< [N, Hk, dv], rows ldv apart, heads v_head_stride apart; may point into k
  int64_t ldv = 0, v_head_stride = 0;
  real* out = nullptr;  ///< [N, H, dv], rows ldo apart, heads dv apart
  int64_t ldo = 0;
  real* lse = nullptr;  ///< [N, H] log-sum-exp of the scaled scores, for backward (nullptr: not wanted)
};

R1_KERNEL(attention_fwd, const Exec& ex, const AttentionArgs& a)
size_t attention_fwd_workspace(const AttentionArgs& a, int workers);

/// Gradients of attention_fwd. `out` and `lse` hold the forward results. dq = (or += if accumulate_dq); dk and dv are
/// always += so that latent attention, where v is part of k, can pass dv = dk (the sum of both ways).
struct AttentionGrads {
  const real* dout = nullptr;  ///< [N, H, dv], rows ldo apart
  real* dq = nullptr;          ///< [N, H, dk], rows ldq apart
  bool accumulate_dq = false;
  real* dk = nullptr;  ///< [N, Hk, dk], rows ldk apart
  real* dv = nullptr;  ///< [N, Hk, dv], rows ldv apart, heads v_head_stride apart
};

R1_KERNEL(attention_bwd, const Exec& ex, const AttentionArgs& a, const AttentionGrads& g)
size_t attention_bwd_workspace(const AttentionArgs& a, int workers);

/// A layer's paged cache. Block b holds 16 tokens: keys at k + b * k_block, layout [Hk][dk][16]; values likewise at
/// v + b * v_block, layout [Hk][dv][16]. Latent attention has no values of its own: v = k, v_block = k_block, and a
/// token costs kv_lora_rank + qk_rope_head_dim numbers.
struct PagedKv {
  real* k = nullptr;
  int64_t k_block = 0;
  real* v = nullptr;
  int64_t v_block = 0;
  bool latent = false;                  ///< values are the first dv rows of the keys
  const int32_t* block_table = nullptr; ///< [n_docs, table_stride]: cache block of each 16 positions of a sequence
  int64_t table_stride = 0;
};

/// Writes the new rows (AttentionArgs k, v; cu_seqlens over the new rows only) at their `positions` [N] into the cache.
R1_KERNEL(kv_append, const Exec& ex, const AttentionArgs& a, const PagedKv& kv, const int32_t* positions)

/// Attention of the new rows over positions 0..positions[row] of their sequence in the cache (kv_append came first).
/// `a.k`, `a.v` are not read. Bits equal attention_fwd's on the whole sequence.
R1_KERNEL(attention_paged, const Exec& ex, const AttentionArgs& a, const PagedKv& kv, const int32_t* positions)
size_t attention_paged_workspace(const AttentionArgs& a, int64_t longest, int workers);

}  // namespace r1
