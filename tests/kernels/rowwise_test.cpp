// Norms, maps, log-probabilities, objective and optimiser: the promises of support/rowwise.h.
#include <cmath>

#include "kernels/adamw.h"
#include "kernels/elementwise.h"
#include "kernels/logp.h"
#include "kernels/norm.h"
#include "kernels/policy_loss.h"
#include "kernels/reduce.h"
#include "support/rowwise.h"

using namespace r1;
using namespace r1_test;

namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

constexpr int64_t kRows = 11;
const std::vector<int64_t> kWidths{1, 7, 16, 33, 96};

}  // namespace

TEST_CASE("rmsnorm") {
  for (const int64_t n : kWidths) {
    const int64_t ld = n + 3;
    const Reals x = numbers(kRows * ld, 1), w = numbers(n, 2), dy = numbers(kRows * ld, 3),
                dx0 = numbers(kRows * ld, 4);
    const double eps = 1e-3;
    const auto at = [&](const Reals& v, int64_t r, int64_t i) { return double(v[size_t(r * ld + i)]); };
    Doubles y, dx, dw(static_cast<size_t>(n), 0.5);
    Reals rstd;
    for (int64_t r = 0; r < kRows; ++r) {
      double squares = 0, dot = 0;
      for (int64_t i = 0; i < n; ++i) squares += at(x, r, i) * at(x, r, i);
      const double inverse = 1 / std::sqrt(squares / double(n) + double(real(eps)));
      for (int64_t i = 0; i < n; ++i) dot += at(dy, r, i) * double(w[size_t(i)]) * at(x, r, i);
      for (int64_t i = 0; i < n; ++i) {
        y.push_back(at(x, r, i) * inverse * double(w[size_t(i)]));
        dx.push_back(at(dx0, r, i) + inverse * (at(dy, r, i) * double(w[size_t(i)]) -
                                                at(x, r, i) * inverse * inverse * dot / double(n)));
        dw[size_t(i)] += at(dy, r, i) * at(x, r, i) * inverse;
      }
    }
    const auto args = [&](int64_t begin, int64_t end) {
      return RmsNormArgs{end - begin, n, real(eps), x.data() + begin * ld, ld, w.data()};
    };
    check_rows(
        "rmsnorm_fwd", kRows,
        [&](const Exec& ex, int64_t begin, int64_t end) {
          Reals out(size_t((end - begin) * n));
          rmsnorm_fwd(ex, out.data(), n, static_cast<real*>(nullptr), args(begin, end));
          return out;
        },
        y);
    Reals all(size_t(kRows * n)), r(static_cast<size_t>(kRows));
    rmsnorm_fwd(Exec{}, all.data(), n, r.data(), args(0, kRows));
    const auto grads = [&](const Exec& ex, Reals& to, Reals& weights, int64_t begin, int64_t end) {
      rmsnorm_bwd(
          ex, args(begin, end),
          RmsNormGrads{dy.data() + begin * ld, ld, r.data() + begin, to.data() + begin * ld, ld, true, weights.data()});
    };
    check_rows(
        "rmsnorm_bwd: dx", kRows,
        [&](const Exec& ex, int64_t begin, int64_t end) {
          Reals to = dx0, weights(static_cast<size_t>(n)), out;
          grads(ex, to, weights, begin, end);
          for (int64_t row = begin; row < end; ++row)
            out.insert(out.end(), to.begin() + row * ld, to.begin() + row * ld + n);
          return out;
        },
        dx);
    check_fold(
        "rmsnorm_bwd: dw", kRows, Reals(static_cast<size_t>(n), real(0.5)),
        [&](const Exec& ex, Reals& sums, int64_t begin, int64_t end) {
          Reals to = dx0;
          grads(ex, to, sums, begin, end);
        },
        dw);
  }
}

