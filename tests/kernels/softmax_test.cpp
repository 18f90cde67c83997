// Softmax, fills and copies, the norm with a residual, the optimiser's clip: the promises of support/rowwise.h.
#include <cmath>
#include <limits>

#include "kernels/adamw.h"
#include "kernels/memory.h"
#include "kernels/norm.h"
#include "kernels/softmax.h"
#include "support/rowwise.h"

using namespace r1;
using namespace r1_test;

namespace {
constexpr int64_t kRows = 11;
const std::vector<int64_t> kWidths{1, 7, 16, 33, 96};
}  // namespace

TEST_CASE("softmax and its logarithm, with gradients") {
  for (const int64_t n : kWidths)
    for (const bool log : {false, true}) {
      const Reals x = numbers(kRows * n, 1, 4), dy = numbers(kRows * n, 2);
      const double scale = 0.7;
      Doubles want, back;
      for (int64_t r = 0; r < kRows; ++r) {
        const auto z = [&](int64_t i) { return double(real(scale)) * double(x[size_t(r * n + i)]); };
        double sum = 0, dot = 0, total = 0;
        for (int64_t i = 0; i < n; ++i) sum += std::exp(z(i));
        for (int64_t i = 0; i < n; ++i) {
          const double p = std::exp(z(i)) / sum, d = double(dy[size_t(r * n + i)]);
          want.push_back(log ? std::log(p) : p), dot += p * d, total += d;
        }
        for (int64_t i = 0; i < n; ++i) {
          const double p = std::exp(z(i)) / sum, d = double(dy[size_t(r * n + i)]);
          back.push_back(double(real(scale)) * (log ? d - p * total : p * (d - dot)));
        }
      }
      check_rows(
          log ? "log softmax_fwd" : "softmax_fwd", kRows,
          [&](const Exec& ex, int64_t begin, int64_t end) {
            Reals out(size_t((end - begin) * n));
            softmax_fwd(ex, out.data(), x.data() + begin * n, end - begin, n, real(scale), log);
            return out;
          },
          want);
      check_rows(
          log ? "log softmax_bwd" : "softmax_bwd", kRows,
          [&](const Exec& ex, int64_t begin, int64_t end) {
            Reals y(size_t((end - begin) * n)), out(y.size());
            softmax_fwd(ex, y.data(), x.data() + begin * n, end - begin, n, real(scale), log);
            softmax_bwd(ex, out.data(), dy.data() + begin * n, y.data(), end - begin, n, real(scale), log);
            return out;
          },
          back);
    }
}

TEST_CASE("softmax of large and of equal numbers stays finite") {
  Reals x{real(1e30), real(-1e30), real(1e30)}, y(3);
  softmax_fwd(Exec{}, y.data(), x.data(), 1, 3, real(1), false);
  CHECK(y == Reals{real(0.5), real(0), real(0.5)});
  x = {real(3), real(3), real(3), real(3)}, y.resize(4);
  softmax_fwd(Exec{}, y.data(), x.data(), 1, 4, real(1), true);
  for (real v : y) CHECK(std::abs(double(v) + std::log(4.0)) < 1e-6);
}

TEST_CASE("fill, copy and cast write every element and no more") {
  for (const int64_t n : kWidths) {
    const Reals x = numbers(n, 1);
    Reals y(size_t(n) + 1, real(7)), z(size_t(n) + 1, real(7));
    std::vector<bf16> h(size_t(n) + 1, bf16{0x1234});
    fill(Exec{}, y.data(), real(1.5), n);
    copy(Exec{}, z.data(), x.data(), n);
    cast(Exec{}, h.data(), x.data(), n);
    for (size_t i = 0; i < size_t(n); ++i) {
      CHECK(y[i] == real(1.5));
      CHECK(z[i] == x[i]);
      CHECK(std::abs(double(to_float(h[i])) - double(x[i])) <= std::abs(double(x[i])) / 256);
    }
    CHECK(y.back() == real(7));
    CHECK(z.back() == real(7));
    CHECK(h.back().bits == 0x1234);
  }
}

TEST_CASE("bf16 rounds to nearest even and keeps NaN") {
  CHECK(to_bf16(1.0f).bits == 0x3f80);
  CHECK(to_bf16(1.00390625f).bits == 0x3f80);  // 1 + 2^-8: half way, to even
  CHECK(to_bf16(1.01171875f).bits == 0x3f82);  // 1 + 3 * 2^-8: half way, to even
  CHECK(to_bf16(1.0039064f).bits == 0x3f81);   // just above
  CHECK(to_bf16(-1.0f).bits == 0xbf80);
  CHECK(std::isnan(to_float(to_bf16(std::numeric_limits<float>::quiet_NaN()))));
  CHECK(std::isinf(to_float(to_bf16(3.4e38f))));
}

TEST_CASE("the norm with a residual is the sum, then the norm") {
  for (const int64_t n : kWidths) {
    const Reals x = numbers(kRows * n, 1), r = numbers(kRows * n, 2), w = numbers(n, 3);
    Reals h(x.size()), y(x.size()), sum(x.size()), norm(x.size()), rstd(size_t{kRows}), rstd_of_sum(size_t{kRows});
    rmsnorm_residual_fwd(Exec{}, y.data(), n, rstd.data(), h.data(), r.data(),
                         RmsNormArgs{kRows, n, real(1e-3), x.data(), n, w.data()});
    for (size_t i = 0; i < x.size(); ++i) sum[i] = x[i] + r[i];
    rmsnorm_fwd(Exec{}, norm.data(), n, rstd_of_sum.data(), RmsNormArgs{kRows, n, real(1e-3), sum.data(), n, w.data()});
    CHECK(same_bits(h, sum));
    CHECK(same_bits(y, norm));
    CHECK(same_bits(rstd, rstd_of_sum));
  }
}

TEST_CASE("adamw clips by a norm that it reads, as if the gradient had been scaled") {
  const int64_t n = 33;
  const Reals g = numbers(n, 4);
  const double squares = 16, no_squares = 1;  // norms 4 and 1 against 2 allowed
  AdamWArgs clipped, scaled, untouched;
  clipped.lr = scaled.lr = untouched.lr = real(0.1);
  clipped.squares = &squares, clipped.max_norm = 2, scaled.grad_scale = real(0.5);
  untouched.squares = &no_squares, untouched.max_norm = 2;
  const auto weights = [&](const AdamWArgs& a) {
    Reals w = numbers(n, 1), m(size_t{33}), v(size_t{33});
    adamw(Exec{}, w.data(), m.data(), v.data(), g.data(), n, a);
    return w;
  };
  AdamWArgs plain;
  plain.lr = real(0.1);
  CHECK(same_bits(weights(clipped), weights(scaled)));
  CHECK(same_bits(weights(untouched), weights(plain)));
  CHECK_FALSE(same_bits(weights(clipped), weights(plain)));
}
