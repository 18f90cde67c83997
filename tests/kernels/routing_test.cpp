// Router, balance loss and the moves between tokens and experts: the promises of support/rowwise.h, and the plan's
// order.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/moe.h"
#include "kernels/router.h"
#include "support/rowwise.h"

using namespace r1;
using namespace r1_test;

namespace {

constexpr int64_t kRows = 13, kExperts = 12, kChosen = 3;

struct Choice {
  Doubles scores, gates;
  std::vector<int32_t> idx;
};

/// One row written out [V3 Eq. 13-16].
Choice choose(const Reals& logits, int64_t row, const RouterArgs& a, const Reals& bias) {
  Choice c;
  double total = 0;
  for (int64_t e = 0; e < kExperts; ++e) {
    const double z = double(logits[size_t(row * kExperts + e)]);
    c.scores.push_back(a.sigmoid ? 1 / (1 + std::exp(-z)) : std::exp(z));
    total += c.scores.back();
  }
  if (!a.sigmoid)
    for (double& s : c.scores) s /= total;
  const int64_t width = kExperts / a.groups;
  std::vector<double> pick = c.scores;
  for (size_t e = 0; e < pick.size(); ++e) pick[e] += a.bias ? double(bias[e]) : 0;
  std::vector<std::pair<double, int64_t>> groups;
  for (int64_t g = 0; g < a.groups; ++g) {
    std::vector<double> of(pick.begin() + g * width, pick.begin() + (g + 1) * width);
    std::sort(of.rbegin(), of.rend());
    groups.push_back({a.bias ? of[0] + of[1] : of[0], g});
  }
  std::sort(groups.rbegin(), groups.rend());
  std::vector<std::pair<double, int32_t>> experts;
  for (int64_t g = 0; g < a.limited_groups; ++g)
    for (int64_t e = groups[size_t(g)].second * width; e < (groups[size_t(g)].second + 1) * width; ++e)
      experts.push_back({pick[size_t(e)], static_cast<int32_t>(e)});
  std::sort(experts.rbegin(), experts.rend());
  double chosen = 0;
  for (int64_t k = 0; k < a.k; ++k)
    c.idx.push_back(experts[size_t(k)].second), chosen += c.scores[size_t(c.idx.back())];
  std::sort(c.idx.begin(), c.idx.end());
  for (int32_t e : c.idx) c.gates.push_back(c.scores[size_t(e)] * double(a.scale) / (a.norm_topk ? chosen : 1));
  return c;
}

std::vector<RouterArgs> forms(const Reals& bias) {
  std::vector<RouterArgs> all;
  for (int form = 0; form < 8; ++form) {
    RouterArgs a;
    a.experts = kExperts, a.k = kChosen, a.scale = real(1.7);
    a.sigmoid = form & 1, a.norm_topk = form & 2, a.bias = form & 4 ? bias.data() : nullptr;
    a.groups = form & 4 ? 4 : 1, a.limited_groups = form & 4 ? 2 : 1;
    all.push_back(a);
  }
  return all;
}

/// Forward of rows [begin, end): scores, ids as numbers, gates of each row.
Reals route(const Exec& ex, RouterArgs a, const Reals& logits, int64_t begin, int64_t end) {
  const int64_t n = a.rows = end - begin;
  Reals scores(size_t(n * kExperts)), gates(size_t(n * kChosen)), out;
  std::vector<int32_t> idx(size_t(n * kChosen));
  router_fwd(ex, scores.data(), idx.data(), gates.data(), logits.data() + begin * kExperts, a);
  for (int64_t r = 0; r < n; ++r) {
    out.insert(out.end(), scores.begin() + r * kExperts, scores.begin() + (r + 1) * kExperts);
    for (int64_t k = 0; k < kChosen; ++k) out.push_back(static_cast<real>(idx[size_t(r * kChosen + k)]));
    out.insert(out.end(), gates.begin() + r * kChosen, gates.begin() + (r + 1) * kChosen);
  }
  return out;
}

}  // namespace

