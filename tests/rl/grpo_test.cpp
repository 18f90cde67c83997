#include "rl/grpo.h"

#include <cmath>

#include "kernels/policy_loss.h"
#include "support/catch.h"
#include "support/gradcheck.h"
#include "support/tiny.h"

using namespace r1;
using namespace r1_test;

namespace {

/// The objective of one token written out in double [R1 Eq. 1-2], to minimise.
double reference_loss(double lp, double old, double ref, double adv, double w, double low, double high, double beta,
                      KlKind kind) {
  const double rho = std::exp(lp - old), cut = std::min(std::max(rho, 1 - low), 1 + high);
  const double d = ref - lp;
  const double kl = kind == KlKind::kK1 ? -d : kind == KlKind::kK2 ? d * d / 2 : std::exp(d) - d - 1;
  return w * (beta * kl - std::min(rho * adv, cut * adv));
}

PolicyBatch tiny_batch(const CausalLm& m, SlotRunner& runner, double temperature) {
  PolicyBatch batch;
  batch.temperature = temperature;
  const PackedSlot docs = tiny_documents({9, 17, 6, 12, 11});
  for (size_t d = 0; d + 1 < docs.cu_seqlens.size(); ++d) {
    PolicyOutput o;
    o.ids.assign(docs.ids.begin() + docs.cu_seqlens[d], docs.ids.begin() + docs.cu_seqlens[d + 1]);
    o.prompt_length = 3;
    o.advantage = d % 2 ? 0.7 : -1.1;
    batch.outputs.push_back(std::move(o));
  }
  const auto logp = answer_logp(runner, m, batch);
  for (size_t i = 0; i < logp.size(); ++i) batch.outputs[i].logp_old = logp[i];
  return batch;
}

}  // namespace

TEST_CASE("token objective: value and slope against the formula, every case of the clip [R1 Eq. 1-2]") {
  std::vector<real> lp, old, ref, adv, w;
  for (double l : {-0.1, -1.0, -3.0})
    for (double o : {-0.4, -1.0, -1.05, -2.9})
      for (double r : {-0.5, -2.0})
        for (double a : {1.5, -0.5, 0.0})
          lp.push_back(real(l)), old.push_back(real(o)), ref.push_back(real(r)), adv.push_back(real(a)),
              w.push_back(real(0.3));
  for (const KlKind kind : {KlKind::kK1, KlKind::kK2, KlKind::kK3}) {
    PolicyLossArgs p;
    p.n = static_cast<int64_t>(lp.size()), p.logp = lp.data(), p.logp_old = old.data(), p.logp_ref = ref.data(),
    p.advantage = adv.data(), p.weight = w.data();
    p.clip_low = real(0.1), p.clip_high = real(0.3), p.kl_beta = real(0.05), p.kl = kind;
    std::vector<real> loss(lp.size()), slope(lp.size()), ratio(lp.size()), kl(lp.size()), clipped(lp.size());
    policy_loss(Exec{}, loss.data(), slope.data(), ratio.data(), kl.data(), clipped.data(), p);
    for (size_t i = 0; i < lp.size(); ++i) {
      const auto f = [&](double d) {
        return reference_loss(double(lp[i]) + d, double(old[i]), double(ref[i]), double(adv[i]), 0.3, 0.1, 0.3, 0.05,
                              kind);
      };
      INFO(i);
      CHECK(std::abs(double(loss[i]) - f(0)) < 1e-5 * (1 + std::abs(f(0))));
      CHECK(std::abs(double(slope[i]) - (f(1e-5) - f(-1e-5)) / 2e-5) < 1e-4 * (1 + std::abs(f(0))));
      const double rho = std::exp(double(lp[i]) - double(old[i]));
      const bool cut = (double(adv[i]) > 0 && rho > 1.3) || (double(adv[i]) < 0 && rho < 0.9);
      CHECK((clipped[i] != 0) == cut);
      if (kind == KlKind::kK3) CHECK(kl[i] >= 0);
    }
  }
}

TEST_CASE("k3 is unbiased: its mean over the policy is the exact KL [R1 Eq. 2]") {
  const std::vector<double> p{0.5, 0.3, 0.2}, q{0.2, 0.5, 0.3};
  double exact = 0, mean = 0;
  for (size_t i = 0; i < 3; ++i)
    exact += p[i] * std::log(p[i] / q[i]), mean += p[i] * (q[i] / p[i] - std::log(q[i] / p[i]) - 1);
  CHECK(std::abs(exact - mean) < 1e-12);
}

