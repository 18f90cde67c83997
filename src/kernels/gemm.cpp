// Matrix product: tasks of rows x column panels; inside a task blocks of K, panels of B, strips of register tiles.
// Between blocks of K, C itself carries the partial chains, so the order of additions stays k ascending.
// Paper: none.
#include "kernels/gemm.h"

#include "kernels/gemm_micro.h"
#include "kernels/gemm_pack.h"
#include "kernels/gemm_plan.h"

namespace r1::R1_ISA {

namespace {

/// One block: rows x kn of A against one panel of B.
struct Block {
  const real* a;
  int64_t a_row, a_k;
  const real* b;  // [kn][>= width], rows b_k apart
  int64_t b_k;
  real* c;
  int64_t ldc, rows, columns, kn;
  bool load_c;
};

/// Rows are dealt out evenly: 9 rows are tiles of 5 and 4, not 8 and 1.
void run_block(const Block& x) {
  for (int64_t j = 0; j < x.columns; j += kTileParts * kPart) {
    const int64_t columns = x.columns - j < kTileParts * kPart ? x.columns - j : kTileParts * kPart;
    const int parts = static_cast<int>((columns + kPart - 1) / kPart);
    const int64_t count = (x.rows + kTileRows[parts] - 1) / kTileRows[parts];
    const int64_t small = x.rows / count, large_count = x.rows % count;
    Strip s{};
    s.k = x.kn;
    s.a = x.a, s.a_row = x.a_row, s.a_k = x.a_k;
    s.b = x.b + j, s.b_k = x.b_k;
    s.c = x.c + j, s.ldc = x.ldc;
    s.last = first_lanes(columns - (parts - 1) * kPart);
    s.load_c = x.load_c;
    if (large_count > 0) {
      s.tiles = large_count, s.a_tile = (small + 1) * x.a_row;
      strip_for(static_cast<int>(small + 1), parts)(s);
      s.a += large_count * s.a_tile;
      s.c += large_count * (small + 1) * x.ldc;
    }
    s.tiles = count - large_count, s.a_tile = small * x.a_row;
    strip_for(static_cast<int>(small), parts)(s);
  }
}

struct Job {
  const GemmArgs& g;
  GemmPlan plan;
  std::byte* workspace;

  void run(int64_t task, int worker) const;
};

void Job::run(int64_t task, int worker) const {
  const int64_t product = task / (plan.row_tasks * plan.column_tasks);
  const int64_t i0 = task / plan.column_tasks % plan.row_tasks * plan.rows;
  const int64_t p0 = task % plan.column_tasks * plan.panels;
  const int64_t rows = g.m - i0 < plan.rows ? g.m - i0 : plan.rows;
  const int64_t all = gemm_panels(g.n), p1 = p0 + plan.panels < all ? p0 + plan.panels : all;
  std::byte* scratch = workspace + worker * (plan.panel_bytes + plan.block_bytes);
  real* panel_scratch = reinterpret_cast<real*>(scratch);
  real* block_scratch = reinterpret_cast<real*>(scratch + plan.panel_bytes);
  const real* b = g.b + product * g.stride_b;
  const real* a = g.a + product * g.stride_a + i0 * (g.trans_a ? 1 : g.lda);
  real* c = g.c + product * g.stride_c + i0 * g.ldc;

  for (int64_t k0 = 0; k0 < g.k; k0 += plan.kc) {
    Block x{};
    x.kn = g.k - k0 < plan.kc ? g.k - k0 : plan.kc;
    x.a = a + k0 * (g.trans_a ? g.lda : 1);
    x.a_row = g.trans_a ? 1 : g.lda, x.a_k = g.trans_a ? g.lda : 1;
    x.rows = rows, x.ldc = g.ldc;
    x.load_c = g.accumulate || k0 > 0;
    if (plan.pack_a) {
      const int64_t ld = g.trans_a ? plan.rows : (plan.kc + kGemmUnit - 1) / kGemmUnit * kGemmUnit;
      copy_block(block_scratch, ld, x.a, g.lda, g.trans_a ? x.kn : rows, g.trans_a ? rows : x.kn);
      x.a = block_scratch;
      (g.trans_a ? x.a_k : x.a_row) = ld;
    }
    for (int64_t p = p0; p < p1; ++p) {
      const GemmPanel panel = gemm_panel(g.n, p);
      const bool ragged = panel.begin + panel.width > g.n;
      x.columns = ragged ? g.n - panel.begin : panel.width;
      x.c = c + panel.begin;
      x.b_k = panel.width;
      if (g.packed_b) {
        x.b = g.packed_b + panel.begin * g.k + k0 * panel.width;
      } else if (plan.pack_b || ragged) {
        pack_panel(panel_scratch, b, g.ldb, g.trans_b, g.n, panel, k0, x.kn);
        x.b = panel_scratch;
      } else {
        x.b = b + k0 * g.ldb + panel.begin;
        x.b_k = g.ldb;
      }
      run_block(x);
    }
  }
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
