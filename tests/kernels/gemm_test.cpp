#include "kernels/gemm.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "base/rng.h"
#include "support/catch.h"

using namespace r1;

namespace {

const real kPoison = std::numeric_limits<real>::quiet_NaN();

/// One product with its operands, NaN wherever the kernel must neither read nor write.
struct Case {
  int64_t m, n, k;
  bool trans_a = false, trans_b = false, accumulate = false;
  int64_t batch = 1, pad = 0;  // pad: leading dimensions beyond the width
  bool integers = false;
};

struct Operands {
  std::vector<real> a, b, c;
  GemmArgs g;

  Operands(const Case& s, uint32_t seed) {
    Rng rng(seed, Stream::kTest);
    auto draw = [&] { return s.integers ? real(rng.range(-8, 8)) : real(rng.normal()); };
    auto matrix = [&](std::vector<real>& v, int64_t rows, int64_t cols, int64_t& ld, int64_t& stride) {
      ld = cols + s.pad;
      stride = rows * ld + 3 * s.pad;
      v.assign(static_cast<size_t>(s.batch * stride + 64), kPoison);
      for (int64_t p = 0; p < s.batch; ++p)
        for (int64_t i = 0; i < rows; ++i)
          for (int64_t j = 0; j < cols; ++j) v[static_cast<size_t>(p * stride + i * ld + j)] = draw();
    };
    g.m = s.m, g.n = s.n, g.k = s.k, g.batch = s.batch;
    g.trans_a = s.trans_a, g.trans_b = s.trans_b, g.accumulate = s.accumulate;
    matrix(a, s.trans_a ? s.k : s.m, s.trans_a ? s.m : s.k, g.lda, g.stride_a);
    matrix(b, s.trans_b ? s.n : s.k, s.trans_b ? s.k : s.n, g.ldb, g.stride_b);
    matrix(c, s.m, s.n, g.ldc, g.stride_c);
    if (!s.accumulate) std::fill(c.begin(), c.end(), kPoison);  // the old C must not be read
    g.a = a.data(), g.b = b.data();
  }
  real at_a(int64_t p, int64_t i, int64_t k) const {
    return a[static_cast<size_t>(p * g.stride_a + (g.trans_a ? k * g.lda + i : i * g.lda + k))];
  }
  real at_b(int64_t p, int64_t k, int64_t j) const {
    return b[static_cast<size_t>(p * g.stride_b + (g.trans_b ? j * g.ldb + k : k * g.ldb + j))];
  }
};

void run(GemmArgs g, ThreadPool* pool = nullptr) {
  Exec ex;
  ex.pool = pool;
  ex.workspace_bytes = gemm_workspace(g, ex.workers());
  std::vector<std::byte> room(ex.workspace_bytes + 128, std::byte{0xff});  // 0xff...: NaN
  const auto address = reinterpret_cast<uintptr_t>(room.data());
  ex.workspace = room.data() + (64 - address % 64);
  gemm(ex, g);
  const auto used = static_cast<size_t>(ex.workspace - room.data()) + ex.workspace_bytes;
  bool intact = true;
  for (size_t i = used; i < room.size(); ++i) intact = intact && room[i] == std::byte{0xff};
  CHECK(intact);
}

std::vector<real> product(const Operands& x, ThreadPool* pool = nullptr) {
  std::vector<real> c = x.c;
  GemmArgs g = x.g;
  g.c = c.data();
  run(g, pool);
  return c;
}

/// The contract, one element at a time.
std::vector<real> chain(const Operands& x) {
  std::vector<real> c = x.c;
  for (int64_t p = 0; p < x.g.batch; ++p)
    for (int64_t i = 0; i < x.g.m; ++i)
      for (int64_t j = 0; j < x.g.n; ++j) {
        real& out = c[static_cast<size_t>(p * x.g.stride_c + i * x.g.ldc + j)];
        real sum = x.g.accumulate ? out : 0;
        for (int64_t k = 0; k < x.g.k; ++k) sum = std::fma(x.at_a(p, i, k), x.at_b(p, k, j), sum);
        out = sum;
      }
  return c;
}

bool same_bits(const std::vector<real>& a, const std::vector<real>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(real)) == 0);
}

std::vector<Isa> isas() {
  std::vector<Isa> v{Isa::kV3};
  if (cpu_has(Isa::kV4)) v.push_back(Isa::kV4);
  return v;
}

/// Runs `body` under each instruction set of this CPU, and puts the old one back even when a check throws.
template <class F>
void each_isa(const F& body) {
  struct Restore {
    Isa isa = active_isa();
    ~Restore() { set_active_isa(isa); }
  } restore;
  for (Isa isa : isas()) {
    set_active_isa(isa);
    body();
  }
}