TEST_CASE("the gradient of a minibatch passes the numeric check; first ratio is exactly 1") {
  auto m = tiny_model();
  ThreadPool pool(2);
  SlotRunner runner(m->params(), pool);
  GrpoConfig c = grpo_preset("paper");
  c.kl_beta = 0.3;
  PolicyBatch batch = tiny_batch(*m, runner, 0.8);
  auto other = tiny_model(2);
  fill_reference(runner, *other, batch);
  for (const char* mean : {"sequence", "token"}) {
    c.loss_mean = mean;
    GrpoStats stats;
    Gradients g(m->params());
    {
      Gradients& sum = grpo_gradient(runner, *m, batch, {0, 1, 2, 4}, c, stats);
      for (size_t i = 0; i < g.all().size(); ++i) g.all()[i].copy_from(sum.all()[i]);
    }
    CHECK(stats.ratio_max == 1);
    CHECK(stats.logp_diff_max == 0);
    CHECK(stats.tokens == 6 + 14 + 3 + 8);
    check_loss_gradient(
        m->params(), g,
        [&] {
          GrpoStats s;
          grpo_gradient(runner, *m, batch, {0, 1, 2, 4}, c, s);
          return s.loss;
        },
        3);
  }
}

TEST_CASE("answers that share their prompt's rows have the bits and the gradient of answers alone") {
  auto m = tiny_model();
  ThreadPool pool(2);
  SlotRunner runner(m->params(), pool);
  PolicyBatch batch = tiny_batch(*m, runner, 1);
  const std::vector<token_t> prompt = tiny_documents({21}).ids;  // ends inside a block of 16 keys
  for (PolicyOutput& o : batch.outputs) {
    o.ids.erase(o.ids.begin(), o.ids.begin() + o.prompt_length);
    o.ids.insert(o.ids.begin(), prompt.begin(), prompt.end());
    o.prompt_length = static_cast<int64_t>(prompt.size());
  }
  batch.outputs[4].ids[2] ^= 1;  // one has a prompt of its own
  const std::vector<size_t> all{0, 1, 2, 3, 4};
  CHECK(part_rows(batch_lengths(batch, all, 1000).part) == 21 + 6 + 14 + 3 + 9);
  const auto shared = answer_logp(runner, *m, batch);
  for (size_t i : all) {
    PolicyBatch alone;
    alone.outputs = {batch.outputs[i]};
    CHECK(answer_logp(runner, *m, alone)[0] == shared[i]);
    batch.outputs[i].logp_old = shared[i];
  }
  GrpoConfig c = grpo_preset("toy");
  c.kl_beta = 0;
  GrpoStats stats;
  Gradients together(m->params()), apart(m->params());
  const auto add = [&](const std::vector<size_t>& pick, double weight, Gradients& to) {
    const Gradients& g = grpo_gradient(runner, *m, batch, pick, c, stats);
    for (size_t i = 0; i < to.all().size(); ++i)
      for (int64_t j = 0; j < to.all()[i].numel(); ++j)
        to.all()[i].data()[j] += static_cast<real>(weight) * g.all()[i].data()[j];
  };
  add(all, 1, together);
  for (size_t i : all) add({i}, 0.2, apart);
  CHECK(stats.logp_diff_max == 0);
  const double allowed = sizeof(real) == 8 ? 1e-12 : 1e-5;
  for (size_t i = 0; i < together.all().size(); ++i) {
    double worst = 0, size = 1e-30;
    for (int64_t j = 0; j < together.all()[i].numel(); ++j) {
      const double x = static_cast<double>(together.all()[i].data()[j]),
                   y = static_cast<double>(apart.all()[i].data()[j]);
      worst = std::max(worst, std::abs(x - y)), size = std::max(size, std::abs(y));
    }
    INFO(m->params().all()[i].name);
    CHECK(worst <= allowed * size);
  }
}

