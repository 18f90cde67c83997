// The Hopper half of the layout probe: TMA boxes with every swizzle, inside and across the edges; wgmma with every
// swizzle, both major orders, A from shared memory and from registers. Paper: none.
#pragma once
#include "base/check.h"
#include "layout_probe.hpp"

namespace probe {

constexpr int kTileBytes = 8192;

/// One 2-d box into shared memory, dumped; then the same box stored to another tensor.
GPU_KERNEL(32)
void tma_box(uint32_t* out, const GPU_GRID_CONSTANT gpu::TensorMap from, const GPU_GRID_CONSTANT gpu::TensorMap to,
             int bytes, int x, int y, bool store) {
#if GPU_SM90A
  SMEM_ALIGNED(uint8_t, tile, kTileBytes, 1024);
  SMEM(gpu::Mbar, full, 1);
  for (int i = gpu::lane(); i < kTileBytes; i += 32) tile[i] = 0;
  gpu::fence_proxy_async();
  if (gpu::lane() == 0) {
    gpu::mbar_init(full, 1);
    gpu::fence_mbar_init();
  }
  gpu::sync();
  if (gpu::lane() == 0) {
    gpu::mbar_arrive_expect_tx(full, uint32_t(bytes));
    gpu::tma_load(tile, from, full, x, y);
  }
  gpu::mbar_wait(full, 0);
  for (int i = gpu::lane(); i < kTileBytes; i += 32) out[i] = tile[i];
  gpu::sync();
  if (gpu::lane() == 0 && store) {
    gpu::tma_store(to, tile, x, y);
    gpu::tma_store_commit();
    gpu::tma_store_wait<0>();
  }
#endif
}

GPU_KERNEL(32) void tma_add(const GPU_GRID_CONSTANT gpu::TensorMap to, int x, int y) {
#if GPU_SM90A
  SMEM_ALIGNED(float, tile, 64, 128);
  for (int i = gpu::lane(); i < 64; i += 32) tile[i] = float(i);
  gpu::fence_proxy_async();
  gpu::sync();
  if (gpu::lane() == 0) {
    gpu::tma_reduce_add(to, tile, x, y);
    gpu::tma_store_commit();
    gpu::tma_store_wait<0>();
  }
#endif
}

/// Two blocks of a cluster: block 0 loads the box into both.
GPU_KERNEL(32) void tma_multicast(uint32_t* out, const GPU_GRID_CONSTANT gpu::TensorMap from) {
#if GPU_SM90A
  SMEM_ALIGNED(uint8_t, tile, 1024, 1024);
  SMEM(gpu::Mbar, full, 2);
  if (gpu::lane() == 0) {
    gpu::mbar_init(full, 1);
    gpu::mbar_init(full + 1, 2);
    gpu::fence_mbar_init();
    gpu::mbar_arrive_expect_tx(full, 1024);
  }
  gpu::cluster_sync();
  if (gpu::lane() == 0 && gpu::cluster_rank() == 0) gpu::tma_load_multicast(tile, from, full, 3, 16, 2);
  gpu::mbar_wait(full, 0);
  for (int i = gpu::lane(); i < 1024; i += 32) out[gpu::block_idx().x * 1024 + i] = tile[i];
  if (gpu::lane() == 0) {
    gpu::mbar_arrive_cluster(full + 1, 0);
    gpu::mbar_arrive_cluster(full + 1, 1);
  }
  gpu::mbar_wait(full + 1, 0);
  gpu::cluster_sync();
#endif
}

/// What a tile looks like in shared memory for wgmma: the copy puts 16-byte pieces where the descriptor expects them.
struct WgmmaCase {
  int n;
  gpu::Swizzle swizzle;
  bool trans_a, trans_b, registers;
};

/// Byte of element (row, k) of a [rows, 64] tile, before the XOR, as the canonical layouts of the PTX ISA have it.
GPU_FN int tile_byte(int rows, int row, int k, gpu::Swizzle s, bool trans) {
  const int pieces = s == gpu::Swizzle::k128 ? 8 : s == gpu::Swizzle::k64 ? 4 : s == gpu::Swizzle::k32 ? 2 : 1;
  const int span = pieces * 16, width = pieces * 8;  // bytes, elements of one row of an atom
  if (!trans) return k / width * (rows * span) + row * span + k % width * 2;
  return row / width * (64 * span) + k * span + row % width * 2;
}
GPU_FN int swizzle_byte(int b, gpu::Swizzle s) {
  const int mask = s == gpu::Swizzle::k128 ? 7 : s == gpu::Swizzle::k64 ? 3 : s == gpu::Swizzle::k32 ? 1 : 0;
  return b ^ (((b >> 7) & mask) << 4);
}

#if GPU_SM90A
GPU_DEVICE uint64_t descriptor(const uint8_t* tile, int rows, int k0, gpu::Swizzle s, bool trans, bool swap) {
  const int pieces = s == gpu::Swizzle::k128 ? 8 : s == gpu::Swizzle::k64 ? 4 : s == gpu::Swizzle::k32 ? 2 : 1;
  const int span = pieces * 16;
  const uint8_t* start = tile + tile_byte(rows, 0, k0, s, trans);
  // Leading and stride: k-major without swizzle, the next 8 k and the next 8 rows; with a swizzle only the rows count.
  // Row-major ("MN"): with a swizzle the next atom of rows and the next 8 k; without, the other way round.
  uint32_t leading = trans ? uint32_t(64 * span) : s == gpu::Swizzle::kNone ? uint32_t(rows * span) : 16u;
  uint32_t stride = uint32_t(8 * span);
  if ((trans && s == gpu::Swizzle::kNone) != swap) {
    const uint32_t t = leading;
    leading = stride;
    stride = t;
  }
  return gpu::wgmma_descriptor(start, s, leading, stride);
}
#endif

/// D [64, N] = A [64, 64] B^T, A and B [rows, 64] in global memory.
template <int N, bool TransA, bool TransB, bool Registers>
GPU_KERNEL(128)
void wgmma_tile(float* out, const uint16_t* in, gpu::Swizzle s, bool swap) {
#if GPU_SM90A
  DSMEM(uint8_t, smem);
  uint8_t *a = smem, *b = smem + kTileBytes;
  for (int i = gpu::tid(); i < 64 * 64; i += 128)
    *reinterpret_cast<uint16_t*>(a + swizzle_byte(tile_byte(64, i / 64, i % 64, s, TransA), s)) = in[i];
  for (int i = gpu::tid(); i < N * 64; i += 128)
    *reinterpret_cast<uint16_t*>(b + swizzle_byte(tile_byte(N, i / 64, i % 64, s, TransB), s)) = in[4096 + i];
  gpu::fence_proxy_async();
  gpu::sync();
  float d[N / 2];
  GPU_UNROLL for (int i = 0; i < N / 2; ++i) d[i] = 1;
  uint32_t r[4][4];
  GPU_UNROLL for (int k = 0; k < 4; ++k) GPU_UNROLL for (int i = 0; i < 4; ++i) {
    const int row = gpu::warp() * 16 + gpu::lane() / 4 + (i & 1) * 8, col = k * 16 + gpu::lane() % 4 * 2 + (i >> 1) * 8;
    r[k][i] = in[row * 64 + col] | uint32_t(in[row * 64 + col + 1]) << 16;
  }
  uint64_t da[4], db[4];  // before the fence: ptxas wants straight code between the products
  GPU_UNROLL for (int k = 0; k < 4; ++k) {
    da[k] = descriptor(a, 64, 16 * k, s, TransA, swap && TransA);
    db[k] = descriptor(b, N, 16 * k, s, TransB, swap && TransB);
  }
  gpu::wgmma_fence(d);
  GPU_UNROLL for (int k = 0; k < 4; ++k) {
    if constexpr (Registers)
      gpu::wgmma_registers<gpu::bf16, TransB>(d, r[k], db[k]);
    else
      gpu::wgmma<gpu::bf16, TransA, TransB>(d, da[k], db[k]);
  }
  gpu::wgmma_commit();
  gpu::wgmma_wait<0>(d);
  GPU_UNROLL for (int i = 0; i < N / 2; ++i) out[gpu::tid() * (N / 2) + i] = d[i];
#endif
}

/// Values that are not those of the product, by the documented place of each accumulator.
inline int wrong_values(const std::vector<float>& d, const std::vector<uint16_t>& in, int n) {
  int wrong = 0;
  for (int t = 0; t < 128; ++t)
    for (int v = 0; v < n / 2; ++v) {
      const int row = t / 32 * 16 + t % 32 / 4 + v / 2 % 2 * 8, col = v / 4 * 8 + t % 4 * 2 + v % 2;
      float sum = 1;
      for (int k = 0; k < 64; ++k)
        sum += gpu::to_float(gpu::bf16{in[size_t(row * 64 + k)]}) *
               gpu::to_float(gpu::bf16{in[size_t(4096 + col * 64 + k)]});
      wrong += d[size_t(t * (n / 2) + v)] != sum;
    }
  return wrong;
}

template <int N, bool TransA, bool TransB, bool Registers>
void wgmma_case(const char* form, Rng& rng, gpu::Swizzle s) {
  std::vector<uint16_t> in(size_t(4096 + N * 64));
  for (uint16_t& x : in) x = gpu::to_bf16(float(int(rng.below(9)) - 4)).bits;
  const Buffer<uint16_t> i(in);
  const auto product = [&](bool swap) {
    const Buffer<float> o(std::vector<float>(64 * N, 0.0f));
    gpu::launch({.name = "wgmma_tile", .grid = 1, .block = 128, .smem = size_t(kTileBytes + N * 128)},
                wgmma_tile<N, TransA, TransB, Registers>, o.p, static_cast<const uint16_t*>(i.p), s, swap);
    gpu::sync_device();
    return o.read();
  };
  char name[80];
  std::snprintf(name, sizeof name, "wgmma m64n%dk16 %s swizzle %d", N, form,
                s == gpu::Swizzle::kNone ? 0 : 16 << int(s));
  const std::vector<float> d = product(false);
  print(name, d);
  const int wrong = wrong_values(d, in, N);
  if (!wrong) return;
  std::printf("WRONG: %s, %d of %d values are not the product", name, wrong, 64 * N);
  if (TransA || TransB) std::printf(" (%d with leading and stride exchanged)", wrong_values(product(true), in, N));
  std::printf("\n");
}

inline gpu::TensorMap map_of(void* base, gpu::TileType type, uint64_t nx, uint64_t ny, uint64_t stride, uint32_t bx,
                             uint32_t by, gpu::Swizzle s) {
  gpu::TensorMapArgs a;
  a.type = type;
  a.base = base;
  a.size[0] = nx;
  a.size[1] = ny;
  a.stride_bytes[0] = stride;
  a.box[0] = bx;
  a.box[1] = by;
  a.swizzle = s;
  return gpu::make_tensor_map(a, "probe");
}

/// A tensor of 75 x 70 bytes in rows of 96.
inline std::vector<uint8_t> tensor_bytes() {
  Rng rng(99);
  std::vector<uint8_t> in(96 * 80);
  for (uint8_t& b : in) b = uint8_t(1 + rng.below(255));
  return in;
}

inline void tma_boxes(int s, bool store) {
  const std::vector<uint8_t> in = tensor_bytes();
  const Buffer<uint8_t> src(in);
  for (const auto& [x, y] : {std::pair<int, int>{0, 0}, {16, 3}, {-16, -2}, {64, 60}, {208, 0}}) {
    if (store && x < 0) continue;  // an illegal instruction on an H200
    const uint32_t row = s == 0 ? 48u : 16u << s;
    const Buffer<uint8_t> dst(std::vector<uint8_t>(in.size(), uint8_t(0)));
    const Buffer<uint32_t> out(std::vector<uint32_t>(kTileBytes, 0u));
    const gpu::TensorMap from = map_of(src.p, gpu::TileType::kU8, 75, 70, 96, row, 16, gpu::Swizzle(s));
    const gpu::TensorMap to = map_of(dst.p, gpu::TileType::kU8, 75, 70, 96, row, 16, gpu::Swizzle(s));
    gpu::launch({.name = "tma_box", .grid = 1, .block = 32}, tma_box, out.p, from, to, int(row * 16), x, y, store);
    gpu::sync_device();
    char name[80];
    std::snprintf(name, sizeof name, "tma %s swizzle %d at (%d, %d)", store ? "store" : "load", s ? 16 << s : 0, x, y);
    if (store)
      print(name, dst.read());
    else
      print(name, out.read());
  }
}

inline void tma_sum(Rng&) {
  const Buffer<float> sum(std::vector<float>(32 * 20, 1.0f));
  gpu::launch({.name = "tma_add", .grid = 1, .block = 32}, tma_add,
              map_of(sum.p, gpu::TileType::kFloat, 30, 20, 128, 8, 8, gpu::Swizzle::kNone), 24, 15);
  gpu::sync_device();
  print("tma add across the corner", sum.read());
}

inline void tma_to_two(Rng&) {
  const Buffer<uint8_t> src(tensor_bytes());
  const Buffer<uint32_t> both(std::vector<uint32_t>(2048, 0u));
  gpu::launch({.name = "tma_multicast", .grid = 2, .block = 32, .cluster = 2}, tma_multicast, both.p,
              map_of(src.p, gpu::TileType::kU8, 75, 70, 96, 64, 16, gpu::Swizzle::k64));
  gpu::sync_device();
  print("tma multicast to two blocks", both.read());
}

inline void need_sm90() {
  if (gpu::device_info(0).major != 9) r1::fail("not for this GPU, expected compute capability 9.0");
}

inline void add_sm90_parts(std::vector<Part>& parts) {
  const auto add = [&](std::string name, std::function<void(Rng&)> f) {
    parts.push_back({std::move(name), [f](Rng& rng) {
                       need_sm90();
                       f(rng);
                     }});
  };
  for (int s = 0; s < 4; ++s) {
    const auto w = gpu::Swizzle(s);
    const std::string name = " swizzle " + std::to_string(s ? 16 << s : 0);
    add("tma load" + name, [s](Rng&) { tma_boxes(s, false); });
    add("tma store" + name, [s](Rng&) { tma_boxes(s, true); });
    add("wgmma k-major" + name, [w](Rng& rng) {
      wgmma_case<8, false, false, false>("A, B k-major", rng, w);
      wgmma_case<16, false, false, false>("A, B k-major", rng, w);
      wgmma_case<64, false, false, false>("A, B k-major", rng, w);
      wgmma_case<256, false, false, false>("A, B k-major", rng, w);
    });
    add("wgmma B n-major" + name, [w](Rng& rng) { wgmma_case<64, false, true, false>("B n-major", rng, w); });
    add("wgmma A m-major" + name, [w](Rng& rng) { wgmma_case<128, true, false, false>("A m-major", rng, w); });
    add("wgmma A, B row-major" + name,
        [w](Rng& rng) { wgmma_case<192, true, true, false>("A m-major, B n-major", rng, w); });
    add("wgmma A registers" + name, [w](Rng& rng) {
      wgmma_case<32, false, false, true>("A registers", rng, w);
      wgmma_case<96, false, false, true>("A registers", rng, w);
      wgmma_case<128, false, true, true>("A registers, B n-major", rng, w);
    });
  }
  add("tma add", tma_sum);
  add("tma multicast", tma_to_two);
}

}  // namespace probe
