// Router of the mixture of experts: affinities, group-limited choice of K experts, gates, and their backward; plus the
// sequence-wise balance loss. Trap: selection uses s + b, the gate uses s alone, and dropped groups are -inf, not 0.
// Paper: [V3 Eq. 12-20], [V3 §2.1.2]. Note: paper_notes/moe.md
#pragma once
#include "kernels/kernel.h"

namespace r1 {

struct RouterArgs {
  int64_t rows = 0, experts = 0, k = 0;
  int64_t groups = 1, limited_groups = 1;
  bool sigmoid = true;         ///< affinity: sigmoid of the logits (V3), else softmax over experts (V2)
  bool norm_topk = true;       ///< gates divided by their sum [V3 Eq. 13]
  real scale = 1;              ///< route_scale
  const real* bias = nullptr;  ///< [E] selection bias b, nullptr = none [V3 Eq. 16]
};

/// From logits [rows, E]: scores [rows, E], chosen expert ids idx [rows, K] in ascending id, gates [rows, K].
/// Ties go to the lower id. Not finite logits give a valid choice (the first K of the first groups).
R1_KERNEL_CPU_ONLY(router_fwd, const Exec& ex, real* scores, int32_t* idx, real* gates, const real* logits,
                   const RouterArgs& a)

/// dlogits [rows, E] = from dgates [rows, K] plus, where dscores is given, dscores [rows, E] (balance loss).
R1_KERNEL_CPU_ONLY(router_bwd, const Exec& ex, real* dlogits, const real* dgates, const real* dscores,
                   const real* scores, const int32_t* idx, const RouterArgs& a)

/// Sequence-wise balance loss sum_i f_i P_i of each document [V3 Eq. 17-20], without alpha: loss [docs]. f_i counts the
/// tokens whose K largest affinities (without bias) include i. f [docs, E] is kept for the backward.
R1_KERNEL_CPU_ONLY(balance_fwd, const Exec& ex, real* loss, real* f, const real* scores, const int32_t* cu_seqlens,
                   int64_t docs, const RouterArgs& a)
/// dscores [rows, E] = weight * T_doc * d loss[doc] / d scores (a document counts as its tokens).
R1_KERNEL_CPU_ONLY(balance_bwd, const Exec& ex, real* dscores, real weight, const real* f, const real* scores,
                   const int32_t* cu_seqlens, int64_t docs, const RouterArgs& a)

}  // namespace r1
