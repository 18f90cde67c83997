// Attention kernels: against plain double loops, gradients against numeric differences (double build), and the promise
// that a row's bits are the same dense, paged, in any chunks, batch, block order, thread count and instruction set.
#include "kernels/attention.h"

#include <cstring>
#include <limits>
#include <memory>

#include "base/rng.h"
#include "reference/attention_ref.h"
#include "support/catch.h"
#include "support/rowwise.h"

using namespace r1;
using r1_test::same_bits;

namespace {

constexpr real kSentinel = real(-77.25);
constexpr size_t kGuard = 64;
const real kNan = std::numeric_limits<real>::quiet_NaN();

/// A buffer between two guards, and scratch of exactly the size asked for.
struct Guarded {
  explicit Guarded(int64_t n, real fill = 0) : x(size_t(n) + 2 * kGuard, kSentinel) {
    std::fill(data(), data() + n, fill);
  }
  real* data() { return x.data() + kGuard; }
  size_t size() const { return x.size() - 2 * kGuard; }
  bool intact() const {
    for (size_t i = 0; i < kGuard; ++i)
      if (x[i] != kSentinel || x[x.size() - 1 - i] != kSentinel) return false;
    return true;
  }
  std::vector<real> values() const { return {x.begin() + kGuard, x.end() - kGuard}; }
  std::vector<real> x;
};

struct Scratch {
  explicit Scratch(size_t n, ThreadPool* pool = nullptr) : bytes(n), memory(new std::byte[n + 128]) {
    std::memset(memory.get(), 0xFF, n + 128);  // NaN everywhere
    ex.workspace = memory.get() + (64 - reinterpret_cast<uintptr_t>(memory.get()) % 64);
    ex.workspace_bytes = n;
    ex.pool = pool;
  }
  bool intact() const { return ex.workspace[bytes] == std::byte{0xFF} && ex.workspace[bytes + 63] == std::byte{0xFF}; }
  size_t bytes;
  std::unique_ptr<std::byte[]> memory;
  Exec ex;
};

struct Shape {
  int64_t h, hk, dk, dv;
  bool latent;
  std::vector<int32_t> lengths;
};

/// Inputs of one case, with rows further apart than they need be.
struct Case {
  explicit Case(const Shape& s, uint32_t seed = 0) : shape(s), rng(11, Stream::kTest, seed) {
    cu.push_back(0);
    for (int32_t n : s.lengths) cu.push_back(cu.back() + n);
    a.n_tokens = cu.back();
    a.n_docs = int64_t(s.lengths.size());
    a.n_heads = s.h, a.n_kv_heads = s.hk, a.dk = s.dk, a.dv = s.dv;
    a.scale = real(0.37);
    a.cu_seqlens = cu.data();
    a.ldq = s.h * s.dk + 3, a.ldk = s.hk * s.dk + 5, a.ldo = s.h * s.dv + 2;
    q = numbers(a.n_tokens * a.ldq), k = numbers(a.n_tokens * a.ldk), dout = numbers(a.n_tokens * a.ldo);
    a.q = q.data(), a.k = k.data();
    a.ldv = s.latent ? a.ldk : s.hk * (s.dv + 1), a.v_head_stride = s.latent ? s.dk : s.dv + 1;
    v = numbers(s.latent ? 0 : a.n_tokens * a.ldv);
    a.v = s.latent ? a.k : v.data();
  }
  std::vector<real> numbers(int64_t n) {
    std::vector<real> x(static_cast<size_t>(n));
    for (real& e : x) e = real(rng.normal());
    return x;
  }
  Shape shape;
  Rng rng;
  std::vector<int32_t> cu;
  std::vector<real> q, k, v, dout;
  AttentionArgs a;
};

struct Forward {
  std::vector<real> out, lse;
};
Forward forward(const Case& c, ThreadPool* pool = nullptr) {
  AttentionArgs a = c.a;
  Guarded out(a.n_tokens * a.ldo, kNan), lse(a.n_tokens * a.n_heads, kNan);
  a.out = out.data(), a.lse = lse.data();
  Scratch scratch(attention_fwd_workspace(a, pool ? pool->size() : 1), pool);
  attention_fwd(scratch.ex, a);
  CHECK(out.intact());
  CHECK(lse.intact());
  CHECK(scratch.intact());
  return {out.values(), lse.values()};
}

struct Backward {
  std::vector<real> dq, dk, dv;
};
Backward backward(const Case& c, const Forward& f, bool accumulate, real start, ThreadPool* pool = nullptr) {
  AttentionArgs a = c.a;
  std::vector<real> out = f.out, lse = f.lse;
  a.out = out.data(), a.lse = lse.data();
  Guarded dq(a.n_tokens * a.ldq, start), dk(a.n_tokens * a.ldk, start), dv(a.n_tokens * a.ldv, start);
  AttentionGrads g;
  g.dout = c.dout.data();
  g.dq = dq.data(), g.dk = dk.data(), g.dv = c.shape.latent ? dk.data() : dv.data();
  g.accumulate_dq = accumulate;
  Scratch scratch(attention_bwd_workspace(a, pool ? pool->size() : 1), pool);
  attention_bwd(scratch.ex, a, g);
  CHECK(dq.intact());
  CHECK(dk.intact());
  CHECK(dv.intact());
  CHECK(scratch.intact());
  return {dq.values(), dk.values(), dv.values()};
}

/// max |x - want| over [n, heads, width] with rows ld and heads stride apart; want is dense, plus `start`.
double worst(const std::vector<real>& x, int64_t ld, int64_t stride, const std::vector<double>& want, int64_t n,
             int64_t heads, int64_t width, double start = 0) {
  double w = 0;
  for (int64_t t = 0; t < n; ++t)
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t d = 0; d < width; ++d) {
        const double e = double(x[size_t(t * ld + h * stride + d)]) - want[size_t((t * heads + h) * width + d)] - start;
        w = std::isfinite(e) ? std::max(w, std::abs(e)) : 1e300;
      }
  return w;
}

