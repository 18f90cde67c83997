// Twins of kernels/elementwise.h. Float is bitwise the CPU kernel; bf16 computes in float and rounds once.
// Paper: [V3 §2.1.2].
#include "kernels/elementwise.h"

#include "common/map.cuh"
#include "common/math.cuh"
#include "kernels/embedding_bwd.cuh"

namespace r1::cuda {

namespace {

constexpr int kThreads = 256;

template <class T>
struct Add {
  using In = T;
  using Out = T;
  static constexpr int kIn = 2;
  const T* in[2];
  T* out;
  GPU_DEVICE float operator()(const float* x) const { return gpu::add(x[0], x[1]); }
};
struct Scale {
  using In = float;
  using Out = float;
  static constexpr int kIn = 1;
  const float* in[1];
  float* out;
  float factor;
  GPU_DEVICE float operator()(const float* x) const { return gpu::mul(x[0], factor); }
};
struct ScaleAdd {
  using In = float;
  using Out = float;
  static constexpr int kIn = 2;
  const float* in[2];
  float* out;
  float factor;
  GPU_DEVICE float operator()(const float* x) const { return gpu::add(x[1], gpu::mul(x[0], factor)); }
};

/// Pack i of [rows, packs of cols]: its row and first column.
struct Cell {
  int64_t row;
  int col;
};
template <int V>
GPU_DEVICE Cell cell_of(uint32_t i, int cols) {
  const uint32_t packs = uint32_t(cols + V - 1) / V, row = i / packs;
  return {int64_t(row), int(i - row * packs) * V};
}

/// Two packs a thread: both are loaded before either is used.
constexpr int kRowUnroll = 2;

template <bool Aligned, class T>
GPU_KERNEL(kThreads)
void swiglu_fwd_kernel(T* y, const T* h, int64_t rows, int inner) {
  constexpr int V = kPack<T>;
  Pack<T> g[kRowUnroll], u[kRowUnroll];
  Cell at[kRowUnroll];
  GPU_UNROLL
  for (int k = 0; k < kRowUnroll; ++k) {
    at[k] = cell_of<V>((gpu::block_idx().x * kRowUnroll + k) * kThreads + gpu::tid(), inner);
    if (at[k].row >= rows) break;
    const T* row = h + at[k].row * 2 * inner;
    g[k] = load_pack<Aligned>(row, at[k].col, inner);
    u[k] = load_pack<Aligned>(row + inner, at[k].col, inner);
  }
  GPU_UNROLL
  for (int k = 0; k < kRowUnroll; ++k) {
    if (at[k].row >= rows) break;
    float a[V], b[V];
    to_floats<T>(a, g[k]);
    to_floats<T>(b, u[k]);
    GPU_UNROLL
    for (int i = 0; i < V; ++i) a[i] = gpu::mul(gpu::mul(a[i], sigmoid_of<kFast<T>>(a[i])), b[i]);
    store_pack<Aligned>(y + at[k].row * inner, at[k].col, inner, to_pack(a, y));
  }
}

template <bool Aligned, class T>
GPU_KERNEL(kThreads)
void swiglu_bwd_kernel(T* dh, const T* dy, const T* h, int64_t rows, int inner) {
  constexpr int V = kPack<T>;
  Pack<T> g[kRowUnroll], u[kRowUnroll], d[kRowUnroll];
  Cell at[kRowUnroll];
  GPU_UNROLL
  for (int k = 0; k < kRowUnroll; ++k) {
    at[k] = cell_of<V>((gpu::block_idx().x * kRowUnroll + k) * kThreads + gpu::tid(), inner);
    if (at[k].row >= rows) break;
    const T* row = h + at[k].row * 2 * inner;
    g[k] = load_pack<Aligned>(row, at[k].col, inner);
    u[k] = load_pack<Aligned>(row + inner, at[k].col, inner);
    d[k] = load_pack<Aligned>(dy + at[k].row * inner, at[k].col, inner);
  }
  GPU_UNROLL
  for (int k = 0; k < kRowUnroll; ++k) {
    if (at[k].row >= rows) break;
    float a[V], b[V], c[V];
    to_floats<T>(a, g[k]);
    to_floats<T>(b, u[k]);
    to_floats<T>(c, d[k]);
    GPU_UNROLL
    for (int i = 0; i < V; ++i) {
      const float s = sigmoid_of<kFast<T>>(a[i]), silu = gpu::mul(a[i], s);
      a[i] = gpu::mul(gpu::mul(c[i], b[i]), gpu::add(s, gpu::mul(silu, gpu::sub(1.0f, s))));
      b[i] = gpu::mul(c[i], silu);
    }
    T* row = dh + at[k].row * 2 * inner;
    store_pack<Aligned>(row, at[k].col, inner, to_pack(a, dh));
    store_pack<Aligned>(row + inner, at[k].col, inner, to_pack(b, dh));
  }
}

template <bool Aligned>
GPU_KERNEL(kThreads)
void copy_rows_kernel(float* y, int64_t ldy, const float* x, int64_t ldx, int64_t rows, int cols, bool accumulate) {
  const Cell at = cell_of<4>(gpu::block_idx().x * kThreads + gpu::tid(), cols);
  if (at.row >= rows) return;
  auto v = load_pack<Aligned>(x + at.row * ldx, at.col, cols);
  if (accumulate) {
    const auto old = load_pack<Aligned>(static_cast<const float*>(y) + at.row * ldy, at.col, cols);
    GPU_UNROLL
    for (int i = 0; i < 4; ++i) v[i] = gpu::add(old[i], v[i]);
  }
  store_pack<Aligned>(y + at.row * ldy, at.col, cols, v);
}

/// A thread a column, rows ascending, the CPU's order: while some rows are added, as many more are on their way.
constexpr int kBiasThreads = 64, kBiasRows = 64;
GPU_KERNEL(kBiasThreads) void bias_bwd_kernel(float* db, const float* dy, int64_t rows, int cols) {
  const int c = int(gpu::block_idx().x) * kBiasThreads + gpu::tid();
  if (c >= cols) return;
  float acc = db[c], next[kBiasRows];
  const int64_t whole = rows / kBiasRows * kBiasRows;
  const auto fetch = [&](int64_t r) {
    GPU_UNROLL
    for (int k = 0; k < kBiasRows; ++k) next[k] = dy[(r + k) * cols + c];
  };
  if (whole > 0) fetch(0);
  for (int64_t r = 0; r < whole; r += kBiasRows) {
    float now[kBiasRows];
    GPU_UNROLL
    for (int k = 0; k < kBiasRows; ++k) now[k] = next[k];
    if (r + kBiasRows < whole) fetch(r + kBiasRows);
    GPU_UNROLL
    for (int k = 0; k < kBiasRows; ++k) acc = gpu::add(acc, now[k]);
  }
  for (int64_t r = whole; r < rows; ++r) acc = gpu::add(acc, dy[r * cols + c]);
  db[c] = acc;
}

template <bool Aligned, class T>
GPU_KERNEL(kThreads)
void embedding_fwd_kernel(T* y, const T* table, const int32_t* ids, int64_t rows, int cols) {
  const Cell at = cell_of<kPack<T>>(gpu::block_idx().x * kThreads + gpu::tid(), cols);
  if (at.row >= rows) return;
  const T* from = table + int64_t(ids[at.row]) * cols;
  store_pack<Aligned>(y + at.row * cols, at.col, cols, load_pack<Aligned>(from, at.col, cols));
}

gpu::Launch packs_of(const char* name, void* stream, int64_t rows, int64_t cols, int v, int unroll) {
  const int64_t packs = rows * ceil_div(cols, v);
  R1_CHECK(packs < (int64_t{1} << 31), name, ": ", rows, " rows of ", cols, ", expected fewer than 2^31 packs");
  return {.name = name, .grid = ceil_div(packs, int64_t{kThreads} * unroll), .block = kThreads, .stream = stream};
}

template <class T>
void launch_swiglu_fwd(const Exec& ex, T* y, const T* h, int64_t rows, int64_t inner) {
  if (rows * inner == 0) return;
  const gpu::Launch at = packs_of("swiglu_fwd", ex.stream, rows, inner, kPack<T>, kRowUnroll);
  const bool aligned = packs_fit(y, inner, inner) && packs_fit(h, inner, inner);
  gpu::launch(at, aligned ? swiglu_fwd_kernel<true, T> : swiglu_fwd_kernel<false, T>, y, h, rows, int(inner));
}
template <class T>
void launch_swiglu_bwd(const Exec& ex, T* dh, const T* dy, const T* h, int64_t rows, int64_t inner) {
  if (rows * inner == 0) return;
  const gpu::Launch at = packs_of("swiglu_bwd", ex.stream, rows, inner, kPack<T>, kRowUnroll);
  const bool aligned = packs_fit(dh, inner, inner) && packs_fit(dy, inner, inner) && packs_fit(h, inner, inner);
  gpu::launch(at, aligned ? swiglu_bwd_kernel<true, T> : swiglu_bwd_kernel<false, T>, dh, dy, h, rows, int(inner));
}
template <class T>
void launch_embedding_fwd(const Exec& ex, T* y, const T* table, const int32_t* ids, int64_t rows, int64_t cols) {
  if (rows * cols == 0) return;
  const gpu::Launch at = packs_of("embedding_fwd", ex.stream, rows, cols, kPack<T>, 1);
  const bool aligned = packs_fit(y, cols, cols) && packs_fit(table, cols, cols);
  gpu::launch(at, aligned ? embedding_fwd_kernel<true, T> : embedding_fwd_kernel<false, T>, y, table, ids, rows,
              int(cols));
}

}  // namespace

void swiglu_fwd(const Exec& ex, float* y, const float* h, int64_t rows, int64_t inner) {
  launch_swiglu_fwd(ex, y, h, rows, inner);
}
void swiglu_fwd(const Exec& ex, bf16* y, const bf16* h, int64_t rows, int64_t inner) {
  launch_swiglu_fwd(ex, dev(y), dev(h), rows, inner);
}
void swiglu_bwd(const Exec& ex, float* dh, const float* dy, const float* h, int64_t rows, int64_t inner) {
  launch_swiglu_bwd(ex, dh, dy, h, rows, inner);
}
void swiglu_bwd(const Exec& ex, bf16* dh, const bf16* dy, const bf16* h, int64_t rows, int64_t inner) {
  launch_swiglu_bwd(ex, dev(dh), dev(dy), dev(h), rows, inner);
}
void add(const Exec& ex, float* y, const float* a, const float* b, int64_t n) {
  launch_map("add", ex.stream, Add<float>{{a, b}, y}, n);
}
void add(const Exec& ex, bf16* y, const bf16* a, const bf16* b, int64_t n) {
  launch_map("add", ex.stream, Add<gpu::bf16>{{dev(a), dev(b)}, dev(y)}, n);
}
void scale(const Exec& ex, float* y, const float* x, float factor, int64_t n, bool accumulate) {
  if (accumulate)
    launch_map("scale", ex.stream, ScaleAdd{{x, y}, y, factor}, n);
  else
    launch_map("scale", ex.stream, Scale{{x}, y, factor}, n);
}
void copy_rows(const Exec& ex, float* y, int64_t ldy, const float* x, int64_t ldx, int64_t rows, int64_t cols,
               bool accumulate) {
  if (rows * cols == 0) return;
  const bool aligned = packs_fit(y, ldy, cols) && packs_fit(x, ldx, cols);
  gpu::launch(packs_of("copy_rows", ex.stream, rows, cols, 4, 1),
              aligned ? copy_rows_kernel<true> : copy_rows_kernel<false>, y, ldy, x, ldx, rows, int(cols), accumulate);
}
void bias_fwd(const Exec& ex, float* y, const float* b, int64_t rows, int64_t cols) {
  copy_rows(ex, y, cols, b, 0, rows, cols, true);  // every row of x is b
}
void bias_bwd(const Exec& ex, float* db, const float* dy, int64_t rows, int64_t cols) {
  if (rows * cols == 0) return;
  gpu::launch({.name = "bias_bwd", .grid = ceil_div(cols, kBiasThreads), .block = kBiasThreads, .stream = ex.stream},
              bias_bwd_kernel, db, dy, rows, int(cols));
}
void embedding_fwd(const Exec& ex, float* y, const float* table, const int32_t* ids, int64_t rows, int64_t cols) {
  launch_embedding_fwd(ex, y, table, ids, rows, cols);
}
void embedding_fwd(const Exec& ex, bf16* y, const bf16* table, const int32_t* ids, int64_t rows, int64_t cols) {
  launch_embedding_fwd(ex, dev(y), dev(table), ids, rows, cols);
}
void embedding_bwd(const Exec& ex, float* dtable, const float* dy, const int32_t* ids, int64_t rows, int64_t cols) {
  launch_embedding_bwd(ex, dtable, dy, ids, rows, cols);
}
void embedding_bwd(const Exec& ex, float* dtable, const bf16* dy, const int32_t* ids, int64_t rows, int64_t cols) {
  launch_embedding_bwd(ex, dtable, dev(dy), ids, rows, cols);
}

}  // namespace r1::cuda