TEST_CASE("router: affinities, choice and gates written out, and their gradient [V3 Eq. 13-16]") {
  const Reals logits = numbers(kRows * kExperts, 1), bias = numbers(kExperts, 2, 0.3),
              dgates = numbers(kRows * kChosen, 3), dscores = numbers(kRows * kExperts, 4);
  for (const RouterArgs& a : forms(bias)) {
    Doubles want, dwant;
    Reals scores;
    std::vector<int32_t> idx;
    for (int64_t r = 0; r < kRows; ++r) {
      const Choice c = choose(logits, r, a, bias);
      want.insert(want.end(), c.scores.begin(), c.scores.end());
      want.insert(want.end(), c.idx.begin(), c.idx.end());
      want.insert(want.end(), c.gates.begin(), c.gates.end());
      for (double s : c.scores) scores.push_back(static_cast<real>(s));
      idx.insert(idx.end(), c.idx.begin(), c.idx.end());
      Doubles ds(dscores.begin() + r * kExperts, dscores.begin() + (r + 1) * kExperts);
      double total = 0, dot = 0, mix = 0;
      for (int64_t k = 0; k < kChosen; ++k) {
        const double s = c.scores[size_t(c.idx[size_t(k)])];
        total += s, dot += double(dgates[size_t(r * kChosen + k)]) * s;
      }
      for (int64_t k = 0; k < kChosen; ++k) {
        const double d = double(dgates[size_t(r * kChosen + k)]) * double(a.scale);
        ds[size_t(c.idx[size_t(k)])] += a.norm_topk ? (d - double(a.scale) * dot / total) / total : d;
      }
      for (int64_t e = 0; e < kExperts; ++e) mix += ds[size_t(e)] * c.scores[size_t(e)];
      for (int64_t e = 0; e < kExperts; ++e) {
        const double s = c.scores[size_t(e)];
        dwant.push_back(a.sigmoid ? ds[size_t(e)] * s * (1 - s) : s * (ds[size_t(e)] - mix));
      }
    }
    check_rows(
        "router_fwd", kRows,
        [&](const Exec& ex, int64_t begin, int64_t end) { return route(ex, a, logits, begin, end); }, want);
    check_rows(
        "router_bwd", kRows,
        [&](const Exec& ex, int64_t begin, int64_t end) {
          RouterArgs part = a;
          part.rows = end - begin;
          Reals out(size_t(part.rows * kExperts));
          router_bwd(ex, out.data(), dgates.data() + begin * kChosen, dscores.data() + begin * kExperts,
                     scores.data() + begin * kExperts, idx.data() + begin * kChosen, part);
          return out;
        },
        dwant);
  }
}

TEST_CASE("balance loss of documents, and its gradient with the counts held fixed [V3 Eq. 17-20]") {
  const std::vector<int32_t> cu{0, 4, 5, 11, 13};
  const int64_t docs = 4;
  Reals scores = numbers(kRows * kExperts, 1);
  for (real& s : scores) s = std::abs(s) + real(0.01);
  RouterArgs a;
  a.rows = kRows, a.experts = kExperts, a.k = kChosen;
  Doubles want, fractions, dwant;
  for (int64_t d = 0; d < docs; ++d) {
    const double length = cu[size_t(d) + 1] - cu[size_t(d)];
    Doubles f(kExperts), p(kExperts);
    for (int64_t r = cu[size_t(d)]; r < cu[size_t(d) + 1]; ++r) {
      std::vector<std::pair<real, int64_t>> order;
      double total = 0;
      for (int64_t e = 0; e < kExperts; ++e)
        order.push_back({-scores[size_t(r * kExperts + e)], e}), total += double(scores[size_t(r * kExperts + e)]);
      std::sort(order.begin(), order.end());
      for (int64_t k = 0; k < kChosen; ++k) f[size_t(order[size_t(k)].second)] += kExperts / (kChosen * length);
      for (int64_t e = 0; e < kExperts; ++e) p[size_t(e)] += double(scores[size_t(r * kExperts + e)]) / total / length;
    }
    want.push_back(std::inner_product(f.begin(), f.end(), p.begin(), 0.0));
    fractions.insert(fractions.end(), f.begin(), f.end());
    for (int64_t r = cu[size_t(d)]; r < cu[size_t(d) + 1]; ++r) {
      double total = 0, mean = 0;
      for (int64_t e = 0; e < kExperts; ++e) total += double(scores[size_t(r * kExperts + e)]);
      for (int64_t e = 0; e < kExperts; ++e) mean += f[size_t(e)] * double(scores[size_t(r * kExperts + e)]) / total;
      for (int64_t e = 0; e < kExperts; ++e) dwant.push_back(double(real(0.7)) * (f[size_t(e)] - mean) / total);
    }
  }
  const auto forward = [&](const Exec& ex, Reals& f) {
    Reals loss(static_cast<size_t>(docs));
    f.assign(size_t(docs * kExperts), 0);
    balance_fwd(ex, loss.data(), f.data(), scores.data(), cu.data(), docs, a);
    return loss;
  };
  Reals f;
  check_whole(
      "balance_fwd", [&](const Exec& ex) { return forward(ex, f); }, want);
  check_whole(
      "balance_fwd: f", [&](const Exec& ex) { return forward(ex, f), f; }, fractions);
  check_whole(
      "balance_bwd",
      [&](const Exec& ex) {
        Reals out(scores.size());
        balance_bwd(ex, out.data(), real(0.7), f.data(), scores.data(), cu.data(), docs, a);
        return out;
      },
      dwant);
}