/// Paged cache of a case: blocks in shuffled order, everything not yet written NaN.
struct Paged {
  explicit Paged(Case& c) {
    const AttentionArgs& a = c.a;
    for (int32_t n : c.shape.lengths) stride = std::max(stride, kv_blocks(n));
    const int64_t blocks = a.n_docs * stride + 3;
    std::vector<int32_t> order(static_cast<size_t>(blocks));
    for (size_t i = 0; i < order.size(); ++i) order[i] = int32_t(i);
    shuffle(order, c.rng);
    table.assign(order.begin(), order.begin() + a.n_docs * stride);
    kv.k_block = a.n_kv_heads * a.dk * kKvBlock;
    kv.v_block = c.shape.latent ? kv.k_block : a.n_kv_heads * a.dv * kKvBlock;
    k.assign(size_t(blocks * kv.k_block), kNan);
    v.assign(size_t(c.shape.latent ? 0 : blocks * kv.v_block), kNan);
    kv.k = k.data(), kv.v = c.shape.latent ? k.data() : v.data();
    kv.latent = c.shape.latent;
    kv.table_stride = stride;
    done.assign(size_t(a.n_docs), 0);
  }
  int64_t stride = 0;
  std::vector<real> k, v;
  std::vector<int32_t> table, done;
  PagedKv kv;
};

