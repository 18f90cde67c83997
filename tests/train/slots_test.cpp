#include "train/slots.h"

#include "support/catch.h"
#include "support/tiny.h"
#include "train/lm_loss.h"

using namespace r1;
using namespace r1_test;

namespace {

/// Gradients of one slot the plain way: zeroed memory, weights not packed.
Gradients plain(const CausalLm& m, const PackedSlot& s) {
  Gradients g(m.params());
  Arena arena;
  Tape t(arena, nullptr, &g, true);
  lm_loss(t, m, s, {0.3, 0.01}, 10, s.tokens());
  return g;
}

}  // namespace

TEST_CASE("packed weights and gradients that are written instead of zeroed change no bit") {
  ThreadPool pool(2);
  for (const char* form : {"absorbed", "expanded"}) {
    auto m = tiny_model([&](ModelConfig& c) { c.attn_form = form, c.n_routed_experts = 8; });
    SlotRunner runner(m->params(), pool);
    const PackedSlot s = tiny_documents({3, 2});  // so few rows that experts stay without
    for (int round = 0; round < 2; ++round) {
      const Gradients want = plain(*m, s);
      const Gradients& got = runner.run(std::vector<int64_t>(kGradSlots, 1), [&](int slot, Tape& t) {
        if (slot == 5) lm_loss(t, *m, s, {0.3, 0.01}, 10, s.tokens());
      });
      for (const Param& p : m->params().all()) {
        INFO(form << " round " << round << " " << p.name);
        const auto i = static_cast<size_t>(p.id);
        CHECK(got.all()[i].to_vector() == want.all()[i].to_vector());
      }
      for (Param& p : m->params().all()) p.value.data()[0] += real(0.1);  // packed copies must follow
    }
  }
}

TEST_CASE("the largest slots begin first; which slot is which does not change") {
  ThreadPool pool(1);
  auto m = tiny_model();
  SlotRunner runner(m->params(), pool);
  std::vector<int64_t> rows(kGradSlots, 3), order;
  rows[5] = 9, rows[2] = 7, rows[0] = 0;
  runner.run(rows, [&](int slot, Tape&) { order.push_back(slot); });
  CHECK(order == std::vector<int64_t>{5, 2, 1, 3, 4, 6, 7, 0});
  order.clear();
  runner.run_forward({1, 4, 2}, [&](int64_t piece, Tape&) { order.push_back(piece); });
  CHECK(order == std::vector<int64_t>{1, 2, 0});
  CHECK_THROWS_AS(runner.run({1, 2}, [](int, Tape&) {}), Error);
}

TEST_CASE("a tape uses no other model's packed weights") {
  auto a = tiny_model(), b = tiny_model();
  PackedWeights packed(a->params());
  packed.pack(nullptr);
  Arena arena;
  Tape t(arena, nullptr, nullptr, false);
  CHECK(t.packed(a->head()) == nullptr);
  t.set_packed(&packed);
  CHECK(t.packed(a->head()) != nullptr);
  CHECK(t.packed(b->head()) == nullptr);
}

TEST_CASE("gradients begun and settled without a contribution are zero") {
  ParamList p;
  p.add("w", {3, 5});
  Gradients g(p);
  g.of(p.all()[0]).data()[4] = 2;
  g.begin();
  g.settle();
  CHECK(g.of(p.all()[0]).to_vector() == std::vector<real>(15, 0));
  g.begin();
  const GradSlot first = g.slot(p.all()[0], true), second = g.slot(p.all()[0], true);
  CHECK(!first.accumulate);
  CHECK(second.accumulate);
}