TEST_CASE("tokens to experts and back: order of the plan, gather, combine and their gradients [V3 Eq. 12]") {
  for (const int64_t cols : {5, 16, 40}) {
    Rng rng(3, Stream::kTest);
    std::vector<int32_t> idx;
    for (int64_t n = 0; n < kRows; ++n) {
      std::vector<int32_t> all(kExperts);
      std::iota(all.begin(), all.end(), 0);
      shuffle(all, rng);
      std::sort(all.begin(), all.begin() + kChosen);
      idx.insert(idx.end(), all.begin(), all.begin() + kChosen);
    }
    const int64_t routed = kRows * kChosen;
    std::vector<int32_t> offsets(kExperts + 1), slot(idx.size()), token_of(idx.size()), choice_of(idx.size());
    moe_plan(Exec{}, offsets.data(), slot.data(), token_of.data(), choice_of.data(), idx.data(), kRows, kChosen,
             kExperts);
    CHECK((offsets.front() == 0 && offsets.back() == routed));
    for (int32_t e = 0; e < kExperts; ++e)
      for (int32_t r = offsets[size_t(e)]; r < offsets[size_t(e) + 1]; ++r) {
        REQUIRE(idx[size_t(choice_of[size_t(r)])] == e);
        REQUIRE(token_of[size_t(r)] == choice_of[size_t(r)] / kChosen);
        REQUIRE(slot[size_t(choice_of[size_t(r)])] == r);
        if (r > offsets[size_t(e)]) REQUIRE(token_of[size_t(r)] > token_of[size_t(r) - 1]);
      }
    const MoePlan p{kRows, kChosen, kExperts, cols, slot.data(), token_of.data(), choice_of.data()};
    const Reals x = numbers(kRows * cols, 1), dxg = numbers(routed * cols, 2), gates = numbers(kRows * kChosen, 3),
                start = numbers(kRows * cols, 4);
    Doubles gathered, back(start.begin(), start.end()), combined(start.begin(), start.end()),
        dye(size_t(routed * cols)), dgates(static_cast<size_t>(routed));
    for (int64_t r = 0; r < routed; ++r) {
      const int64_t n = token_of[size_t(r)], c = choice_of[size_t(r)];
      for (int64_t i = 0; i < cols; ++i) {
        const double in = double(x[size_t(n * cols + i)]), d = double(dxg[size_t(r * cols + i)]),
                     g = double(gates[size_t(c)]);
        gathered.push_back(in);
        back[size_t(n * cols + i)] += d, combined[size_t(n * cols + i)] += g * d;
        dye[size_t(r * cols + i)] = g * in, dgates[size_t(c)] += in * d;
      }
    }
    check_whole(
        "moe_gather",
        [&](const Exec& ex) {
          Reals out(size_t(routed * cols));
          moe_gather(ex, out.data(), x.data(), p);
          return out;
        },
        gathered);
    check_whole(
        "moe_gather_bwd",
        [&](const Exec& ex) {
          Reals out = start;
          moe_gather_bwd(ex, out.data(), dxg.data(), true, p);
          return out;
        },
        back);
    check_whole(
        "moe_combine",
        [&](const Exec& ex) {
          Reals out = start;
          moe_combine(ex, out.data(), dxg.data(), gates.data(), true, p);
          return out;
        },
        combined);
    for (const bool rows : {true, false})
      check_whole(
          "moe_combine_bwd",
          [&](const Exec& ex) {
            Reals dy(size_t(routed * cols)), dg(static_cast<size_t>(routed));
            moe_combine_bwd(ex, dy.data(), dg.data(), x.data(), dxg.data(), gates.data(), p);
            return rows ? dy : dg;
          },
          rows ? dye : dgates);
  }
}