/// One engine step: the next `counts[i]` rows of document docs[i], as one batch; results go to their rows of `f`.
void paged_step(const Case& c, Paged& p, const std::vector<size_t>& docs, const std::vector<int32_t>& counts,
                Forward& f, ThreadPool* pool = nullptr) {
  AttentionArgs a = c.a;
  std::vector<int32_t> cu{0}, positions, table;
  std::vector<real> q, k, v;
  std::vector<size_t> rows;
  int64_t longest = 0;
  for (size_t i = 0; i < docs.size(); ++i) {
    for (int32_t n = 0; n < counts[i]; ++n) {
      const int32_t t = p.done[docs[i]]++;
      const size_t row = size_t(c.cu[docs[i]] + t);
      positions.push_back(t);
      rows.push_back(row);
      q.insert(q.end(), c.q.begin() + int64_t(row) * a.ldq, c.q.begin() + int64_t(row + 1) * a.ldq);
      k.insert(k.end(), c.k.begin() + int64_t(row) * a.ldk, c.k.begin() + int64_t(row + 1) * a.ldk);
      if (!c.shape.latent)
        v.insert(v.end(), c.v.begin() + int64_t(row) * a.ldv, c.v.begin() + int64_t(row + 1) * a.ldv);
      longest = std::max<int64_t>(longest, t + 1);
    }
    cu.push_back(int32_t(positions.size()));
    const auto from = p.table.begin() + int64_t(docs[i]) * p.stride;
    table.insert(table.end(), from, from + p.stride);
    // ids of blocks not reached yet are wild: nobody may follow them
    for (int64_t b = kv_blocks(p.done[docs[i]]); b < p.stride; ++b) table[size_t(int64_t(i) * p.stride + b)] = 1 << 30;
  }
  p.kv.block_table = table.data();
  a.n_tokens = int64_t(positions.size()), a.n_docs = int64_t(docs.size());
  a.cu_seqlens = cu.data(), a.q = q.data(), a.k = k.data(), a.v = c.shape.latent ? k.data() : v.data();
  Guarded out(a.n_tokens * a.ldo, kNan), lse(a.n_tokens * a.n_heads, kNan);
  a.out = out.data(), a.lse = lse.data();
  Scratch scratch(attention_paged_workspace(a, longest, pool ? pool->size() : 1), pool);
  kv_append(scratch.ex, a, p.kv, positions.data());
  attention_paged(scratch.ex, a, p.kv, positions.data());
  CHECK(out.intact());
  CHECK(scratch.intact());
  for (size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(out.data() + int64_t(i) * a.ldo, a.ldo, f.out.begin() + int64_t(rows[i]) * a.ldo);
    std::copy_n(lse.data() + int64_t(i) * a.n_heads, a.n_heads, f.lse.begin() + int64_t(rows[i]) * a.n_heads);
  }
}

const std::vector<Shape> kShapes = {
    {4, 1, 40, 32, true, {5, 64, 0, 33, 17, 1}},  // latent, as in the toy
    {4, 4, 24, 16, false, {31, 16, 50}},          // multi-head
    {6, 2, 19, 21, false, {40, 3, 15}},           // grouped queries, odd widths
    {1, 1, 7, 5, false, {18, 70}},                // one head, narrow
    {5, 1, 9, 3, true, {47}},                     // values narrower than a tile
    {40, 1, 36, 20, true, {34}},                  // more heads than rows of a chunk
};

std::vector<Isa> isas() {
  std::vector<Isa> r;
  for (Isa i : {Isa::kV3, Isa::kV4})
    if (cpu_has(i)) r.push_back(i);
  return r;
}
struct RestoreIsa {
  Isa old = active_isa();
  ~RestoreIsa() { set_active_isa(old); }
};

}  // namespace

TEST_CASE("attention equals plain loops in double, forward and backward [V3 Eq. 10]") {
  const double tolerance = sizeof(real) == 4 ? 2e-5 : 1e-12;
  for (const Shape& s : kShapes) {
    Case c(s);
    const auto want = reference::attention(c.a, c.dout.data());
    const Forward f = forward(c);
    INFO("heads " << s.h << "/" << s.hk << " widths " << s.dk << "/" << s.dv);
    CHECK(worst(f.out, c.a.ldo, s.dv, want.out, c.a.n_tokens, s.h, s.dv) < tolerance);
    CHECK(worst(f.lse, s.h, 1, want.lse, c.a.n_tokens, s.h, 1) < tolerance);
    for (const bool accumulate : {false, true}) {
      const Backward b = backward(c, f, accumulate, real(0.5));
      CHECK(worst(b.dq, c.a.ldq, s.dk, want.dq, c.a.n_tokens, s.h, s.dk, accumulate ? 0.5 : 0) < 10 * tolerance);
      std::vector<double> dk = want.dk;
      if (s.latent)
        for (size_t t = 0; t < size_t(c.a.n_tokens * s.hk); ++t)
          for (size_t d = 0; d < size_t(s.dv); ++d) dk[t * size_t(s.dk) + d] += want.dv[t * size_t(s.dv) + d];
      CHECK(worst(b.dk, c.a.ldk, s.dk, dk, c.a.n_tokens, s.hk, s.dk, 0.5) < 40 * tolerance);
      if (s.latent) continue;
      CHECK(worst(b.dv, c.a.ldv, c.a.v_head_stride, want.dv, c.a.n_tokens, s.hk, s.dv, 0.5) < 40 * tolerance);
    }
  }
}

