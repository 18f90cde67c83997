// Sizes and cuts of matrix products (kernels/gemm_plan.h). Outside src/kernels because callers on any CPU ask for
// these sizes. Paper: none.
#include "kernels/gemm_plan.h"

#include <algorithm>

namespace r1 {

namespace {
// Chosen by interleaved measurements on a Sapphire Rapids core (48 KB L1, 2 MB L2).
constexpr int64_t kLine = 64;
constexpr int64_t kBlockK = 192;                    // x panel of 192 bytes: B's panel stays in L1
constexpr int64_t kStreamK = 32;                    // few rows against a large B read in place
constexpr int64_t kFewRows = 48;                    // fewer do not pay for packing a B that is not transposed
constexpr int64_t kBlockRows = 48;                  // their pages of A and C stay in the TLB
constexpr int64_t kBlockBytesB = int64_t{1} << 20;  // packed panels of B: half of L2
constexpr int64_t kFarBytes = int64_t{1} << 20;     // operands that L2 holds need no fetching ahead
constexpr int64_t kSpreadBytesB = int64_t{1} << 19;
constexpr double kParallelWork = 1 << 20;  // multiply-adds below which waking a thread costs more than it saves

int64_t div_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t round_up(int64_t a, int64_t b) { return div_up(a, b) * b; }
}  // namespace

GemmPlan gemm_plan(const GemmArgs& g, int workers) {
  const int64_t item = sizeof(real), m = std::max<int64_t>(g.m, 1), n = std::max<int64_t>(g.n, 1),
                k = std::max<int64_t>(g.k, 1);
  const int64_t panels = gemm_panels(n);
  GemmPlan p{};
  const double work =
      static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k) * static_cast<double>(g.batch);
  p.parallel = workers > 1 && work >= kParallelWork;

  p.row_tasks = 1;
  p.column_tasks = 1;
  if (p.parallel) {
    const int64_t want = g.batch >= workers ? 1 : div_up(workers, g.batch);
    if (p.row_tasks < want) p.column_tasks = std::min(panels, want);
    if (p.row_tasks * p.column_tasks < want) p.row_tasks = std::min(div_up(m, 8), div_up(want, p.column_tasks));
  }
  p.rows = round_up(div_up(m, p.row_tasks), 8);
  p.row_tasks = div_up(m, p.rows);
  p.panels = div_up(panels, p.column_tasks);
  p.column_tasks = div_up(panels, p.panels);

  p.far = (m * k + k * n + m * n) * item > kFarBytes;
  const bool spread_b = g.ldb * item % 1024 == 0 || g.ldb * k * item > kSpreadBytesB;
  p.pack_b = !g.packed_b && (g.trans_b || (spread_b && p.rows >= kFewRows));
  // A few rows against a large B read in place: short blocks of K, so that B is read along its rows.
  const bool stream_b = p.far && !g.packed_b && !p.pack_b && p.rows < kFewRows;
  p.kc = div_up(k, div_up(k, stream_b ? kStreamK : kBlockK));
  p.block_rows = std::min(kBlockRows, p.rows);
  p.pack_a = g.lda * item >= 2048 && (g.trans_a ? p.panels >= 2 : p.panels >= 4) && p.rows >= 8;
  // In a block of panels each width is at most the widest.
  const int64_t panel = p.kc * std::min(gemm_units(n), kGemmPanelUnits) * kLine;
  p.block_panels = std::min(p.panels, std::max<int64_t>(1, kBlockBytesB / panel));
  // A ragged last panel of an unpacked B is packed as well (where registers are wider than what is left of its rows):
  // its rows may end where memory ends.
  p.panel_bytes = g.packed_b ? 0 : p.pack_b ? p.block_panels * panel : n % kGemmUnit ? panel : 0;
  p.block_bytes = p.pack_a ? p.kc * p.block_rows * item : 0;
  return p;
}

size_t gemm_workspace(const GemmArgs& g, int workers) {
  const GemmPlan p = gemm_plan(g, workers);
  return static_cast<size_t>((p.panel_bytes + p.block_bytes) * (p.parallel ? workers : 1));
}

int64_t gemm_packed_size(int64_t n, int64_t k) { return gemm_units(n) * kGemmUnit * k; }

void gemm_check(const Exec& ex, const GemmArgs& g, const GemmPlan& plan) {
  R1_CHECK(g.m >= 0 && g.n >= 0 && g.k >= 0 && g.batch >= 0, "gemm: m, n, k, batch = ", g.m, ", ", g.n, ", ", g.k, ", ",
           g.batch, ", expected none below 0");
  const int64_t wide_a = g.trans_a ? g.m : g.k, wide_b = g.trans_b ? g.k : g.n;
  const int64_t high_a = g.trans_a ? g.k : g.m, high_b = g.trans_b ? g.n : g.k;
  R1_CHECK(high_a <= 1 || g.lda >= wide_a, "gemm: lda = ", g.lda, ", expected at least ", wide_a);
  R1_CHECK(g.packed_b || high_b <= 1 || g.ldb >= wide_b, "gemm: ldb = ", g.ldb, ", expected at least ", wide_b);
  R1_CHECK(g.m <= 1 || g.ldc >= g.n, "gemm: ldc = ", g.ldc, ", expected at least ", g.n);
  const size_t need = static_cast<size_t>((plan.panel_bytes + plan.block_bytes) * (plan.parallel ? ex.workers() : 1));
  R1_CHECK(ex.workspace_bytes >= need, "gemm: workspace of ", ex.workspace_bytes, " bytes, expected ", need);
  R1_CHECK(reinterpret_cast<uintptr_t>(ex.workspace) % kLine == 0, "gemm: workspace is not 64-byte aligned");
}

}  // namespace r1
