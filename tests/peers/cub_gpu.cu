// What CUB takes on those problems of `r1 bench cuda` that it has a primitive for: maps (cub::DeviceTransform) and the
// sum of squares (cub::DeviceReduce). Medians of 15 with a cold L2, as JSON and a table; results are checked. CUB comes
// with the CUDA toolkit; tests/gpu.sh compiles and runs this.
//   nvcc -std=c++20 -O3 -arch=native tests/peers/cub_gpu.cu -o cub_gpu && ./cub_gpu OUT_FOLDER
// Paper: none.
#include <cuda_bf16.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cub/device/device_reduce.cuh>
#include <cub/device/device_transform.cuh>
#include <cub/version.cuh>
#include <cuda/std/functional>
#include <cuda/std/tuple>
#include <string>
#include <vector>

namespace {

void ok(cudaError_t e, const char* call) {
  if (e == cudaSuccess) return;
  std::fprintf(stderr, "cub_gpu: %s: %s\n", call, cudaGetErrorString(e));
  std::exit(1);
}

template <class T>
T* allocate(size_t n) {
  void* p = nullptr;
  ok(cudaMalloc(&p, n * sizeof(T)), "cudaMalloc");
  return static_cast<T*>(p);
}

constexpr size_t kFlush = size_t{256} << 20;

template <class F>
double median_ms(const F& run) {
  static char* flush = allocate<char>(kFlush);
  for (int i = 0; i < 3; ++i) run();
  const auto start = std::chrono::steady_clock::now();  // clocks up, as r1_gpu does
  while (std::chrono::steady_clock::now() - start < std::chrono::milliseconds(30)) {
    ok(cudaMemsetAsync(flush, 0, kFlush), "cudaMemsetAsync");
    ok(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
  }
  std::vector<float> times;
  cudaEvent_t begin, end;
  ok(cudaEventCreate(&begin), "cudaEventCreate");
  ok(cudaEventCreate(&end), "cudaEventCreate");
  for (int i = 0; i < 15; ++i) {
    ok(cudaMemsetAsync(flush, i & 1, kFlush), "cudaMemsetAsync");
    ok(cudaEventRecord(begin), "cudaEventRecord");
    run();
    ok(cudaEventRecord(end), "cudaEventRecord");
    ok(cudaEventSynchronize(end), "cudaEventSynchronize");
    times.push_back(0);
    ok(cudaEventElapsedTime(&times.back(), begin, end), "cudaEventElapsedTime");
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

std::string g_rows;

template <class F>
void report(const char* kernel, const std::string& size, double bytes, const F& run) {
  const double ms = median_ms(run);
  std::printf("%-16s %-16s %9.1f us %7.0f GB/s\n", kernel, size.c_str(), ms * 1e3, bytes / ms / 1e6);
  g_rows += (g_rows.empty() ? "\n  {\"kernel\": \"" : ",\n  {\"kernel\": \"") + std::string(kernel) +
            "\", \"size\": \"" + size + "\", \"ms\": " + std::to_string(ms) + "}";
}

struct Square {
  __device__ float operator()(float x) const { return x * x; }
};
struct Half {
  __device__ float operator()(float x) const { return x * 0.5f; }
};
struct AddHalf {
  __device__ float operator()(float x, float y) const { return y + x * 0.5f; }
};
struct Narrow {
  __device__ __nv_bfloat16 operator()(float x) const { return __float2bfloat16(x); }
};
struct Widen {
  __device__ float operator()(__nv_bfloat16 x) const { return __bfloat162float(x); }
};
struct Tree {
  __device__ float operator()(float a, float b, float c, float d, float e, float f, float g, float h) const {
    return ((a + b) + (c + d)) + ((e + f) + (g + h));
  }
};

/// Every element of y is `want`, as far as three places tell.
template <class T>
void expect(const char* what, const T* y, size_t n, float want) {
  for (const size_t i : {size_t{0}, n / 2, n - 1}) {
    T v;
    ok(cudaMemcpy(&v, y + i, sizeof v, cudaMemcpyDeviceToHost), "cudaMemcpy");
    if (std::abs(float(v) - want) <= 4e-3f * want) continue;
    std::fprintf(stderr, "cub_gpu: %s: element %zu is %g, expected %g\n", what, i, double(float(v)), double(want));
    std::exit(1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  constexpr size_t n = size_t{1} << 28, leaf = size_t{1} << 25;
  const std::string size = std::to_string(n);
  using D = cub::DeviceTransform;
  float *a = allocate<float>(n), *b = allocate<float>(n), *y = allocate<float>(n);
  auto* narrow = allocate<__nv_bfloat16>(n);
  for (float* p : {a, b}) ok(cudaMemset(p, 0x3f, n * sizeof(float)), "cudaMemset");
  constexpr float x = 0.747058809f;  // the float of four bytes 0x3f
  std::printf("CUB %d.%d.%d\n", CUB_MAJOR_VERSION, CUB_MINOR_VERSION, CUB_SUBMINOR_VERSION);

  report("add/f32", size, 12.0 * n,
         [&] { ok(D::Transform(cuda::std::make_tuple(a, b), y, n, cuda::std::plus<float>{}), "Transform"); });
  expect("add/f32", y, n, 2 * x);
  report("scale/f32", size, 8.0 * n, [&] { ok(D::Transform(a, y, n, Half{}), "Transform"); });
  expect("scale/f32", y, n, 0.5f * x);
  report("scale/f32_add", size, 12.0 * n,
         [&] { ok(D::Transform(cuda::std::make_tuple(a, b), y, n, AddHalf{}), "Transform"); });
  expect("scale/f32_add", y, n, 1.5f * x);
  report("cast/f32_bf16", size, 6.0 * n, [&] { ok(D::Transform(a, narrow, n, Narrow{}), "Transform"); });
  expect("cast/f32_bf16", narrow, n, x);
  report("cast/bf16_f32", size, 6.0 * n, [&] { ok(D::Transform(narrow, y, n, Widen{}), "Transform"); });
  expect("cast/bf16_f32", y, n, x);
  const auto leaves = [&](size_t i) { return (i < 4 ? a : b) + i % 4 * leaf; };
  report("sum_tree/f32", "8, " + std::to_string(leaf), 36.0 * leaf, [&] {
    ok(D::Transform(cuda::std::make_tuple(leaves(0), leaves(1), leaves(2), leaves(3), leaves(4), leaves(5), leaves(6),
                                          leaves(7)),
                    y, leaf, Tree{}),
       "Transform");
  });
  expect("sum_tree/f32", y, leaf, 8 * x);

  void* scratch = nullptr;
  size_t bytes = 0;
  const auto reduce = [&] {
    ok(cub::DeviceReduce::TransformReduce(scratch, bytes, a, y, n, cuda::std::plus<float>{}, Square{}, 0.0f),
       "TransformReduce");
  };
  reduce();
  scratch = allocate<char>(bytes);
  report("sum_squares/f32", size, 4.0 * n, reduce);
  expect("sum_squares/f32", y, 1, float(n) * x * x);

  const std::string path = std::string(argc > 1 ? argv[1] : ".") + "/cub.json";
  std::FILE* f = std::fopen(path.c_str(), "w");
  if (!f) return std::fprintf(stderr, "cub_gpu: cannot write %s\n", path.c_str()), 1;
  std::fprintf(f, "{\"cub\": \"%d.%d.%d\", \"rows\": [%s\n]}\n", CUB_MAJOR_VERSION, CUB_MINOR_VERSION,
               CUB_SUBMINOR_VERSION, g_rows.c_str());
  return std::fclose(f);
}
