// Token sampling: frequencies against the softmax in double, nucleus against a sort, edges of the inverse transform,
// the same draws on every instruction set and thread count.
#include "kernels/sample.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "base/rng.h"
#include "support/catch.h"

using namespace r1;

namespace {

std::vector<int32_t> draw_ids(const std::vector<real>& z, const std::vector<real>& u, int64_t vocab, double inv_t,
                              double top_p, ThreadPool* pool = nullptr) {
  std::vector<int32_t> ids(u.size());
  std::vector<std::byte> scratch(sample_workspace(vocab, pool ? pool->size() : 1) + 64);
  Exec ex;
  ex.pool = pool;
  ex.workspace = scratch.data() + (64 - reinterpret_cast<uintptr_t>(scratch.data()) % 64);
  ex.workspace_bytes = scratch.size() - 64;
  sample_rows(ex, ids.data(), z.data(), u.data(), static_cast<int64_t>(u.size()), vocab, real(inv_t), real(top_p));
  return ids;
}

/// softmax(z / T) cut to its nucleus by sorting, in double.
std::vector<double> nucleus(const real* z, int64_t vocab, double inv_t, double top_p) {
  std::vector<double> p(static_cast<size_t>(vocab));
  const double top = *std::max_element(z, z + vocab);
  for (size_t i = 0; i < p.size(); ++i) p[i] = std::exp((z[i] - top) * inv_t);
  const double total = std::accumulate(p.begin(), p.end(), 0.0);
  std::vector<size_t> order(p.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p[a] > p[b]; });
  double mass = 0;
  for (size_t i : order) {
    if (mass >= top_p * total)
      p[i] = 0;
    else
      mass += p[i];
  }
  for (double& x : p) x /= mass;
  return p;
}

}  // namespace

TEST_CASE("sampled frequencies follow the softmax and its nucleus") {
  const int64_t vocab = 37, draws = 20000;
  Rng rng(2, Stream::kTest);
  std::vector<real> row(vocab), z, u;
  for (real& x : row) x = real(2 * rng.normal());
  for (int64_t i = 0; i < draws; ++i) z.insert(z.end(), row.begin(), row.end()), u.push_back(real(rng.uniform()));
  for (const auto& [inv_t, top_p] : {std::pair{1.0, 1.0}, {1 / 0.6, 0.95}, {0.5, 0.5}}) {
    const auto want = nucleus(row.data(), vocab, inv_t, top_p);
    std::vector<double> count(vocab);
    for (int32_t id : draw_ids(z, u, vocab, inv_t, top_p)) count[static_cast<size_t>(id)] += 1;
    double chi2 = 0;
    int cells = 0;
    for (size_t i = 0; i < want.size(); ++i) {
      if (want[i] == 0) REQUIRE(count[i] == 0);
      const double e = want[i] * draws;
      if (e > 5) chi2 += (count[i] - e) * (count[i] - e) / e, ++cells;
    }
    INFO("T " << 1 / inv_t << " top_p " << top_p << " chi2 " << chi2 << " cells " << cells);
    CHECK(chi2 < cells + 4 * std::sqrt(2.0 * cells));
  }
}

TEST_CASE("a draw is the first id whose cumulated share passes the uniform number") {
  const std::vector<real> z{0, 0, 0, 0};
  CHECK(draw_ids(z, {0}, 4, 1, 1)[0] == 0);
  CHECK(draw_ids(z, {real(0.2499)}, 4, 1, 1)[0] == 0);
  CHECK(draw_ids(z, {real(0.25)}, 4, 1, 1)[0] == 1);
  CHECK(draw_ids(z, {real(0.75)}, 4, 1, 1)[0] == 3);
  const real last = real(1) - real(1.0 / 16777216.0);
  CHECK(draw_ids(z, {last}, 4, 1, 1)[0] == 3);
}

TEST_CASE("tokens without weight are never drawn, at either end") {
  const real inf = std::numeric_limits<real>::infinity();
  std::vector<real> z(40, -inf);
  z[17] = 1, z[20] = 1;
  const real last = real(1) - real(1.0 / 16777216.0);
  CHECK(draw_ids(z, {0}, 40, 1, 1)[0] == 17);
  CHECK(draw_ids(z, {last}, 40, 1, 1)[0] == 20);
  CHECK(draw_ids(z, {last}, 40, 1, 0.5)[0] == 20);  // ties stay in the nucleus together
  CHECK(draw_ids(z, {last}, 40, 1, 0)[0] == 17);    // greedy: lowest id
}

TEST_CASE("draws are the same on every instruction set and thread count") {
  const Isa old = active_isa();
  ThreadPool pool(3);
  for (const int64_t vocab : {1, 5, 16, 100, 517}) {
    Rng rng(4, Stream::kTest, static_cast<uint32_t>(vocab));
    std::vector<real> z(static_cast<size_t>(200 * vocab)), u(200);
    for (real& x : z) x = real(3 * rng.normal());
    for (real& x : u) x = real(rng.uniform());
    for (const double top_p : {1.0, 0.9}) {
      const auto want = draw_ids(z, u, vocab, 1.3, top_p);
      for (Isa isa : {Isa::kV3, Isa::kV4}) {
        if (!cpu_has(isa)) continue;
        set_active_isa(isa);
        CHECK(draw_ids(z, u, vocab, 1.3, top_p) == want);
        CHECK(draw_ids(z, u, vocab, 1.3, top_p, &pool) == want);
      }
      set_active_isa(old);
      for (int32_t id : want) REQUIRE((id >= 0 && id < vocab));
    }
  }
}