TEST_CASE("equal advantages of zero and no KL move nothing") {
  auto m = tiny_model();
  ThreadPool pool(1);
  SlotRunner runner(m->params(), pool);
  GrpoConfig c;
  c.kl_beta = 0;
  PolicyBatch batch = tiny_batch(*m, runner, 1);
  for (PolicyOutput& o : batch.outputs) o.advantage = 0;
  GrpoStats stats;
  for (const Tensor& g : grpo_gradient(runner, *m, batch, {0, 1, 2, 3, 4}, c, stats).all())
    for (real x : g.to_vector()) CHECK(x == 0);
}

TEST_CASE("1 and 2 threads give the same bits of the gradient") {
  auto m = tiny_model();
  std::vector<std::vector<real>> first;
  GrpoConfig c;
  c.kl_beta = 0;
  for (int threads : {1, 2}) {
    ThreadPool pool(threads);
    SlotRunner runner(m->params(), pool);
    const PolicyBatch batch = tiny_batch(*m, runner, 1);
    GrpoStats stats;
    Gradients& g = grpo_gradient(runner, *m, batch, {0, 1, 2, 3, 4}, c, stats);
    for (size_t i = 0; i < g.all().size(); ++i) {
      if (threads == 1)
        first.push_back(g.all()[i].to_vector());
      else
        CHECK(g.all()[i].to_vector() == first[i]);
    }
  }
}

TEST_CASE("presets: the paper's numbers, and a config that does not divide is an error") {
  const GrpoConfig p = grpo_preset("paper");
  CHECK(p.questions * p.group_size == 8192);
  CHECK(p.questions * p.group_size / p.minibatches == 512);
  CHECK(p.rollouts * p.minibatches == 10400);
  CHECK(p.ref_refresh == 400);
  CHECK(p.lr == 3e-6);
  CHECK(p.kl_beta == 0.001);
  p.check("paper");
  GrpoConfig bad;
  bad.minibatches = 5;
  CHECK_THROWS_WITH(bad.check("x.json"), ContainsSubstring("minibatches = 5"));
}

TEST_CASE("no bit of a gradient depends on the parts that its slots are worked through in") {
  for (const bool tied : {true, false}) {
    auto m = tiny_model([&](ModelConfig& c) { c.tie_embeddings = tied, c.n_mtp = 0; });
    ThreadPool pool(2);
    SlotRunner runner(m->params(), pool);
    // Fifteen groups of four with long answers, and one of sixteen with short ones: two units, dealt into one slot.
    PolicyBatch batch;
    std::vector<int> lengths(60, 21);
    lengths.resize(76, 8);
    const PackedSlot docs = tiny_documents(lengths);
    for (size_t d = 0; d < lengths.size(); ++d) {
      PolicyOutput o;
      o.ids.assign(docs.ids.begin() + docs.cu_seqlens[d], docs.ids.begin() + docs.cu_seqlens[d + 1]);
      o.prompt_length = 4;
      const size_t first = d < 60 ? d - d % 4 : 60;
      if (d > first) std::copy_n(batch.outputs[first].ids.begin(), 4, o.ids.begin());
      o.advantage = d % 3 ? 0.7 : -1.1;
      o.logp_old.assign(o.ids.size() - 4, real(-3));
      batch.outputs.push_back(std::move(o));
    }
    std::vector<size_t> all(lengths.size());
    for (size_t i = 0; i < all.size(); ++i) all[i] = i;
    GrpoConfig c = grpo_preset("toy");
    c.kl_beta = 0;
    std::vector<std::vector<real>> whole;
    for (const int64_t part : {100000, 150, 1}) {
      c.part_tokens = part;
      const BatchLengths most = batch_lengths(batch, all, part);
      CHECK(most.slot_rows == 2 * (4 + 4 * 17));
      CHECK(part_rows(most.part) == (part == 1 ? 1 : 2) * (4 + 4 * 17));
      GrpoStats stats;
      const Gradients& g = grpo_gradient(runner, *m, batch, all, c, stats);
      CHECK(stats.tokens == 60 * 17 + 16 * 4);
      for (size_t i = 0; i < g.all().size(); ++i) {
        INFO(m->params().all()[i].name << ", parts of " << part);
        if (part == 100000)
          whole.push_back(g.all()[i].to_vector());
        else
          CHECK(g.all()[i].to_vector() == whole[i]);
      }
    }
  }
}
