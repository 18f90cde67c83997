#include "model/deepseek_v3.h"

#include <cmath>

#include "support/catch.h"
#include "support/gradcheck.h"
#include "support/tiny.h"
#include "train/lm_loss.h"

using namespace r1;
using namespace r1_test;

namespace {

std::vector<real> hidden(const CausalLm& m, const PackedSlot& s) {
  Arena arena;
  Tape t(arena, nullptr, nullptr, false);
  return m.forward(t, {s.ids, s.positions, s.cu_seqlens})->value.to_vector();
}

double loss_of(const CausalLm& m, const PackedSlot& s, const LmLossConfig& c, Gradients* g) {
  Arena arena;
  Tape t(arena, nullptr, g, g != nullptr);
  const LmLossStats stats = lm_loss(t, m, s, c, 10, s.tokens());
  double balance = 0;
  for (const auto& r : stats.routers) balance += r.balance_loss / static_cast<double>(s.tokens());
  return (stats.loss + c.mtp_lambda * stats.mtp_loss) / 10 + c.balance_alpha * balance;
}

}  // namespace

TEST_CASE("the whole pre-training loss passes the numeric check: next token, MTP") {
  for (const bool q_lora : {false, true}) {
    auto m = tiny_model(
        [&](ModelConfig& c) { c.q_lora_rank = q_lora ? 7 : 0, c.attn_form = q_lora ? "expanded" : "absorbed"; });
    const PackedSlot s = tiny_documents({5, 7});
    const LmLossConfig c{0.3, 0};
    Gradients g(m->params());
    loss_of(*m, s, c, &g);
    check_loss_gradient(
        m->params(), g, [&] { return loss_of(*m, s, c, nullptr); }, 5);
  }
}

TEST_CASE("absorbed and expanded attention are the same function [V2 App. C]") {
  auto a = tiny_model([](ModelConfig& c) { c.attn_form = "absorbed"; });
  auto b = tiny_model([](ModelConfig& c) { c.attn_form = "expanded"; });
  const PackedSlot s = tiny_documents({9, 17, 1});
  const auto x = hidden(*a, s), y = hidden(*b, s);
  double worst = 0, scale = 0;
  for (size_t i = 0; i < x.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(x[i]) - static_cast<double>(y[i]))),
    scale = std::max(scale, std::abs(static_cast<double>(y[i])));
  CHECK(worst <= 1e-5 * scale);
  Gradients ga(a->params()), gb(b->params());
  loss_of(*a, s, {0.3, 0.1}, &ga);
  loss_of(*b, s, {0.3, 0.1}, &gb);
  for (const Param& p : a->params().all())
    for (int64_t i = 0; i < p.value.numel(); ++i)
      CHECK(std::abs(static_cast<double>(ga.of(p).data()[i]) - static_cast<double>(gb.of(p).data()[i])) < 2e-4);
}

TEST_CASE("a document's hidden states have the same bits alone and in company") {
  auto m = tiny_model();
  const PackedSlot both = tiny_documents({9, 17});
  const auto x = hidden(*m, both);
  const int64_t c = m->config().dim;
  PackedSlot second;
  Example e;
  e.tokens.assign(both.ids.begin() + 9, both.ids.end());
  e.mask.assign(17, 1);
  second.append(e, 0);
  CHECK(hidden(*m, second) == std::vector<real>(x.begin() + 9 * c, x.end()));
  e.tokens.resize(6), e.mask.resize(6);  // and a prefix does not see what follows
  PackedSlot prefix;
  prefix.append(e, 0);
  CHECK(hidden(*m, prefix) == std::vector<real>(x.begin() + 9 * c, x.begin() + 15 * c));
}

TEST_CASE("recomputation gives the same bits of loss and gradients [V3 §3.2.3]") {
  auto m = tiny_model();
  const PackedSlot s = tiny_documents({9, 17});
  Gradients g(m->params()), h(m->params());
  const double plain = loss_of(*m, s, {0.3, 0.1}, &g);
  m->set_recompute(true);
  CHECK(loss_of(*m, s, {0.3, 0.1}, &h) == plain);
  for (size_t i = 0; i < g.all().size(); ++i) CHECK(g.all()[i].to_vector() == h.all()[i].to_vector());
}

TEST_CASE("both instruction sets give the same bits") {
  if (!cpu_has(Isa::kV4)) {
    WARN("skipped: this CPU has no AVX-512");
    return;
  }
  auto m = tiny_model();
  const PackedSlot s = tiny_documents({9, 17});
  Gradients g(m->params()), h(m->params());
  const Isa was = active_isa();
  set_active_isa(Isa::kV4);
  const double four = loss_of(*m, s, {0.3, 0.1}, &g);
  set_active_isa(Isa::kV3);
  CHECK(loss_of(*m, s, {0.3, 0.1}, &h) == four);
  set_active_isa(was);
  for (size_t i = 0; i < g.all().size(); ++i) CHECK(g.all()[i].to_vector() == h.all()[i].to_vector());
}

TEST_CASE("a position beyond max_seq_len is one error line") {
  auto m = tiny_model();
  CHECK_THROWS_WITH(hidden(*m, tiny_documents({65})),
                    ContainsSubstring("position 64, expected 0 to max_seq_len - 1 = 63"));
}

TEST_CASE("MTP targets are the token after next, inside the document [V3 Eq. 24]") {
  const PackedSlot s = tiny_documents({3, 1, 4});
  std::vector<int32_t> rows;
  std::vector<token_t> targets;
  collect_targets(s, 2, rows, targets);
  CHECK(rows == std::vector<int32_t>{0, 4, 5});
  CHECK(targets == std::vector<token_t>{s.ids[2], s.ids[6], s.ids[7]});
}
