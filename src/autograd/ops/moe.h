// Router and routed experts as tape operations. Paper: [V3 Eq. 12-20]. Note: paper_notes/moe.md
#pragma once
#include <span>
#include <vector>

#include "autograd/tape.h"
#include "kernels/router.h"

namespace r1::ops {

/// What a router call leaves for metrics and for the bias update: tokens per expert and the balance loss.
struct RouterStats {
  std::vector<int64_t> load;  ///< [E] routed rows so far
  double balance_loss = 0;    ///< sum over documents of T_doc * L_doc, without alpha
  int64_t tokens = 0;
};

/// Choice and gates of each token.
struct Routing {
  Var gates;   ///< [N, K]
  Tensor idx;  ///< [N, K] int32, expert ids ascending in a row
};

/// x [N, C], w [E, C]. `balance_weight` scales the balance loss's gradient (alpha / tokens of the batch; 0 = off): it
/// is added to the affinities' gradient here, so the loss itself needs no node. `stats` may be null.
Routing router(Tape& t, Var x, const Param& w, RouterArgs args, std::span<const int32_t> cu_seqlens,
               real balance_weight, RouterStats* stats);

/// residual [N, C] + sum_k gate_k * FFN_{idx_k}(x): w13 [E, 2I, C], w2 [E, C, I] [V3 Eq. 12].
Var experts(Tape& t, Var x, const Routing& routing, const Param& w13, const Param& w2, Var residual);

}  // namespace r1::ops