TEST_CASE("attention leaves the gaps between rows and heads alone") {
  Case c(kShapes[2]);
  const Forward f = forward(c);
  for (int64_t t = 0; t < c.a.n_tokens; ++t)
    for (int64_t i = c.a.n_heads * c.a.dv; i < c.a.ldo; ++i) REQUIRE(std::isnan(f.out[size_t(t * c.a.ldo + i)]));
  const Backward b = backward(c, f, false, kSentinel);
  for (int64_t t = 0; t < c.a.n_tokens; ++t) {
    REQUIRE(b.dq[size_t((t + 1) * c.a.ldq - 1)] == kSentinel);
    REQUIRE(b.dk[size_t((t + 1) * c.a.ldk - 1)] == kSentinel);
    REQUIRE(b.dv[size_t(t * c.a.ldv + c.a.dv)] == kSentinel);
  }
}

TEST_CASE("attention of a row sees nothing after the row, not even NaN or infinity") {
  Case c({2, 1, 8, 6, true, {40}});
  const Forward whole = forward(c);
  for (int64_t i = 21 * c.a.ldk; i < 40 * c.a.ldk; ++i)
    c.k[size_t(i)] = i % 2 ? kNan : -std::numeric_limits<real>::infinity();
  const Forward cut = forward(c);
  CHECK(std::memcmp(whole.out.data(), cut.out.data(), size_t(21 * c.a.ldo - 2) * sizeof(real)) == 0);
  CHECK(std::memcmp(whole.lse.data(), cut.lse.data(), 21 * 2 * sizeof(real)) == 0);
}

TEST_CASE("attention bits are the same on every instruction set and thread count") {
  RestoreIsa restore;
  ThreadPool pool(3);
  for (const Shape& s : kShapes) {
    Case c(s);
    set_active_isa(isas()[0]);
    const Forward f = forward(c);
    const Backward b = backward(c, f, false, 0);
    for (Isa isa : isas())
      for (ThreadPool* threads : {static_cast<ThreadPool*>(nullptr), &pool}) {
        set_active_isa(isa);
        const Forward f2 = forward(c, threads);
        CHECK(same_bits(f.lse, f2.lse));
        CHECK(worst(f2.out, c.a.ldo, s.dv, reference::attention(c.a, nullptr).out, c.a.n_tokens, s.h, s.dv) < 1e-4);
        for (size_t i = 0; i < f.out.size(); ++i)
          if (!std::isnan(f.out[i])) REQUIRE(std::memcmp(&f.out[i], &f2.out[i], sizeof(real)) == 0);
        const Backward b2 = backward(c, f, false, 0, threads);
        CHECK(same_bits(b.dq, b2.dq));
        CHECK(same_bits(b.dk, b2.dk));
        CHECK(same_bits(b.dv, b2.dv));
      }
  }
}