std::vector<Case> cases() {
  std::vector<Case> v;
  const int64_t sizes[][3] = {{1, 1, 1},    {1, 96, 96},  {5, 7, 3},      {8, 48, 96},  {9, 49, 17},    {13, 40, 64},
                              {31, 33, 35}, {64, 16, 20}, {70, 100, 300}, {17, 256, 5}, {130, 97, 513}, {3, 200, 700}};
  for (const auto& s : sizes)
    for (int form = 0; form < 8; ++form)
      v.push_back({s[0], s[1], s[2], (form & 1) != 0, (form & 2) != 0, (form & 4) != 0, 1, form % 3 ? 5 : 0, false});
  v.push_back({20, 30, 40, false, true, false, 5, 3, false});
  v.push_back({50, 70, 100, true, false, true, 6, 0, false});      // enough work for threads, one product a task
  v.push_back({640, 200, 512, false, false, false, 1, 0, false});  // A packed, fetching ahead
  v.push_back({200, 512, 300, true, false, true, 1, 312, false});  // A^T packed
  v.push_back({64, 512, 600, false, false, false, 1, 0, false});   // B packed
  v.push_back({8, 500, 600, false, false, true, 1, 0, false});     // B streamed in place, ragged
  v.push_back({1, 100, 37, false, true, true, 1, 1, false});       // one row against a transposed B
  v.push_back({1, 300, 900, false, true, false, 1, 0, false});
  v.push_back({300, 96, 96, false, true, false, 1, 0, false});
  v.push_back({96, 96, 1500, true, false, true, 1, 0, false});
  Rng rng(9, Stream::kTest);
  for (int i = 0; i < 60; ++i) {
    const auto size = [&] { return int64_t{rng.range(1, 1 << rng.range(1, 7))}; };
    v.push_back({size(), size(), size(), rng.chance(0.5), rng.chance(0.5), rng.chance(0.5), rng.range(1, 3),
                 rng.range(0, 2), false});
  }
  return v;
}

}  // namespace

TEST_CASE("every element of a product is one FMA chain, whatever the form, tile, threads or instruction set") {
  ThreadPool two(2);
  uint32_t seed = 1;
  for (const Case& s : cases()) {
    const Operands x(s, seed++);
    const std::vector<real> want = chain(x);
    INFO(s.m << " x " << s.n << " x " << s.k << (s.trans_a ? " T" : " N") << (s.trans_b ? "T" : "N")
             << (s.accumulate ? " +=" : "") << " batch " << s.batch << " pad " << s.pad);
    each_isa([&] {
      CHECK(same_bits(product(x), want));  // also: NaN around C untouched, NaN around A and B unread
      CHECK(same_bits(product(x, &two), want));
    });
  }
}

TEST_CASE("a product of integers is exact") {
  for (int form = 0; form < 4; ++form) {
    const Operands x({37, 53, 301, (form & 1) != 0, (form & 2) != 0, false, 2, 1, true}, 77);
    const std::vector<real> got = product(x);
    int64_t wrong = 0;
    for (int64_t p = 0; p < 2; ++p)
      for (int64_t i = 0; i < x.g.m; ++i)
        for (int64_t j = 0; j < x.g.n; ++j) {
          int64_t sum = 0;
          for (int64_t k = 0; k < x.g.k; ++k)
            sum += static_cast<int64_t>(x.at_a(p, i, k)) * static_cast<int64_t>(x.at_b(p, k, j));
          wrong += got[static_cast<size_t>(p * x.g.stride_c + i * x.g.ldc + j)] != static_cast<real>(sum);
        }
    CHECK(wrong == 0);
  }
}

TEST_CASE("a product is close to the one in double") {
  const Operands x({65, 77, 901, false, true, false, 1, 0, false}, 5);
  const std::vector<real> got = product(x);
  double worst = 0;
  for (int64_t i = 0; i < x.g.m; ++i)
    for (int64_t j = 0; j < x.g.n; ++j) {
      double sum = 0, size = 0;
      for (int64_t k = 0; k < x.g.k; ++k) {
        const double term = static_cast<double>(x.at_a(0, i, k)) * static_cast<double>(x.at_b(0, k, j));
        sum += term, size += std::abs(term);
      }
      worst = std::max(worst, std::abs(static_cast<double>(got[static_cast<size_t>(i * x.g.ldc + j)]) - sum) / size);
    }
  CHECK(worst < 30 * static_cast<double>(std::numeric_limits<real>::epsilon()));  // about sqrt(K) roundings
}

TEST_CASE("mm(a[:m]) equals mm(a)[:m] bit for bit, for every m") {
  for (bool trans_b : {false, true}) {
    const Operands x({70, 104, 130, false, trans_b, false, 1, 0, false}, 11);
    each_isa([&] {
      const std::vector<real> all = product(x);
      for (int64_t m = 0; m <= x.g.m; ++m) {
        Operands part = x;
        part.g.m = m;
        const std::vector<real> got = product(part);
        INFO("m = " << m);
        CHECK(std::memcmp(got.data(), all.data(), static_cast<size_t>(m * x.g.ldc) * sizeof(real)) == 0);
      }
    });
  }
}