TEST_CASE("swiglu") {
  for (const int64_t n : kWidths) {
    const Reals h = numbers(kRows * 2 * n, 1, 2), dy = numbers(kRows * n, 2);
    Doubles y, dh;
    for (int64_t r = 0; r < kRows; ++r)
      for (int64_t half = 0; half < 2; ++half)
        for (int64_t i = 0; i < n; ++i) {
          const double g = double(h[size_t(r * 2 * n + i)]), u = double(h[size_t(r * 2 * n + n + i)]), s = sigmoid(g),
                       d = double(dy[size_t(r * n + i)]);
          if (half == 0) y.push_back(g * s * u);
          dh.push_back(half == 0 ? d * u * s * (1 + g * (1 - s)) : d * g * s);
        }
    check_rows(
        "swiglu_fwd", kRows,
        [&](const Exec& ex, int64_t begin, int64_t end) {
          Reals out(size_t((end - begin) * n));
          swiglu_fwd(ex, out.data(), h.data() + begin * 2 * n, end - begin, n);
          return out;
        },
        y);
    check_rows(
        "swiglu_bwd", kRows,
        [&](const Exec& ex, int64_t begin, int64_t end) {
          Reals out(size_t((end - begin) * 2 * n));
          swiglu_bwd(ex, out.data(), dy.data() + begin * n, h.data() + begin * 2 * n, end - begin, n);
          return out;
        },
        dh);
  }
}

TEST_CASE("add, scale, copy_rows, bias, embedding") {
  for (const int64_t n : kWidths) {
    const int64_t ld = n + 5;
    const Reals x = numbers(kRows * ld, 1), y = numbers(kRows * ld, 2), b = numbers(n, 3), table = numbers(6 * n, 4);
    const std::vector<int32_t> ids{0, 5, 2, 2, 1, 5, 0, 0, 3, 2, 5};
    Doubles sum, scaled, copied, biased, rows, db(static_cast<size_t>(n), 0.5), dtable(table.begin(), table.end());
    for (int64_t r = 0; r < kRows; ++r)
      for (int64_t i = 0; i < n; ++i) {
        const double a = double(x[size_t(r * n + i)]), c = double(y[size_t(r * n + i)]);
        sum.push_back(a + c), scaled.push_back(c + double(real(0.3)) * a), biased.push_back(a + double(b[size_t(i)]));
        copied.push_back(double(x[size_t(r * ld + i)]) + double(y[size_t(r * ld + i)]));
        rows.push_back(double(table[size_t(ids[size_t(r)] * n + i)]));
        db[size_t(i)] += a, dtable[size_t(ids[size_t(r)] * n + i)] += a;
      }
    const auto part = [&](const Reals& v, int64_t begin, int64_t end, int64_t width) {
      return Reals(v.begin() + begin * width, v.begin() + end * width);
    };
    check_rows(
        "add", kRows,
        [&](const Exec& ex, int64_t begin, int64_t end) {
          Reals out = part(x, begin, end, n);
          add(ex, out.data(), out.data(), y.data() + begin * n, (end - begin) * n);
          return out;
        },
        sum);
    check_rows(
        "scale", kRows,
        [&](const Exec& ex, int64_t begin, int64_t end) {
          Reals out = part(y, begin, end, n);
          scale(ex, out.data(), x.data() + begin * n, real(0.3), (end - begin) * n, true);
          return out;
        },
        scaled);
    check_rows(
        "copy_rows", kRows,
        [&](const Exec& ex, int64_t begin, int64_t end) {
          Reals to = part(y, begin, end, ld), out;
          copy_rows(ex, to.data(), ld, x.data() + begin * ld, ld, end - begin, n, true);
          for (int64_t r = 0; r < end - begin; ++r) out.insert(out.end(), to.begin() + r * ld, to.begin() + r * ld + n);
          return out;
        },
        copied);
    check_rows(
        "bias_fwd", kRows,
        [&](const Exec& ex, int64_t begin, int64_t end) {
          Reals out = part(x, begin, end, n);
          bias_fwd(ex, out.data(), b.data(), end - begin, n);
          return out;
        },
        biased);
    check_rows(
        "embedding_fwd", kRows,
        [&](const Exec& ex, int64_t begin, int64_t end) {
          Reals out(size_t((end - begin) * n));
          embedding_fwd(ex, out.data(), table.data(), ids.data() + begin, end - begin, n);
          return out;
        },
        rows);
    check_fold(
        "bias_bwd", kRows, Reals(static_cast<size_t>(n), real(0.5)),
        [&](const Exec& ex, Reals& sums, int64_t begin, int64_t end) {
          bias_bwd(ex, sums.data(), x.data() + begin * n, end - begin, n);
        },
        db);
    check_fold(
        "embedding_bwd", kRows, table,
        [&](const Exec& ex, Reals& sums, int64_t begin, int64_t end) {
          embedding_bwd(ex, sums.data(), x.data() + begin * n, ids.data() + begin, end - begin, n);
        },
        dtable);
  }
}

