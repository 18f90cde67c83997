// The library GEMM that benchmarks compare with: cuBLASLt, all heuristics it offers timed once per shape, 32 MiB of
// workspace, the best kept. Loaded at run time: without the library has_library_gemm() is false and nothing else
// changes. Trap: cuBLAS is column-major; row-major C = A B is its C^T = B^T A^T. Paper: none.
#include <cublasLt.h>
#include <cuda_runtime.h>
#include <dlfcn.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <tuple>
#include <vector>

#include "base/check.h"
#include "gpu/host.hpp"

namespace gpu {

namespace {

constexpr size_t kWorkspace = size_t(32) << 20;
constexpr int kHeuristics = 16;

/// The functions that are used, from libcublasLt.so.
struct Library {
  decltype(&cublasLtCreate) create = nullptr;
  decltype(&cublasLtMatmulDescCreate) desc_create = nullptr;
  decltype(&cublasLtMatmulDescSetAttribute) desc_set = nullptr;
  decltype(&cublasLtMatrixLayoutCreate) layout_create = nullptr;
  decltype(&cublasLtMatmulPreferenceCreate) preference_create = nullptr;
  decltype(&cublasLtMatmulPreferenceSetAttribute) preference_set = nullptr;
  decltype(&cublasLtMatmulAlgoGetHeuristic) heuristic = nullptr;
  decltype(&cublasLtMatmul) matmul = nullptr;
  cublasLtHandle_t handle = nullptr;
  void* workspace = nullptr;
  bool ok = false;
};

template <class F>
bool find(void* so, const char* name, F& f) {
  f = reinterpret_cast<F>(dlsym(so, name));
  return f != nullptr;
}

Library& library() {
  static Library l = [] {
    Library x;
    void* so = nullptr;
    for (const char* name : {"libcublasLt.so", "libcublasLt.so.13", "libcublasLt.so.12"})
      if (!so) so = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!so) return x;
    x.ok = find(so, "cublasLtCreate", x.create) && find(so, "cublasLtMatmulDescCreate", x.desc_create) &&
           find(so, "cublasLtMatmulDescSetAttribute", x.desc_set) &&
           find(so, "cublasLtMatrixLayoutCreate", x.layout_create) &&
           find(so, "cublasLtMatmulPreferenceCreate", x.preference_create) &&
           find(so, "cublasLtMatmulPreferenceSetAttribute", x.preference_set) &&
           find(so, "cublasLtMatmulAlgoGetHeuristic", x.heuristic) && find(so, "cublasLtMatmul", x.matmul) &&
           x.create(&x.handle) == CUBLAS_STATUS_SUCCESS;
    if (x.ok) x.workspace = malloc_device(kWorkspace, "cuBLASLt workspace");
    return x;
  }();
  return l;
}

void check(cublasStatus_t s, const LibraryGemm& g, const char* call) {
  if (s != CUBLAS_STATUS_SUCCESS)
    r1::fail("library GEMM ", g.m, " x ", g.n, " x ", g.k, ": ", call, " gave status ", int(s), ", expected 0");
}

cudaDataType_t data_type(TileType t) {
  if (t == TileType::kU8) r1::fail("library GEMM of 8-bit integers is not offered");
  return t == TileType::kFloat ? CUDA_R_32F : t == TileType::kHalf ? CUDA_R_16F : CUDA_R_16BF;
}

/// One shape, with the algorithm that was fastest when it was first asked for.
struct Plan {
  cublasLtMatmulDesc_t desc = nullptr;
  cublasLtMatrixLayout_t a = nullptr, b = nullptr, c = nullptr;
  cublasLtMatmulAlgo_t algo{};
};

cublasStatus_t run(const Plan& p, const cublasLtMatmulAlgo_t& algo, void* c, const void* a, const void* b, Stream s) {
  const float one = 1, zero = 0;
  Library& l = library();
  return l.matmul(l.handle, p.desc, &one, b, p.b, a, p.a, &zero, c, p.c, c, p.c, &algo, l.workspace, kWorkspace,
                  static_cast<cudaStream_t>(s));
}

float time_of(const Plan& p, const cublasLtMatmulAlgo_t& algo, void* c, const void* a, const void* b, Stream s) {
  const Event begin = create_event(), end = create_event();
  float best = 1e30f;
  for (int i = 0; i < 3; ++i) {
    record_event(begin, s);
    if (run(p, algo, c, a, b, s) != CUBLAS_STATUS_SUCCESS) break;
    record_event(end, s);
    sync_event(end);
    if (i > 0) best = std::min(best, elapsed_ms(begin, end));
  }
  destroy_event(begin);
  destroy_event(end);
  return best;
}

Plan make_plan(const LibraryGemm& g, void* c, const void* a, const void* b, Stream s) {
  Library& l = library();
  Plan p;
  check(l.desc_create(&p.desc, CUBLAS_COMPUTE_32F, CUDA_R_32F), g, "MatmulDescCreate");
  const cublasOperation_t t = CUBLAS_OP_T, n = CUBLAS_OP_N;
  check(l.desc_set(p.desc, CUBLASLT_MATMUL_DESC_TRANSA, g.b_transposed ? &t : &n, sizeof t), g,
        "MatmulDescSetAttribute");
  check(l.desc_set(p.desc, CUBLASLT_MATMUL_DESC_TRANSB, &n, sizeof n), g, "MatmulDescSetAttribute");
  const auto rows_b = uint64_t(g.b_transposed ? g.k : g.n), columns_b = uint64_t(g.b_transposed ? g.n : g.k);
  check(l.layout_create(&p.b, data_type(g.type), rows_b, columns_b, int64_t(rows_b)), g, "MatrixLayoutCreate");
  check(l.layout_create(&p.a, data_type(g.type), uint64_t(g.k), uint64_t(g.m), g.k), g, "MatrixLayoutCreate");
  check(l.layout_create(&p.c, data_type(g.c_type), uint64_t(g.n), uint64_t(g.m), g.n), g, "MatrixLayoutCreate");
  cublasLtMatmulPreference_t preference = nullptr;
  const size_t workspace = kWorkspace;
  check(l.preference_create(&preference), g, "MatmulPreferenceCreate");
  check(l.preference_set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace, sizeof workspace), g,
        "MatmulPreferenceSetAttribute");
  cublasLtMatmulHeuristicResult_t found[kHeuristics];
  int count = 0;
  check(l.heuristic(l.handle, p.desc, p.b, p.a, p.c, p.c, preference, kHeuristics, found, &count), g,
        "AlgoGetHeuristic");
  float best = 1e30f;
  for (int i = 0; i < count; ++i) {
    const float ms = time_of(p, found[i].algo, c, a, b, s);
    if (ms >= best) continue;
    best = ms;
    p.algo = found[i].algo;
  }
  if (best >= 1e30f) r1::fail("library GEMM ", g.m, " x ", g.n, " x ", g.k, ": none of ", count, " algorithms runs");
  return p;
}

}  // namespace

bool has_library_gemm() { return device_count() > 0 && library().ok; }

void library_gemm(const LibraryGemm& g, void* c, const void* a, const void* b, Stream s) {
  if (!has_library_gemm()) r1::fail("library GEMM: libcublasLt.so was not found, expected the CUDA libraries");
  static std::mutex mutex;
  static std::map<std::tuple<int64_t, int64_t, int64_t, int, int, bool>, Plan> plans;
  const std::lock_guard<std::mutex> lock(mutex);
  const auto key = std::make_tuple(g.m, g.n, g.k, int(g.type), int(g.c_type), g.b_transposed);
  auto i = plans.find(key);
  if (i == plans.end()) i = plans.emplace(key, make_plan(g, c, a, b, s)).first;
  check(run(i->second, i->second.algo, c, a, b, s), g, "Matmul");
}

}  // namespace gpu