TEST_CASE("columns do not depend on the columns beside them") {
  const Operands x({21, 160, 90, false, true, false, 1, 0, false}, 12);
  const std::vector<real> all = product(x);
  for (int64_t n = 1; n <= x.g.n; n += 7) {
    Operands part = x;
    part.g.n = n;
    const std::vector<real> got = product(part);
    bool same = true;
    for (int64_t i = 0; i < x.g.m; ++i)
      same = same && std::memcmp(&got[static_cast<size_t>(i * x.g.ldc)], &all[static_cast<size_t>(i * x.g.ldc)],
                                 static_cast<size_t>(n) * sizeof(real)) == 0;
    INFO("n = " << n);
    CHECK(same);
  }
}

TEST_CASE("a packed B gives the same bits, also to the other instruction set") {
  ThreadPool two(2);
  for (bool trans_b : {false, true})
    for (int64_t n : {1, 40, 48, 96, 250}) {
      const Operands x({19, n, 301, false, trans_b, true, 1, 2, false}, 21);
      const std::vector<real> want = chain(x);
      each_isa([&] {
        const size_t size = static_cast<size_t>(gemm_packed_size(n, x.g.k));
        std::vector<real> packed(size + 1, kPoison);
        Exec ex;
        ex.pool = &two;
        gemm_pack_b(ex, packed.data(), x.g.b, x.g.ldb, trans_b, n, x.g.k);
        CHECK(std::isnan(packed[size]));
        each_isa([&] {
          std::vector<real> c = x.c;
          GemmArgs g = x.g;
          g.c = c.data(), g.packed_b = packed.data(), g.b = nullptr;
          run(g);
          CHECK(same_bits(c, want));
          c = x.c;
          run(g, &two);
          CHECK(same_bits(c, want));
        });
      });
    }
}

TEST_CASE("each product of a batch can have its own packed B") {
  const Operands x({19, 40, 30, false, true, false, 3, 2, false}, 22);
  const std::vector<real> want = chain(x);
  each_isa([&] {
    const int64_t size = gemm_packed_size(x.g.n, x.g.k);
    std::vector<real> packed(static_cast<size_t>(x.g.batch * size)), c = x.c;
    for (int64_t p = 0; p < x.g.batch; ++p)
      gemm_pack_b(Exec{}, packed.data() + p * size, x.g.b + p * x.g.stride_b, x.g.ldb, true, x.g.n, x.g.k);
    GemmArgs g = x.g;
    g.c = c.data(), g.packed_b = packed.data(), g.b = nullptr;
    run(g);
    CHECK(same_bits(c, want));
  });
}

TEST_CASE("empty products: nothing is written, and K = 0 clears or keeps C") {
  each_isa([&] {
    for (Case s : {Case{0, 5, 3}, Case{5, 0, 3}, Case{0, 0, 0}}) {
      const Operands x(s, 1);
      CHECK(same_bits(product(x), x.c));
    }
    const Operands none({4, 20, 3, false, false, false, 0, 0, false}, 1);  // an empty batch
    CHECK(same_bits(product(none), none.c));
    for (bool accumulate : {false, true}) {
      const Operands x({6, 7, 0, false, false, accumulate, 2, 2, false}, 3);
      CHECK(same_bits(product(x), chain(x)));
    }
  });
}

TEST_CASE("an infinity or NaN stays in its own row and column") {
  Operands x({30, 60, 50, false, true, false, 1, 0, false}, 31);
  x.a[static_cast<size_t>(7 * x.g.lda + 3)] = std::numeric_limits<real>::infinity();
  x.b[static_cast<size_t>(59 * x.g.ldb + 4)] = kPoison;
  const std::vector<real> c = product(x);
  int64_t wrong = 0;
  for (int64_t i = 0; i < x.g.m; ++i)
    for (int64_t j = 0; j < x.g.n; ++j)
      wrong += std::isfinite(c[static_cast<size_t>(i * x.g.ldc + j)]) != (i != 7 && j != 59);
  CHECK(wrong == 0);
}

TEST_CASE("negative zero survives: 0 + (-0 * 1) is +0 in the chain, and an accumulated -0 keeps its sign") {
  const real a[1] = {real(-0.0)}, b[1] = {1};
  real c[1] = {real(-0.0)};
  GemmArgs g;
  g.m = g.n = g.k = g.lda = g.ldb = g.ldc = 1;
  g.a = a, g.b = b, g.c = c, g.accumulate = true;
  each_isa([&] {
    c[0] = real(-0.0);
    run(g);
    CHECK(std::signbit(c[0]));
  });
}

TEST_CASE("wrong sizes and a small workspace are refused with the value and what was expected") {
  const Operands x({8, 64, 600, false, true, false, 1, 0, false}, 41);
  std::vector<real> c = x.c;
  GemmArgs g = x.g;
  g.c = c.data();
  CHECK(gemm_workspace(g, 1) > 0);
  CHECK_THROWS_WITH(gemm(Exec{}, g), ContainsSubstring("workspace of 0 bytes"));
  g.ldb = 599;
  CHECK_THROWS_WITH(run(g), ContainsSubstring("ldb = 599, expected at least 600"));
  g.ldb = 600, g.m = -1;
  CHECK_THROWS_WITH(run(g), ContainsSubstring("-1"));
  CHECK(same_bits(c, x.c));
}
