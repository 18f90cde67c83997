// Twins of kernels/reduce.h, bitwise: half a warp is the CPU's 16 lanes, a chunk of kReduceChunk elements each; a block
// then adds the chunks of a run in order in double, and one block the runs. Paper: none.
#include "kernels/reduce.h"

#include "common/map.cuh"

namespace r1::cuda {

namespace {

constexpr int kThreads = 256;

GPU_KERNEL(kThreads) void sum_squares_kernel(float* chunk_sums, const float* x, int64_t n) {
  const int64_t chunk = (int64_t(gpu::block_idx().x) * kThreads + gpu::tid()) / 16;
  const int64_t begin = chunk * kReduceChunk, end = begin + kReduceChunk < n ? begin + kReduceChunk : n;
  float acc = 0;
  int64_t i = begin + (gpu::tid() & 15);
  for (; i + 15 * 16 < end; i += 16 * 16) {  // sixteen loads under way a thread
    float v[16];
    GPU_UNROLL
    for (int k = 0; k < 16; ++k) v[k] = x[i + 16 * k];
    GPU_UNROLL
    for (int k = 0; k < 16; ++k) acc = gpu::fma(v[k], v[k], acc);
  }
  for (; i < end; i += 16) acc = gpu::fma(x[i], x[i], acc);
  GPU_UNROLL
  for (int d = 8; d > 0; d /= 2) acc = gpu::add(acc, gpu::shfl_xor(acc, d));
  if ((gpu::tid() & 15) == 0 && begin < n) chunk_sums[chunk] = acc;
}

/// out [blocks]: a block adds `run` of the n parts, in order.
template <class T>
GPU_KERNEL(kThreads)
void add_in_order_kernel(double* out, const T* parts, int64_t n, int64_t run) {
  constexpr int kAtOnce = 8;
  SMEM(double, part, kThreads);
  const int64_t begin = int64_t(gpu::block_idx().x) * run, end = begin + run < n ? begin + run : n;
  const auto at = [&](int64_t i) { return i < end ? double(parts[i]) : 0.0; };
  double total = 0, next = at(begin + gpu::tid());
  for (int64_t base = begin; base < end; base += kThreads) {
    part[gpu::tid()] = next;  // adding 0 at the end changes nothing: a sum of squares is not -0
    gpu::sync();
    next = at(base + kThreads + gpu::tid());
    if (gpu::tid() == 0)
      for (int i = 0; i < kThreads; i += kAtOnce) {  // in order, whatever it costs: the CPU's bits
        double v[kAtOnce];
        GPU_UNROLL
        for (int k = 0; k < kAtOnce; ++k) v[k] = part[i + k];
        GPU_UNROLL
        for (int k = 0; k < kAtOnce; ++k) total += v[k];
      }
    gpu::sync();
  }
  if (gpu::tid() == 0) out[gpu::block_idx().x] = total;
}

template <int Leaves>
struct Tree {
  using In = float;
  using Out = float;
  static constexpr int kIn = Leaves;
  const float* in[Leaves];
  float* out;
  int count;
  template <int From, int Width>
  GPU_DEVICE float branch(const float* x) const {
    if constexpr (Width == 1) {
      return x[From];
    } else {
      const float left = branch<From, Width / 2>(x);
      if (From + Width / 2 >= count) return left;
      if constexpr (From + Width / 2 < Leaves) return gpu::add(left, branch<From + Width / 2, Width / 2>(x));
      return left;
    }
  }
  GPU_DEVICE float operator()(const float* x) const { return branch<0, Leaves>(x); }
};

template <int Leaves>
void launch_tree(const Exec& ex, float* y, float* const* x, int64_t count, int64_t n) {
  Tree<Leaves> t{{}, y, int(count)};
  for (int i = 0; i < Leaves; ++i) t.in[i] = x[i < count ? i : 0];
  launch_map("sum_tree", ex.stream, t, n);
}

}  // namespace

void sum_squares(const Exec& ex, double* out, const float* x, int64_t n) {
  const int64_t chunks = ceil_div(n, kReduceChunk), runs = ceil_div(chunks, kReduceRun);
  const size_t need = sum_squares_workspace(n);
  R1_CHECK(ex.workspace_bytes >= need, "sum_squares: workspace of ", ex.workspace_bytes, " bytes, expected ", need);
  double* run_sums = reinterpret_cast<double*>(ex.workspace);
  float* sums = reinterpret_cast<float*>(run_sums + runs);
  if (n > 0)
    gpu::launch(
        {.name = "sum_squares", .grid = ceil_div(chunks * 16, kThreads), .block = kThreads, .stream = ex.stream},
        sum_squares_kernel, sums, x, n);
  gpu::Launch add{.name = "sum_squares_run", .grid = 1, .block = kThreads, .stream = ex.stream};
  if (runs <= 1) return gpu::launch(add, add_in_order_kernel<float>, out, sums, chunks, kReduceRun);
  add.grid = runs;
  gpu::launch(add, add_in_order_kernel<float>, run_sums, sums, chunks, kReduceRun);
  add.name = "sum_squares_total", add.grid = 1;
  gpu::launch(add, add_in_order_kernel<double>, out, run_sums, runs, runs);
}

void sum_tree(const Exec& ex, float* y, float* const* x, int64_t count, int64_t n) {
  R1_CHECK(count >= 1 && count <= kTreeLeaves, "sum_tree: ", count, " buffers, expected 1 to ", kTreeLeaves);
  if (count <= 2) return launch_tree<2>(ex, y, x, count, n);
  if (count <= 4) return launch_tree<4>(ex, y, x, count, n);
  if (count <= 8) return launch_tree<8>(ex, y, x, count, n);
  launch_tree<16>(ex, y, x, count, n);
}

}  // namespace r1::cuda