TEST_CASE("paged attention equals dense attention bit for bit, in any chunks and batches") {
  RestoreIsa restore;
  ThreadPool pool(2);
  for (Isa isa : isas()) {
    set_active_isa(isa);
    for (const Shape& s : kShapes) {
      Case c(s);
      const Forward dense = forward(c);
      for (const int mode : {0, 1, 2}) {  // token by token one document at a time; prefill then decode; random chunks
        Paged p(c);
        Forward f{std::vector<real>(dense.out.size(), kNan), std::vector<real>(dense.lse.size(), kNan)};
        Rng rng(5, Stream::kTest, uint32_t(mode));
        for (bool more = true; more;) {
          more = false;
          std::vector<size_t> docs;
          std::vector<int32_t> counts;
          for (size_t d = 0; d < s.lengths.size(); ++d) {
            const int32_t left = s.lengths[d] - p.done[d];
            if (left == 0 || (mode == 0 && !docs.empty()) || (mode == 2 && rng.chance(0.3))) {
              more = more || left > 0;
              continue;
            }
            docs.push_back(d);
            counts.push_back(mode == 0   ? 1
                             : mode == 1 ? (p.done[d] == 0 ? std::max(1, left * 2 / 3) : 1)
                                         : 1 + int32_t(rng.below(uint32_t(left))));
            more = true;
          }
          if (!docs.empty()) paged_step(c, p, docs, counts, f, mode == 2 ? &pool : nullptr);
        }
        INFO("heads " << s.h << "/" << s.hk << " mode " << mode);
        CHECK(same_bits(dense.lse, f.lse));
        for (int64_t t = 0; t < c.a.n_tokens; ++t)
          REQUIRE(std::memcmp(&dense.out[size_t(t * c.a.ldo)], &f.out[size_t(t * c.a.ldo)],
                              size_t(s.h * s.dv) * sizeof(real)) == 0);
      }
    }
  }
}

TEST_CASE("attention of a document does not depend on its neighbours") {
  Case c(kShapes[0]);
  const Forward together = forward(c);
  for (size_t d = 0; d < c.shape.lengths.size(); ++d) {
    if (c.shape.lengths[d] == 0) continue;
    Case one(Shape{4, 1, 40, 32, true, {c.shape.lengths[d]}});
    std::copy_n(c.q.begin() + c.cu[d] * c.a.ldq, one.q.size(), one.q.begin());
    std::copy_n(c.k.begin() + c.cu[d] * c.a.ldk, one.k.size(), one.k.begin());
    const Forward alone = forward(one);
    const size_t first = size_t(c.cu[d] * c.a.n_heads), count = size_t(c.shape.lengths[d] * c.a.n_heads);
    CHECK(std::memcmp(&together.lse[first], alone.lse.data(), count * sizeof(real)) == 0);
  }
}

