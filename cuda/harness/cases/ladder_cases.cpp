// The ladders' steps as cases: the same tests and timings as the project's kernels. Paper: none.
#include "ladder/ladder.h"

#include "harness/trial.h"

namespace r1::harness {
namespace {

template <void (*Step)(const Exec&, const cuda::ladder::Product&)>
void make_gemm(Trial& t) {
  const int64_t m = t.dim(0), n = t.dim(1), k = t.dim(2), ld = (k + 7) / 8 * 8, ldc = (n + 7) / 8 * 8;
  t.shift = 0;  // the ladder takes aligned operands
  Buffer &a = t.in<bf16>("a", m, k, ld), &b = t.in<bf16>("b", n, k, ld), &c = t.out<bf16>("c", m, n, ldc);
  t.run = [&, m, n, k, ld, ldc](const Exec& ex) {
    cuda::ladder::Product g;
    g.m = m, g.n = n, g.k = k, g.a = a.on_device<bf16>(), g.lda = ld, g.b = b.on_device<bf16>(), g.ldb = ld;
    g.trans_b = true, g.c = c.on_device<bf16>(), g.ldc = ldc;
    Step(ex, g);
  };
  t.reference = [&, m, n, k, ld, ldc] {
    GemmArgs g;
    g.m = m, g.n = n, g.k = k, g.a = a.value.data(), g.lda = ld, g.b = b.value.data(), g.ldb = ld, g.trans_b = true;
    g.c = c.want.data(), g.ldc = ldc;
    std::vector<std::byte> scratch(gemm_workspace(g, 1) + 64);
    Exec ex;
    ex.workspace = scratch.data() + (64 - reinterpret_cast<uintptr_t>(scratch.data()) % 64) % 64;
    ex.workspace_bytes = scratch.size() - 64;
    gemm(ex, g);
  };
  t.exact_integers = true, t.flops = 2.0 * double(m) * double(n) * double(k);
}
template <void (*Step)(const Exec&, bf16*, const cuda::ladder::Norm&)>
void make_norm(Trial& t) {
  const int64_t rows = t.dim(0), n = t.dim(1);
  t.shift = 0;
  Buffer &x = t.in<bf16>("x", rows, n), &w = t.in<bf16>("w", 1, n), &y = t.out<bf16>("y", rows, n);
  t.run = [&, rows, n](const Exec& ex) {
    Step(ex, y.on_device<bf16>(), cuda::ladder::Norm{rows, n, 1e-3f, x.on_device<bf16>(), n, w.on_device<bf16>()});
  };
  t.reference = [&, rows, n] {
    rmsnorm_fwd(Exec{}, y.want.data(), n, static_cast<float*>(nullptr),
                RmsNormArgs{rows, n, 1e-3f, x.value.data(), n, w.value.data()});
  };
  t.bytes = 4.0 * double(rows * n);
}

const std::vector<Dims> kProducts{{40, 24, 16}, {129, 136, 40}};
const std::vector<Dims> kMoreProducts{{40, 24, 16}, {129, 136, 72}, {300, 520, 264}};  // several tiles a block
const std::vector<Dims> kCube{{4096, 4096, 4096}};
const std::vector<Dims> kBoth{{4096, 4096, 4096}, {8192, 8192, 8192}};
const std::vector<Dims> kRows{{3, 8}, {130, 264}, {5, 4096}};
const std::vector<Dims> kManyRows{{32768, 4096}};
#define R1_STEP(step, checks, bench) \
  R1_REGISTER(KernelCase, "ladder/" #step, KernelCase{"m, n, k", checks, bench, make_gemm<cuda::ladder::step>, 0, true})
R1_STEP(gemm_1_naive, kProducts, kCube);
R1_STEP(gemm_2_shared, kProducts, kCube);
R1_STEP(gemm_3_registers, kProducts, kCube);
R1_STEP(gemm_4_mma, kProducts, kCube);
R1_STEP(gemm_5_cp_async, kMoreProducts, kCube);
R1_STEP(gemm_6_wgmma, kMoreProducts, kCube);
R1_STEP(gemm_7_ring, kMoreProducts, kCube);
R1_STEP(gemm_8_persistent, kMoreProducts, kBoth);
R1_STEP(gemm_9_cluster, kMoreProducts, kBoth);
#define R1_NORM_STEP(step) \
  R1_REGISTER(KernelCase, "ladder/" #step, KernelCase{"rows, cols", kRows, kManyRows, make_norm<cuda::ladder::step>, 0})
R1_NORM_STEP(rmsnorm_1_thread);
R1_NORM_STEP(rmsnorm_2_block);
R1_NORM_STEP(rmsnorm_3_shuffle);
R1_NORM_STEP(rmsnorm_4_vector);
R1_NORM_STEP(rmsnorm_5_registers);

}  // namespace
}  // namespace r1::harness
