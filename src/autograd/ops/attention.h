// Rotary position, the latent key of MLA, and attention as tape operations.
// Paper: [V3 Eq. 1-11], absorption [V2 App. C]. Note: paper_notes/mla.md
#pragma once
#include <span>

#include "autograd/tape.h"
#include "kernels/attention.h"

namespace r1::ops {

/// Positions of the rows and the cosine/sine table [max_seq_len, d/2, 2]; both outlive the tape.
struct Rotary {
  const real* table = nullptr;
  const int32_t* positions = nullptr;
  bool interleave = true;
};

/// Rotates the last `rope_dim` of each head: x [N, H*(nope + rope)] -> same shape [V3 Eq. 8-9]. nope may be 0.
Var rotate_heads(Tape& t, Var x, int64_t heads, int64_t nope, int64_t rope_dim, const Rotary& r);

/// From the compressed row [N, r + rope_dim] the key that is cached: [RMSNorm(c) | RoPE(k)] [V3 Eq. 1, 3].
Var latent_key(Tape& t, Var kv, const Param& norm, real eps, int64_t rope_dim, const Rotary& r);

/// Absorbed query: heads of q [N, H*(nope + rope)] become [q_nope W_UK | RoPE(q_rope)], [N, H*(r + rope)] [V2 App. C].
Var absorbed_query(Tape& t, Var q, const Param& w_uk, int64_t rope_dim, const Rotary& r);

/// Expanded keys and values from the latent key [N, r + rope]: k [N, H*(nope + rope)] (the rope part repeated for every
/// head) [V3 Eq. 2, 4]; values come from heads_linear on the latent part (see expanded_values).
Var expanded_keys(Tape& t, Var latent, const Param& w_uk, int64_t rope_dim);
/// v [N, H*dv] = latent[:, :r] W_UV per head [V3 Eq. 5].
Var expanded_values(Tape& t, Var latent, const Param& w_uv);

/// Shapes of an attention call; v = nullptr means latent attention (values are the first dv columns of k).
struct AttentionShape {
  int64_t n_heads, n_kv_heads, dk, dv;
  real scale;
};
/// Causal attention of q [N, H*dk] over k [N, Hk*dk] and v [N, Hk*dv] inside each document -> [N, H*dv] [V3 Eq. 10].
/// `prefix` [docs], or empty: the document whose rows come before a document's own (AttentionArgs::prefix).
/// With a cache (`paged` not null) k and v are appended to it first and the rows attend over all of their sequence.
Var attention(Tape& t, Var q, Var k, Var v, const AttentionShape& s, std::span<const int32_t> cu_seqlens,
              std::span<const int32_t> prefix = {}, const int32_t* positions = nullptr, const PagedKv* paged = nullptr,
              int64_t longest = 0);

}  // namespace r1::ops