TEST_CASE("log-probabilities of rows of logits [R1 Eq. 1]") {
  for (const int64_t v : {2, 17, 348}) {
    const Reals logits = numbers(kRows * v, 1, 3), dlogp = numbers(kRows, 2);
    const double inverse = double(real(1 / 0.6));
    std::vector<int32_t> targets;
    Doubles want, dwant;
    Reals lses;
    for (int64_t r = 0; r < kRows; ++r) {
      targets.push_back(static_cast<int32_t>((r * 7) % v));
      double total = 0, entropy = 0;
      const auto z = [&](int64_t i) { return double(logits[size_t(r * v + i)]) * inverse; };
      for (int64_t i = 0; i < v; ++i) total += std::exp(z(i));
      const double lse = std::log(total);
      for (int64_t i = 0; i < v; ++i) {
        const double p = std::exp(z(i) - lse);
        entropy -= p * (z(i) - lse);
        dwant.push_back(double(dlogp[size_t(r)]) * ((i == targets.back() ? 1 : 0) - p) * inverse);
      }
      want.insert(want.end(), {z(targets.back()) - lse, lse, entropy});
      lses.push_back(static_cast<real>(lse));
    }
    check_rows(
        "logp_rows", kRows,
        [&](const Exec& ex, int64_t begin, int64_t end) {
          const auto n = static_cast<size_t>(end - begin);
          Reals logp(n), lse(n), entropy(n), out;
          logp_rows(ex, logp.data(), lse.data(), entropy.data(), logits.data() + begin * v, targets.data() + begin,
                    end - begin, v, static_cast<real>(inverse));
          for (size_t i = 0; i < n; ++i) out.insert(out.end(), {logp[i], lse[i], entropy[i]});
          return out;
        },
        want);
    check_rows(
        "logp_rows_bwd", kRows,
        [&](const Exec& ex, int64_t begin, int64_t end) {
          Reals out(logits.begin() + begin * v, logits.begin() + end * v);  // in place, as in training
          logp_rows_bwd(ex, out.data(), out.data(), lses.data() + begin, targets.data() + begin, dlogp.data() + begin,
                        end - begin, v, static_cast<real>(inverse));
          return out;
        },
        dwant);
  }
}

