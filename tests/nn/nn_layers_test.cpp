// Whole layers through the numeric check: every parameter and the input, residual path included.
#include "model/dense.h"
#include "nn/feed_forward.h"
#include "nn/gqa.h"
#include "nn/mla.h"
#include "nn/rotary.h"
#include "support/catch.h"
#include "support/gradcheck.h"
#include "support/tiny.h"
#include "train/lm_loss.h"

using namespace r1;
using namespace r1_test;

namespace {

/// Documents of 4 and 3 rows.
struct Documents {
  std::vector<int32_t> cu{0, 4, 7}, positions{0, 1, 2, 3, 0, 1, 2};
  Tensor table;
  LayerContext ctx;
  explicit Documents(int64_t rope_dim) {
    RotaryShape s;
    s.dim = rope_dim, s.theta = 5, s.max_seq_len = 8;
    table = rotary_table(s);
    ctx.cu_seqlens = cu, ctx.positions = positions.data();
    ctx.rotary = {table.data(), positions.data(), true};
  }
};

template <class Layer>
void check(ParamList& p, int64_t dim, const Layer& layer) {
  randomize(p, 1, 0.5);
  gradcheck({[&](Tape& t, const std::vector<Var>& in) { return layer(t, in[0], in[1]); },
             {random_tensor({7, dim}, 2), random_tensor({7, dim}, 3)},
             &p});
}

}  // namespace

TEST_CASE("MLA: gradients of both forms, with and without a compressed query [V3 Eq. 1-11]") {
  const Documents d(4);
  for (const bool absorbed : {true, false})
    for (const int64_t q_lora : {0, 5}) {
      ParamList p;
      const Mla mla(p, "attn", {8, 2, q_lora, 6, 3, 4, 5, real(1e-3), real(0.4), absorbed});
      INFO((absorbed ? "absorbed" : "expanded") << ", query rank " << q_lora);
      check(p, 8, [&](Tape& t, Var x, Var residual) { return mla.forward(t, x, residual, d.ctx, 0); });
    }
}

TEST_CASE("GQA: gradients, with and without biases") {
  const Documents d(6);
  for (const bool bias : {true, false}) {
    ParamList p;
    const Gqa gqa(p, "attn", {8, 4, 2, 6, bias});
    check(p, 8, [&](Tape& t, Var x, Var residual) { return gqa.forward(t, x, residual, d.ctx, 0); });
  }
}

TEST_CASE("feed-forward and mixture of experts: gradients [V3 Eq. 12-16]") {
  const Documents d(2);
  ParamList dense;
  const Mlp mlp(dense, "mlp", 8, 5);
  check(dense, 8, [&](Tape& t, Var x, Var residual) { return mlp.forward(t, x, residual); });
  for (const bool sigmoid : {true, false}) {
    ParamList p;
    std::vector<Buffer> buffers;
    RouterArgs router;
    router.k = 2, router.groups = 2, router.limited_groups = 1, router.sigmoid = sigmoid, router.norm_topk = sigmoid,
    router.scale = real(1.7);
    const Moe moe(p, buffers, "moe", {8, 5, 4, 1, router, false});
    check(p, 8, [&](Tape& t, Var x, Var residual) { return moe.forward(t, x, residual, d.ctx, 0); });
  }
}

TEST_CASE("the dense sibling's whole loss passes the numeric check") {
  ModelConfig c;
  c.arch = "dense", c.vocab_size = 24, c.dim = 12, c.inter_dim = 10, c.n_layers = 2, c.n_heads = 2, c.n_kv_heads = 1,
  c.n_mtp = 0, c.max_seq_len = 16, c.init_std = 0.3, c.qkv_bias = true, c.rope_interleave = false;
  Dense m(c);
  m.allocate(), m.init(3);
  const PackedSlot docs = tiny_documents({5, 3});
  Gradients g(m.params());
  const auto loss = [&](Gradients* to) {
    Arena arena;
    Tape t(arena, nullptr, to, to != nullptr);
    return lm_loss(t, m, docs, {0, 0}, 6, docs.tokens()).loss / 6;
  };
  loss(&g);
  check_loss_gradient(
      m.params(), g, [&] { return loss(nullptr); }, 5);
}
