#include "kernels/reduce.h"

#include <cmath>
#include <limits>
#include <vector>

#include "base/rng.h"
#include "kernels/elementwise.h"
#include "support/catch.h"
#include "support/rowwise.h"

using namespace r1;
using r1_test::each_isa;

namespace {

std::vector<real> normal(Rng& rng, int64_t n) {
  std::vector<real> v(static_cast<size_t>(n));
  for (real& x : v) x = static_cast<real>(rng.normal());
  return v;
}

}  // namespace

TEST_CASE("sum_tree adds in pairs, pairs of pairs and so on, whatever the length, threads or instruction set") {
  Rng rng(3, Stream::kTest);
  ThreadPool two(2);
  Exec alone, both;
  both.pool = &two;
  for (const int64_t count : {1, 2, 3, 5, 12, 16})
    for (const int64_t n : {1, 15, 16, 37, 40000}) {
      std::vector<std::vector<real>> leaves;
      for (int64_t i = 0; i < count; ++i) leaves.push_back(normal(rng, n));
      std::vector<std::vector<real>> want = leaves;
      for (size_t stride = 1; stride < want.size(); stride *= 2)
        for (size_t s = 0; s + stride < want.size(); s += 2 * stride)
          for (size_t i = 0; i < want[s].size(); ++i) want[s][i] += want[s + stride][i];
      each_isa([&] {
        for (const Exec& ex : {alone, both}) {
          std::vector<std::vector<real>> x = leaves;
          std::vector<real*> at;
          for (auto& leaf : x) at.push_back(leaf.data());
          sum_tree(ex, at[0], at.data(), count, n);
          INFO(count << " buffers of " << n);
          CHECK(x[0] == want[0]);
        }
      });
    }
}

TEST_CASE("the end of a row: what lies beyond is neither read nor written") {
  const real nan = std::numeric_limits<real>::quiet_NaN();
  Rng rng(4, Stream::kTest);
  for (int64_t n = 1; n <= 40; ++n) {
    const std::vector<real> x = normal(rng, n), y = normal(rng, n);
    each_isa([&] {
      std::vector<real> padded = x, out = y;
      padded.resize(64, nan), out.resize(64, real(-7));
      copy_rows(Exec{}, out.data(), n, padded.data(), n, int64_t{1}, n, true);
      bool right = true;
      for (int64_t i = 0; i < 64; ++i) {
        const size_t at = static_cast<size_t>(i);
        right = right && out[at] == (i < n ? y[at] + x[at] : real(-7));
      }
      double squares = -1, expect = 0;
      sum_squares(Exec{}, &squares, padded.data(), n);
      for (real v : x) expect += static_cast<double>(v) * static_cast<double>(v);
      INFO("n = " << n);
      CHECK(right);
      CHECK(std::abs(squares - expect) <= 1e-5 * expect);
    });
  }
}