TEST_CASE("the objective of a token [R1 Eq. 1-2]") {
  constexpr int64_t n = 50;
  const Reals logp = numbers(n, 1, 0.5), old = numbers(n, 2, 0.5), ref = numbers(n, 3, 0.5), adv = numbers(n, 4),
              weight = numbers(n, 5);
  for (const KlKind kind : {KlKind::kK1, KlKind::kK2, KlKind::kK3}) {
    Doubles want;
    for (size_t i = 0; i < size_t(n); ++i) {
      const double ratio = std::exp(double(logp[i]) - double(old[i])), a = double(adv[i]),
                   d = double(ref[i]) - double(logp[i]);
      const double bound = std::min(std::max(ratio, 1 - double(real(0.2))), 1 + double(real(0.3))) * a;
      const bool cut = bound < ratio * a;
      const double kl = kind == KlKind::kK1 ? -d : kind == KlKind::kK2 ? d * d / 2 : std::exp(d) - d - 1;
      const double slope = kind == KlKind::kK1 ? 1 : kind == KlKind::kK2 ? -d : 1 - std::exp(d);
      const double w = double(weight[i]), beta = double(real(0.1));
      want.insert(want.end(), {w * (beta * kl - std::min(ratio * a, bound)), w * (beta * slope - (cut ? 0 : ratio * a)),
                               ratio, kl, cut ? 1.0 : 0.0});
    }
    check_rows(
        "policy_loss", n,
        [&](const Exec& ex, int64_t begin, int64_t end) {
          const auto m = static_cast<size_t>(end - begin);
          PolicyLossArgs a;
          a.n = end - begin, a.logp = logp.data() + begin, a.logp_old = old.data() + begin,
          a.logp_ref = ref.data() + begin;
          a.advantage = adv.data() + begin, a.weight = weight.data() + begin;
          a.clip_low = real(0.2), a.clip_high = real(0.3), a.kl_beta = real(0.1), a.kl = kind;
          Reals loss(m), slope(m), ratio(m), kl(m), clipped(m), out;
          policy_loss(ex, loss.data(), slope.data(), ratio.data(), kl.data(), clipped.data(), a);
          for (size_t i = 0; i < m; ++i) out.insert(out.end(), {loss[i], slope[i], ratio[i], kl[i], clipped[i]});
          return out;
        },
        want);
  }
}

TEST_CASE("AdamW, one step from moments that are under way [V3 §4.2]") {
  constexpr int64_t n = 70;
  const Reals w = numbers(n, 1), m = numbers(n, 2, 0.1), g = numbers(n, 3);
  Reals v = numbers(n, 4, 0.1);
  for (real& x : v) x = x * x;
  AdamWArgs a;
  a.lr = real(0.01), a.weight_decay = real(0.1), a.correction1 = real(0.3), a.correction2 = real(0.2),
  a.grad_scale = real(0.5);
  Doubles want;
  for (size_t i = 0; i < size_t(n); ++i) {
    const double grad = double(g[i]) * 0.5, b1 = double(a.beta1), b2 = double(a.beta2);
    const double first = b1 * double(m[i]) + (1 - b1) * grad, second = b2 * double(v[i]) + (1 - b2) * grad * grad;
    const double step = first / double(a.correction1) / (std::sqrt(second / double(a.correction2)) + double(a.eps));
    want.insert(want.end(),
                {double(w[i]) - double(a.lr) * (step + double(a.weight_decay) * double(w[i])), first, second});
  }
  check_rows(
      "adamw", n,
      [&](const Exec& ex, int64_t begin, int64_t end) {
        const auto part = [&](const Reals& x) { return Reals(x.begin() + begin, x.begin() + end); };
        Reals weights = part(w), first = part(m), second = part(v), out;
        adamw(ex, weights.data(), first.data(), second.data(), g.data() + begin, end - begin, a);
        for (size_t i = 0; i < weights.size(); ++i) out.insert(out.end(), {weights[i], first[i], second[i]});
        return out;
      },
      want);
}

TEST_CASE("the sum of squares: chunks in order, whatever the threads or instruction set") {
  for (const int64_t n :
       {int64_t{1}, int64_t{17}, kReduceChunk, 3 * kReduceChunk + 5, kReduceRun * kReduceChunk + 4097}) {
    const Reals x = numbers(n, 1);
    double want = 0, alone = -1, threads = -1;
    for (real e : x) want += double(e) * double(e);
    ThreadPool pool(3);
    Exec both;
    both.pool = &pool;
    sum_squares(Exec{}, &alone, x.data(), n);
    sum_squares(both, &threads, x.data(), n);
    CHECK(std::abs(alone - want) < (sizeof(real) == 4 ? 1e-5 : 1e-13) * want);
    CHECK(threads == alone);
    each_isa([&] {
      double again = -1;
      sum_squares(Exec{}, &again, x.data(), n);
      CHECK(again == alone);
    });
  }
}