TEST_CASE("documents behind a shared prefix: the bits of each in one piece, and its gradients summed") {
  for (const int32_t p : {1, 16, 21, 37})
    for (Shape s : kShapes) {
      s.lengths = {p, 5, 30, 1, 4, 11};  // documents 1-3 go on from document 0, document 5 from document 4
      Case c(s, uint32_t(p));
      const std::vector<int32_t> prefix{-1, 0, 0, 0, -1, 4};
      Shape whole = s;
      whole.lengths = {p, p + 5, p + 30, p + 1, 4, 15};
      Case w(whole);
      std::vector<int64_t> row_of;  // of the shared case, for each row of the whole one
      for (size_t d = 0; d < prefix.size(); ++d) {
        if (prefix[d] >= 0)
          for (int32_t i = c.cu[size_t(prefix[d])]; i < c.cu[size_t(prefix[d]) + 1]; ++i) row_of.push_back(-1 - i);
        for (int32_t i = c.cu[d]; i < c.cu[d + 1]; ++i) row_of.push_back(i);
      }
      std::fill(w.dout.begin(), w.dout.end(), real(0));  // a repeated prefix is only read
      for (size_t i = 0; i < row_of.size(); ++i) {
        const int64_t from = row_of[i] < 0 ? -1 - row_of[i] : row_of[i], to = int64_t(i);
        std::copy_n(c.q.data() + from * c.a.ldq, c.a.ldq, w.q.data() + to * c.a.ldq);
        std::copy_n(c.k.data() + from * c.a.ldk, c.a.ldk, w.k.data() + to * c.a.ldk);
        if (!s.latent) std::copy_n(c.v.data() + from * c.a.ldv, c.a.ldv, w.v.data() + to * c.a.ldv);
        if (row_of[i] >= 0) std::copy_n(c.dout.data() + from * c.a.ldo, c.a.ldo, w.dout.data() + to * c.a.ldo);
      }
      c.a.prefix = prefix.data();
      ThreadPool pool(3);
      const Forward f = forward(c), fw = forward(w);
      const Backward b = backward(c, f, false, 0), bw = backward(w, fw, false, 0),
                     threads = backward(c, f, false, 0, &pool);
      CHECK(same_bits(f.lse, forward(c, &pool).lse));
      CHECK((same_bits(b.dq, threads.dq) && same_bits(b.dk, threads.dk) && same_bits(b.dv, threads.dv)));
      std::vector<double> dk(c.k.size()), dv(c.v.size());
      bool equal = true;
      for (size_t i = 0; i < row_of.size(); ++i) {
        const int64_t at = row_of[i] < 0 ? -1 - row_of[i] : row_of[i], from = int64_t(i);
        for (int64_t j = 0; j < c.a.ldk; ++j) dk[size_t(at * c.a.ldk + j)] += double(bw.dk[size_t(from * c.a.ldk + j)]);
        for (int64_t j = 0; !s.latent && j < c.a.ldv; ++j)
          dv[size_t(at * c.a.ldv + j)] += double(bw.dv[size_t(from * c.a.ldv + j)]);
        if (row_of[i] < 0) continue;
        const auto same = [&](const std::vector<real>& x, const std::vector<real>& y, int64_t ld, int64_t n) {
          equal = equal && std::memcmp(&x[size_t(at * ld)], &y[size_t(from * ld)], size_t(n) * sizeof(real)) == 0;
        };
        same(f.out, fw.out, c.a.ldo, c.a.n_heads * c.a.dv), same(f.lse, fw.lse, c.a.n_heads, c.a.n_heads);
        same(b.dq, bw.dq, c.a.ldq, c.a.n_heads * c.a.dk);
      }
      INFO("prefix " << p << ", heads " << s.h << "/" << s.hk << " widths " << s.dk << "/" << s.dv);
      CHECK(equal);
      const double tolerance = sizeof(real) == 4 ? 1e-4 : 1e-12;
      CHECK(worst(b.dk, c.a.ldk, 1, dk, c.a.n_tokens, 1, c.a.ldk) < tolerance);
      if (!s.latent) CHECK(worst(b.dv, c.a.ldv, 1, dv, c.a.n_tokens, 1, c.a.ldv) < tolerance);
    }
}

TEST_CASE("attention over 1000 keys with large scores stays finite and right") {
  Case c({2, 1, 16, 16, true, {1000}});
  for (real& x : c.q) x *= 30;
  const Forward f = forward(c);
  const auto want = reference::attention(c.a, nullptr);
  CHECK(worst(f.out, c.a.ldo, 16, want.out, 1000, 2, 16) < (sizeof(real) == 4 ? 1e-3 : 1e-11));
}

#ifdef R1_REAL_DOUBLE
TEST_CASE("attention gradients equal numeric differences") {
  for (const Shape& s : {Shape{4, 2, 5, 3, false, {18, 3}}, Shape{3, 1, 6, 4, true, {19}}}) {
    Case c(s);
    const Forward f = forward(c);
    const Backward b = backward(c, f, false, 0);
    const auto loss = [&] {
      const Forward g = forward(c);
      double sum = 0;
      for (int64_t t = 0; t < c.a.n_tokens; ++t)
        for (int64_t i = 0; i < s.h * s.dv; ++i)
          sum += g.out[size_t(t * c.a.ldo + i)] * c.dout[size_t(t * c.a.ldo + i)];
      return sum;
    };
    const auto check = [&](std::vector<real>& x, const std::vector<real>& dx) {
      for (size_t i = 0; i < x.size(); i += 7) {
        const double old = x[i], h = 1e-3;
        double at[4];
        const double steps[4] = {-2 * h, -h, h, 2 * h};
        for (int j = 0; j < 4; ++j) x[i] = old + steps[j], at[j] = loss();
        x[i] = old;
        const double numeric = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * h);
        INFO("element " << i << " gradient " << dx[i] << " numeric " << numeric);
        REQUIRE(std::abs(numeric - dx[i]) <= 1e-7 + 1e-5 * std::abs(dx[i]));
      }
    };
    check(c.q, b.dq);
    check(c.k, b.dk);
    if (!s.latent) check(c.v, b.dv);
  }
}
#endif
