// Matrix product: tasks of rows x column panels; inside a task blocks of K, panels of B, strips of register tiles.
// Between blocks of K, C itself carries the partial chains, so the order of additions stays k ascending.
// Paper: none.
#include "kernels/gemm.h"

#include "kernels/gemm_micro.h"
#include "kernels/gemm_pack.h"
#include "kernels/gemm_plan.h"

namespace r1::R1_ISA {

namespace {

/// k between two fetches ahead (Strip::stretch).
constexpr int64_t kStretch = 32;

/// One block: rows x kn of A against one panel of B.
struct Block {
  const real* a;
  int64_t a_row, a_k;
  const real* b;  // [kn][>= width], rows b_k apart
  int64_t b_k;
  real* c;
  int64_t ldc, rows, columns, kn;
  bool load_c, far;
  const real* c_after;  // where C is written next, or null
};

/// Rows are dealt out evenly: 9 rows are tiles of 5 and 4, not 8 and 1.
void run_block(const Block& x, Ahead* ahead) {
  Strip s{};
  s.k = x.kn;
  s.a_row = x.a_row, s.a_k = x.a_k;
  s.b_k = x.b_k, s.ldc = x.ldc;
  s.load_c = x.load_c, s.far = x.far, s.ahead = ahead;
  s.stretch = x.far ? kStretch : x.kn;
  for (int64_t j = 0; j < x.columns; j += kTileParts * kPart) {
    const int64_t columns = x.columns - j < kTileParts * kPart ? x.columns - j : kTileParts * kPart;
    const int parts = static_cast<int>((columns + kPart - 1) / kPart);
    const int64_t count = (x.rows + kTileRows[parts] - 1) / kTileRows[parts];
    const int64_t small = x.rows / count, large_count = x.rows % count;
    s.a = x.a, s.b = x.b + j, s.c = x.c + j;
    s.last = columns - (parts - 1) * kPart;
    const real* after = j + kTileParts * kPart < x.columns ? s.c + kTileParts * kPart : x.c_after;
    if (large_count > 0) {
      s.c_after = s.c + large_count * (small + 1) * x.ldc;
      s.tiles = large_count, s.a_tile = (small + 1) * x.a_row;
      strip_for(static_cast<int>(small + 1), parts)(s);
      s.a += large_count * s.a_tile;
      s.c += large_count * (small + 1) * x.ldc;
    }
    s.c_after = after;
    s.tiles = count - large_count, s.a_tile = small * x.a_row;
    strip_for(static_cast<int>(small), parts)(s);
  }
}

/// The part of C that one thread computes at a time, and its scratch.
struct Task {
  const real* a;  // first row
  const real* b;  // all of op(B)
  const real* packed_b;
  real* c;  // first row
  int64_t rows;
  real *panel_scratch, *block_scratch;
};

#ifdef R1_HAVE_TRANSPOSE
/// One row of A against a transposed B that is used once: transposed in registers, two units of columns at a time so
/// that one chain's latency hides behind the other's arithmetic. columns is a multiple of 4.
template <int NU>
R1_INLINE void row_times_units(real* c, const real* a, int64_t a_k, const real* b, int64_t ldb, int64_t columns,
                               int64_t k, bool accumulate) {
  constexpr int kPartLanes = kPart / 4;
  const real* lane[NU][kPartLanes];
  part sum[NU];
  for (int u = 0; u < NU; ++u) {
    for (int l = 0; l < kPartLanes; ++l) {
      const int64_t j = u * kPart + 4 * l;
      lane[u][l] = b + (j < columns ? j : columns - 4) * ldb;
    }
    const int64_t rest = columns - u * kPart;
    sum[u] = !accumulate ? part{} : rest < kPart ? load_part(c + u * kPart, rest) : load_part(c + u * kPart);
  }
  int64_t i = 0;
  for (; i + 4 <= k; i += 4, a += 4 * a_k) {
    part v[NU][4];
    for (int u = 0; u < NU; ++u) {
      transpose_four(v[u], lane[u], ldb);
      for (int l = 0; l < kPartLanes; ++l) lane[u][l] += 4;
    }
    for (int q = 0; q < 4; ++q)
      for (int u = 0; u < NU; ++u) sum[u] = fma_part(a[q * a_k] - part{}, v[u][q], sum[u]);
  }
  for (; i < k; ++i, a += a_k)
    for (int u = 0; u < NU; ++u) {
      part v{};
      for (int j = 0; j < kPart; ++j) v[j] = lane[u][j / 4][j % 4 * ldb];
      for (int l = 0; l < kPartLanes; ++l) ++lane[u][l];
      sum[u] = fma_part(*a - part{}, v, sum[u]);
    }
  for (int u = 0; u < NU; ++u) {
    const int64_t rest = columns - u * kPart;
    if (rest < kPart)
      store_part(c + u * kPart, sum[u], rest);
    else
      store_part(c + u * kPart, sum[u]);
  }
}

void row_times_transposed(const Task& t, const GemmArgs& g, int64_t begin, int64_t end) {
  const int64_t a_k = g.trans_a ? g.lda : 1;
  int64_t j = begin;
  for (; j + kPart < end; j += 2 * kPart)
    row_times_units<2>(t.c + j, t.a, a_k, t.b + j * g.ldb, g.ldb, end - j < 2 * kPart ? end - j : 2 * kPart, g.k,
                       g.accumulate);
  if (j < end) row_times_units<1>(t.c + j, t.a, a_k, t.b + j * g.ldb, g.ldb, end - j, g.k, g.accumulate);
}
#endif

struct Job {
  const GemmArgs& g;
  GemmPlan plan;
  std::byte* workspace;

