// How a matrix product is cut up: column panels of B, blocks of K, tasks for the threads. Everything here decides
// speed only; kernels/gemm.h promises that no cut changes a bit. One plan serves every instruction set, so that a
// packed B and a workspace fit whichever runs.
// Trap: nothing here may have external linkage unless it is defined in src/tensor/gemm_plan.cpp (kernels/kernel.h).
// Paper: none.
#pragma once
#include "kernels/gemm.h"

namespace r1 {

/// Columns are counted in units of one cache line; a panel of B is 1 to 3 units wide, [K][width] in memory.
constexpr int64_t kGemmUnit = 64 / sizeof(real);
constexpr int64_t kGemmPanelUnits = 3;

/// The columns of op(B), split into panels of nearly equal width.
struct GemmPanel {
  int64_t begin;  ///< first column
  int64_t width;  ///< in elements, a multiple of kGemmUnit; the last panel may reach beyond N
};
static inline int64_t gemm_units(int64_t n) { return (n + kGemmUnit - 1) / kGemmUnit; }
static inline int64_t gemm_panels(int64_t n) { return (gemm_units(n) + kGemmPanelUnits - 1) / kGemmPanelUnits; }
static inline GemmPanel gemm_panel(int64_t n, int64_t p) {
  const int64_t units = gemm_units(n), count = gemm_panels(n), base = units / count, wide = units % count;
  return {(p * base + (p < wide ? p : wide)) * kGemmUnit, (base + (p < wide)) * kGemmUnit};
}

struct GemmPlan {
  int64_t kc;            ///< k per block: C is stored and reloaded between blocks
  int64_t block_rows;    ///< rows that meet every panel before the next rows come
  int64_t block_panels;  ///< panels of B kept packed together
  int64_t rows;          ///< rows of C per task
  int64_t panels;        ///< column panels per task
  int64_t row_tasks;     ///< tasks along M
  int64_t column_tasks;  ///< tasks along N
  bool pack_a;           ///< copy each [block_rows, kc] of A together: far-apart rows share cache sets and pages
  bool pack_b;           ///< copy each [kc, width] panel of B together; else read it in place
  bool far;              ///< more than L2 holds: fetch ahead
  bool parallel;         ///< worth waking the other threads
  int64_t panel_bytes;   ///< scratch of one worker for B
  int64_t block_bytes;   ///< scratch of one worker for A
};

GemmPlan gemm_plan(const GemmArgs& g, int workers);

/// Throws Error for sizes that are negative, leading dimensions below the width, or too little workspace.
void gemm_check(const Exec& ex, const GemmArgs& g, const GemmPlan& plan);

}  // namespace r1
