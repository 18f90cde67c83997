// A library's matrix product to compare with: cuBLASLt, found at run time (nothing is linked), the fastest of up to 32
// of its heuristic's algorithms with 32 MiB of workspace, chosen once a problem by timing. Paper: none.
#include <cublasLt.h>
#include <cuda_runtime.h>
#include <dlfcn.h>

#include <array>
#include <cstdlib>
#include <map>

#include "base/check.h"
#include "gpu/host.hpp"

namespace gpu {

namespace {

constexpr size_t kWorkspace = size_t{32} << 20;

/// The library's functions, by name. R1_CUBLASLT names the file; else the usual names are tried.
struct Library {
  void* file = nullptr;
  Library() {
    const char* named = std::getenv("R1_CUBLASLT");
    for (const char* name : {named ? named : "", "libcublasLt.so.13", "/usr/local/cuda/lib64/libcublasLt.so.13",
                             "libcublasLt.so.12", "libcublasLt.so"})
      if (!file && *name) file = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  }
  template <class F>
  F* get(const char* name, F*) const {
    void* p = dlsym(file, name);
    if (!p) r1::fail("cuBLASLt has no ", name);
    return reinterpret_cast<F*>(p);
  }
};
const Library& library() {
  static const Library l;
  return l;
}
#define R1_LT(name) library().get(#name, static_cast<decltype(name)*>(nullptr))

void check(cublasStatus_t s, const char* call) {
  if (s != CUBLAS_STATUS_SUCCESS) r1::fail("cuBLASLt ", call, ": status ", int(s));
}

/// A described problem and the algorithm that was fastest on it. Row-major C = A B is column-major C^T = B^T A^T.
struct Plan {
  cublasLtMatmulDesc_t product{};
  cublasLtMatrixLayout_t a{}, b{}, c{};
  cublasLtMatmulAlgo_t algorithm{};
};

cublasLtHandle_t handle() {
  static const cublasLtHandle_t h = [] {
    cublasLtHandle_t made{};
    check(R1_LT(cublasLtCreate)(&made), "create");
    return made;
  }();
  return h;
}
void* workspace() {
  static void* const w = malloc_device(kWorkspace, "cuBLASLt workspace");
  return w;
}

cublasStatus_t multiply(const Plan& p, const cublasLtMatmulAlgo_t& algorithm, void* c, const void* a, const void* b,
                        Stream s) {
  const float one = 1, zero = 0;
  return R1_LT(cublasLtMatmul)(handle(), p.product, &one, b, p.a, a, p.b, &zero, c, p.c, c, p.c, &algorithm, workspace(),
                               kWorkspace, static_cast<cudaStream_t>(s));
}

/// Milliseconds of three products in a row after one, or a negative number if the algorithm does not run.
float time_of(const Plan& p, const cublasLtMatmulAlgo_t& algorithm, void* c, const void* a, const void* b, Stream s) {
  if (multiply(p, algorithm, c, a, b, s) != CUBLAS_STATUS_SUCCESS) return -1;
  const Event begin = create_event(), end = create_event();
  record_event(begin, s);
  for (int i = 0; i < 3; ++i) multiply(p, algorithm, c, a, b, s);
  record_event(end, s);
  sync_event(end);
  const float ms = elapsed_ms(begin, end);
  destroy_event(begin);
  destroy_event(end);
  return ms;
}

Plan make_plan(const LibraryGemm& g, void* c, const void* a, const void* b, Stream s) {
  const auto type = [](TileType t) {
    return t == TileType::kBf16 ? CUDA_R_16BF : t == TileType::kHalf ? CUDA_R_16F : CUDA_R_32F;
  };
  Plan p;
  const cublasOperation_t on_b = g.b_transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
  check(R1_LT(cublasLtMatmulDescCreate)(&p.product, CUBLAS_COMPUTE_32F, CUDA_R_32F), "describe");
  check(R1_LT(cublasLtMatmulDescSetAttribute)(p.product, CUBLASLT_MATMUL_DESC_TRANSA, &on_b, sizeof on_b), "describe");
  const uint64_t n = uint64_t(g.n), k = uint64_t(g.k), m = uint64_t(g.m);
  const auto layout = R1_LT(cublasLtMatrixLayoutCreate);
  check(g.b_transposed ? layout(&p.a, type(g.type), k, n, g.k) : layout(&p.a, type(g.type), n, k, g.n), "layout");
  check(layout(&p.b, type(g.type), k, m, g.k), "layout");
  check(layout(&p.c, type(g.c_type), n, m, g.n), "layout");
  cublasLtMatmulPreference_t preference{};
  const size_t bytes = kWorkspace;
  check(R1_LT(cublasLtMatmulPreferenceCreate)(&preference), "preference");
  check(R1_LT(cublasLtMatmulPreferenceSetAttribute)(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &bytes,
                                                    sizeof bytes), "preference");
  std::array<cublasLtMatmulHeuristicResult_t, 32> found{};
  int count = 0;
  check(R1_LT(cublasLtMatmulAlgoGetHeuristic)(handle(), p.product, p.a, p.b, p.c, p.c, preference, int(found.size()),
                                              found.data(), &count), "heuristic");
  float best = -1;
  for (int i = 0; i < count; ++i) {
    const float ms = time_of(p, found[size_t(i)].algo, c, a, b, s);
    if (ms > 0 && (best < 0 || ms < best)) best = ms, p.algorithm = found[size_t(i)].algo;
  }
  R1_LT(cublasLtMatmulPreferenceDestroy)(preference);
  if (best < 0) r1::fail("cuBLASLt has no algorithm for ", g.m, " x ", g.n, " x ", g.k);
  return p;
}

}  // namespace

bool has_library_gemm() { return library().file != nullptr; }

void library_gemm(const LibraryGemm& g, void* c, const void* a, const void* b, Stream s) {
  if (!has_library_gemm()) r1::fail("no cuBLASLt: set R1_CUBLASLT to libcublasLt.so.13");
  static std::map<std::array<int64_t, 6>, Plan> plans;
  const std::array<int64_t, 6> key{g.m, g.n, g.k, int64_t(g.type), int64_t(g.c_type), int64_t(g.b_transposed)};
  auto it = plans.find(key);
  if (it == plans.end()) it = plans.emplace(key, make_plan(g, c, a, b, s)).first;
  check(multiply(it->second, it->second.algorithm, c, a, b, s), "product");
}

}  // namespace gpu