  void run(int64_t task, int worker) const;
  void run_panels(const Task& t, int64_t p0, int64_t p1, int64_t k0) const;
  Ahead look_ahead(const Task& t, const Block& x, int64_t p, int64_t p0, int64_t p1, int64_t r, int64_t k0) const;
};

/// One block of K for panels [p0, p1). A block of rows meets every panel before the next one, so that its part of A
/// stays near; B is packed, panel by panel, when the first block of rows gets there.
void Job::run_panels(const Task& t, int64_t p0, int64_t p1, int64_t k0) const {
  Block x{};
  x.kn = g.k - k0 < plan.kc ? g.k - k0 : plan.kc;
  x.ldc = g.ldc;
  x.load_c = g.accumulate || k0 > 0;
  x.far = plan.far;
  const int64_t base = gemm_panel(g.n, p0).begin;
  for (int64_t r = 0; r < t.rows; r += plan.block_rows) {
    x.rows = t.rows - r < plan.block_rows ? t.rows - r : plan.block_rows;
    x.a = t.a + r * (g.trans_a ? 1 : g.lda) + k0 * (g.trans_a ? g.lda : 1);
    x.a_row = g.trans_a ? 1 : g.lda, x.a_k = g.trans_a ? g.lda : 1;
    if (plan.pack_a) {
      const int64_t ld = g.trans_a ? plan.block_rows : plan.kc;
      copy_block(t.block_scratch, ld, x.a, g.lda, g.trans_a ? x.kn : x.rows, g.trans_a ? x.rows : x.kn);
      x.a = t.block_scratch;
      (g.trans_a ? x.a_k : x.a_row) = ld;
    }
    for (int64_t p = p0; p < p1; ++p) {
      const GemmPanel panel = gemm_panel(g.n, p);
      x.columns = panel.begin + panel.width > g.n ? g.n - panel.begin : panel.width;
      x.c = t.c + r * g.ldc + panel.begin;
      x.b_k = panel.width;
      if (g.packed_b) {
        x.b = t.packed_b + panel.begin * g.k + k0 * panel.width;
      } else if (plan.pack_b || x.columns % kPart != 0) {
        real* packed = t.panel_scratch + (plan.pack_b ? (panel.begin - base) * plan.kc : 0);
        if (r == 0 || !plan.pack_b) pack_panel(packed, t.b, g.ldb, g.trans_b, g.n, panel, k0, x.kn);
        x.b = packed;
      } else {
        x.b = t.b + k0 * g.ldb + panel.begin;
        x.b_k = g.ldb;
      }
      x.c_after = p + 1 < p1 ? x.c + panel.width : r + x.rows < t.rows ? t.c + (r + x.rows) * g.ldc + base : nullptr;
      Ahead ahead;
      if (plan.far) ahead = look_ahead(t, x, p, p0, p1, r, k0);
      run_block(x, ahead.left > 0 ? &ahead : nullptr);
    }
  }
}

/// What to fetch while this block runs: the next panel of B if the first block of rows will need it, else a share of
/// the next block of rows of A.
Ahead Job::look_ahead(const Task& t, const Block& x, int64_t p, int64_t p0, int64_t p1, int64_t r, int64_t k0) const {
  Ahead y;
  if (r == 0 && p + 1 < p1 && !g.packed_b) {
    const GemmPanel next = gemm_panel(g.n, p + 1);
    const int64_t columns = next.begin + next.width < g.n ? next.width : g.n - next.begin;
    y.next = g.trans_b ? t.b + next.begin * g.ldb + k0 : t.b + k0 * g.ldb + next.begin;
    y.stride = g.ldb;
    y.left = g.trans_b ? columns : x.kn;
    y.lines = ((g.trans_b ? x.kn : columns) + kGemmUnit - 1) / kGemmUnit;
  } else if (r + plan.block_rows < t.rows && !g.trans_a) {
    const int64_t rest = t.rows - r - plan.block_rows, rows = rest < plan.block_rows ? rest : plan.block_rows;
    const int64_t share = (rows + p1 - p0 - 1) / (p1 - p0), first = (p - p0) * share;
    if (first >= rows) return y;
    y.next = t.a + (r + plan.block_rows + first) * g.lda + k0;
    y.stride = g.lda;
    y.left = share < rows - first ? share : rows - first;
    y.lines = (x.kn + kGemmUnit - 1) / kGemmUnit;
  }
  const int64_t times = (x.rows + 7) / 8 * ((x.kn + kStretch - 1) / kStretch);
  y.at_once = (y.left + times - 1) / times;
  return y;
}

void Job::run(int64_t task, int worker) const {
  const int64_t product = task / (plan.row_tasks * plan.column_tasks);
  const int64_t i0 = task / plan.column_tasks % plan.row_tasks * plan.rows;
  const int64_t p0 = task % plan.column_tasks * plan.panels, all = gemm_panels(g.n);
  const int64_t p1 = p0 + plan.panels < all ? p0 + plan.panels : all;
  std::byte* scratch = workspace + worker * (plan.panel_bytes + plan.block_bytes);
  Task t{};
  t.rows = g.m - i0 < plan.rows ? g.m - i0 : plan.rows;
  t.a = g.a + product * g.stride_a + i0 * (g.trans_a ? 1 : g.lda);
  t.b = g.b + product * g.stride_b;
  t.packed_b = g.packed_b && g.stride_b ? g.packed_b + product * gemm_packed_size(g.n, g.k) : g.packed_b;
  t.c = g.c + product * g.stride_c + i0 * g.ldc;
  t.panel_scratch = reinterpret_cast<real*>(scratch);
  t.block_scratch = reinterpret_cast<real*>(scratch + plan.panel_bytes);
#ifdef R1_HAVE_TRANSPOSE
  if (g.m == 1 && g.trans_b && !g.packed_b && g.n % 4 == 0) {
    const int64_t end = gemm_panel(g.n, p1 - 1).begin + gemm_panel(g.n, p1 - 1).width;
    return row_times_transposed(t, g, gemm_panel(g.n, p0).begin, end < g.n ? end : g.n);
  }
#endif
  for (int64_t p = p0; p < p1; p += plan.block_panels)
    for (int64_t k0 = 0; k0 < g.k; k0 += plan.kc)
      run_panels(t, p, p + plan.block_panels < p1 ? p + plan.block_panels : p1, k0);
}

void clear(const GemmArgs& g) {
  for (int64_t p = 0; p < g.batch; ++p)
    for (int64_t i = 0; i < g.m; ++i)
      std::memset(g.c + p * g.stride_c + i * g.ldc, 0, static_cast<size_t>(g.n) * sizeof(real));
}

}  // namespace

void gemm(const Exec& ex, const GemmArgs& g) {
  const GemmPlan plan = gemm_plan(g, ex.workers());
  gemm_check(ex, g, plan);
  if (g.m == 0 || g.n == 0) return;
  if (g.k == 0) {
    if (!g.accumulate) clear(g);
    return;
  }
  const Job job{g, plan, ex.workspace};
  const int64_t tasks = g.batch * plan.row_tasks * plan.column_tasks;
  if (plan.parallel) {
    parallel_for(ex.pool, tasks, [&job](int64_t task, int worker) { job.run(task, worker); });
  } else {
    for (int64_t task = 0; task < tasks; ++task) job.run(task, 0);
  }
}

void gemm_pack_b(const Exec& ex, real* packed, const real* b, int64_t ldb, bool trans_b, int64_t n, int64_t k) {
  const int64_t panels = gemm_panels(n), grain = n * k < (1 << 16) ? panels : 1;
  parallel_chunks(ex.pool, panels, grain, [&](int64_t p, int64_t end) {
    for (; p < end; ++p) {
      const GemmPanel panel = gemm_panel(n, p);
      pack_panel(packed + panel.begin * k, b, ldb, trans_b, n, panel, 0, k);
    }
  });
}

}  // namespace r1::R1_ISA
