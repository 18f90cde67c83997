// Moves rows between tokens and experts: counting sort by expert, gather, weighted combine, and their backward.
// Rows of one expert keep token order; a token's expert outputs are added in ascending expert id, so the bits of a row
// do not depend on the rest of the batch. No token is dropped [V3 §2.1.2]. Paper: [V3 Eq. 12].
#pragma once
#include "kernels/kernel.h"

namespace r1 {

/// Sizes and routing of one MoE call: N tokens, K experts each, R = N K routed rows.
struct MoePlan {
  int64_t tokens = 0, k = 0, experts = 0, cols = 0;
  const int32_t* slot = nullptr;       ///< [N, K] routed row of each choice
  const int32_t* token_of = nullptr;   ///< [R] token of each routed row
  const int32_t* choice_of = nullptr;  ///< [R] index n K + c of the choice
};

/// offsets [E + 1], slot [N, K], token_of [R], choice_of [R] from idx [N, K]. Scratch: none.
R1_KERNEL_CPU_ONLY(moe_plan, const Exec& ex, int32_t* offsets, int32_t* slot, int32_t* token_of, int32_t* choice_of,
                   const int32_t* idx, int64_t tokens, int64_t k, int64_t experts)

/// xg [R, C] = x[token_of].
R1_KERNEL_CPU_ONLY(moe_gather, const Exec& ex, real* xg, const real* x, const MoePlan& p)
/// dx [N, C] (=|+=) sum over the token's choices of dxg.
R1_KERNEL_CPU_ONLY(moe_gather_bwd, const Exec& ex, real* dx, const real* dxg, bool accumulate, const MoePlan& p)
/// y [N, C] (=|+=) sum over the token's choices of gate * ye.
R1_KERNEL_CPU_ONLY(moe_combine, const Exec& ex, real* y, const real* ye, const real* gates, bool accumulate,
                   const MoePlan& p)
/// dye [R, C] = gate * dy[token]; dgates [N, K] = dy[token] . ye.
R1_KERNEL_CPU_ONLY(moe_combine_bwd, const Exec& ex, real* dye, real* dgates, const real* dy, const real* ye,
                   const real* gates, const MoePlan& p)

}  // namespace r1
