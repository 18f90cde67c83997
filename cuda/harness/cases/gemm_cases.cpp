// Matrix products: cases for the harness. Float is bitwise the CPU kernel; bf16 with integers is exact. Paper: none.
#include "harness/trial.h"
#include "kernels/gemm.h"

namespace r1::harness {
namespace {

/// dims: m, n, k. Values of A and B fall with k, so that sums do not grow with it.
template <class T, class Out, bool TransA, bool TransB, bool Accumulate, bool Fast = false>
void make_gemm(Trial& t) {
  const int64_t m = t.dim(0), n = t.dim(1), k = t.dim(2), batch = t.dims.size() > 3 ? t.dim(3) : 1;
  // Leading dimensions keep 16-byte rows, unless the trial is off alignment anyway.
  const auto ld = [&](int64_t cols) { return t.timing ? cols : (cols + 7) / 8 * 8 + (t.shift ? 1 : 8); };
  const int64_t rows_a = TransA ? k : m, cols_a = TransA ? m : k, rows_b = TransB ? n : k, cols_b = TransB ? k : n;
  const int64_t lda = ld(cols_a), ldb = ld(cols_b), ldc = ld(n);
  Buffer &a = t.in<T>("a", batch * rows_a, cols_a, lda), &b = t.in<T>("b", batch * rows_b, cols_b, ldb);
  Buffer& c = Accumulate ? t.inout<Out>("c", batch * m, n, ldc) : t.out<Out>("c", batch * m, n, ldc);
  c.tolerance = sizeof(T) == 4 ? 0 : sizeof(Out) == 4 ? 2e-5 : Accumulate ? 4e-3 : 0;
  const auto args = [=](auto* pa, auto* pb, auto* pc) {
    using E = std::remove_const_t<std::remove_pointer_t<decltype(pa)>>;
    GemmArgsOf<E, std::remove_pointer_t<decltype(pc)>> g;
    g.m = m, g.n = n, g.k = k, g.a = pa, g.lda = lda, g.trans_a = TransA, g.b = pb, g.ldb = ldb, g.trans_b = TransB;
    g.c = pc, g.ldc = ldc, g.accumulate = Accumulate, g.batch = batch;
    g.stride_a = rows_a * lda, g.stride_b = rows_b * ldb, g.stride_c = m * ldc;
    return g;
  };
  t.run = [&, args](const Exec& ex) { cuda::gemm(ex, args(a.on_device<T>(), b.on_device<T>(), c.on_device<Out>())); };
  t.reference = [&, args] {
    const GemmArgs g = args(a.value.data(), b.value.data(), c.want.data());
    std::vector<std::byte> scratch(gemm_workspace(g, 1) + 64);
    Exec ex;
    ex.workspace = scratch.data() + (64 - reinterpret_cast<uintptr_t>(scratch.data()) % 64) % 64;
    ex.workspace_bytes = scratch.size() - 64;
    gemm(ex, g);
  };
  t.exact = sizeof(T) == 4 && !Fast;
  t.exact_integers = true;  // tf32 and bf16 hold small integers, float their sums
  t.fast = Fast;
  if (Fast) t.workspace = gemm_fast_workspace(m, n, k, batch);
  // Each operand is off by at most 2^-11 of itself, and by half of that on average: sums, by 2^-11 of theirs.
  if (Fast && sizeof(T) == 4) c.tolerance = 1.0 / 2048;
  t.flops = 2.0 * double(batch) * double(m) * double(n) * double(k);
}

const std::vector<Dims> kChecks{{1, 1, 1},      {3, 5, 7},      {16, 8, 16},   {64, 64, 64},
                                {129, 257, 65}, {70, 300, 200}, {200, 130, 33}};
/// Without tensor cores the emulator is slow: one problem of several tiles.
/// With k = 1 some sums are -0, and stay it where nothing else is added.
const std::vector<Dims> kCoreChecks{{1, 1, 1}, {9, 40, 1}, {3, 5, 7}, {16, 8, 16}, {129, 40, 33}, {20, 130, 17}};
const std::vector<Dims> kBatches{{20, 24, 40, 3}};
const std::vector<Dims> kCubes{{4096, 4096, 4096}};
const std::vector<Dims> kModel{
    {4096, 4096, 4096}, {8192, 8192, 8192}, {16384, 2048, 8192}, {8192, 11008, 4096}, {2048, 2048, 2048}};

#define R1_GEMM(name, checks, batch_dim, bench, ...) \
  R1_REGISTER(KernelCase, name, KernelCase{"m, n, k", checks, bench, (make_gemm<__VA_ARGS__>), batch_dim, true})
R1_GEMM("gemm/f32/nt", kCoreChecks, 0, kCubes, float, float, false, true, false);
R1_GEMM("gemm/f32/nn", kCoreChecks, 0, kCubes, float, float, false, false, false);
R1_GEMM("gemm/f32/tn_add", kCoreChecks, -1, kCubes, float, float, true, false, true);
R1_GEMM("gemm/f32/tt", kCoreChecks, -1, {}, float, float, true, true, false);
R1_GEMM("gemm/bf16/nt", kChecks, 0, kModel, bf16, bf16, false, true, false);
R1_GEMM("gemm/bf16/nn", kChecks, 0, kCubes, bf16, bf16, false, false, false);
R1_GEMM("gemm/bf16/nt_add", kChecks, 0, {}, bf16, bf16, false, true, true);
R1_GEMM("gemm/bf16/tn_f32_add", kChecks, -1, kCubes, bf16, float, true, false, true);
R1_GEMM("gemm/bf16/tt_f32", kChecks, -1, {}, bf16, float, true, true, false);
R1_REGISTER(KernelCase, "gemm/f32/batch",
            KernelCase{"m, n, k, batch", kBatches, {}, (make_gemm<float, float, false, true, false>), -1, true});
R1_REGISTER(KernelCase, "gemm/bf16/batch",
            KernelCase{"m, n, k, batch", kBatches, {}, (make_gemm<bf16, bf16, false, true, false>), -1, true});

// Fast mode: one tile and many, k split and not, ends in the middle of a part. Timed where splitting pays, and, for
// tf32, a whole chip.
const std::vector<Dims> kFastChecks{{1, 1, 1}, {3, 5, 7}, {129, 257, 65}, {20, 130, 1100}, {150, 24, 520}};
const std::vector<Dims> kFastFew{{3, 5, 7}, {150, 24, 520}};
const std::vector<Dims> kDecode{{16, 4096, 4096}, {128, 4096, 4096}, {16, 2048, 7168}, {512, 1024, 8192}};
const std::vector<Dims> kFastFloat{{4096, 4096, 4096}, {16, 4096, 4096}, {512, 1024, 8192}};
R1_GEMM("gemm/f32/nt_fast", kFastChecks, -1, kFastFloat, float, float, false, true, false, true);
R1_GEMM("gemm/f32/nn_fast", kFastFew, -1, kCubes, float, float, false, false, false, true);
R1_GEMM("gemm/f32/tn_add_fast", kFastFew, -1, kCubes, float, float, true, false, true, true);
R1_GEMM("gemm/f32/tt_fast", kFastFew, -1, {}, float, float, true, true, false, true);
R1_GEMM("gemm/bf16/nt_fast", kFastChecks, -1, kDecode, bf16, bf16, false, true, false, true);
R1_GEMM("gemm/bf16/nn_fast", kFastFew, -1, {}, bf16, bf16, false, false, false, true);
R1_GEMM("gemm/bf16/tn_f32_add_fast", kFastFew, -1, {}, bf16, float, true, false, true, true);
R1_GEMM("gemm/bf16/tt_f32_fast", kFastFew, -1, {}, bf16, float, true, true, false, true);

}  // namespace
}  // namespace r1::harness
