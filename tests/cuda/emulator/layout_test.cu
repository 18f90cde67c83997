// Fragment layouts against a second source: the tables below are written from the PTX ISA's figures as explicit lists
// of (lane, register) -> (row, column), not from the emulator's formulas; the products are compared with a plain triple
// loop.
#include "support.hpp"

using namespace emu_test;

namespace {

struct Spot {
  int row, col;
};

/// "a0..a7 of lane l" of m16n8k16, figure by figure: groups of four lanes walk down the rows, two values side by side.
Spot a16(int lane, int value) {
  static const int row_offset[8] = {0, 0, 8, 8, 0, 0, 8, 8}, col_offset[8] = {0, 1, 0, 1, 8, 9, 8, 9};
  int row = 0, pair = 0;
  for (int l = 0; l < lane; ++l) {  // count the lanes up to this one instead of dividing
    if (++pair == 4) {
      pair = 0;
      ++row;
    }
  }
  return {row + row_offset[value], pair + pair + col_offset[value]};
}
Spot b16(int lane, int value) {  // row is k, col is n
  static const int k_offset[4] = {0, 1, 8, 9};
  const Spot s = a16(lane, 0);
  return {s.col + k_offset[value], s.row};
}
Spot c16(int lane, int value) {
  static const int row_offset[4] = {0, 0, 8, 8}, col_offset[4] = {0, 1, 0, 1};
  const Spot s = a16(lane, 0);
  return {s.row + row_offset[value], s.col + col_offset[value]};
}
Spot a8_tf32(int lane, int value) {
  static const int row_offset[4] = {0, 8, 0, 8}, col_offset[4] = {0, 0, 4, 4};
  const Spot s = a16(lane, 0);
  return {s.row + row_offset[value], s.col / 2 + col_offset[value]};
}
Spot b8_tf32(int lane, int value) {
  const Spot s = a16(lane, 0);
  return {s.col / 2 + (value == 1 ? 4 : 0), s.row};
}
Spot a32_byte(int lane, int value) {  // sixteen bytes in four registers
  static const int row_offset[4] = {0, 8, 0, 8}, col_offset[4] = {0, 0, 16, 16};
  const Spot s = a16(lane, 0);
  return {s.row + row_offset[value / 4], s.col * 2 + value % 4 + col_offset[value / 4]};
}
Spot b32_byte(int lane, int value) {
  const Spot s = a16(lane, 0);
  return {s.col * 2 + value % 4 + (value >= 4 ? 16 : 0), s.row};
}

template <class T>
GPU_KERNEL(32)
void mma(float* d, const uint32_t* a, const uint32_t* b) {
  const uint32_t ra[4] = {a[gpu::lane() * 4], a[gpu::lane() * 4 + 1], a[gpu::lane() * 4 + 2], a[gpu::lane() * 4 + 3]};
  const uint32_t rb[2] = {b[gpu::lane() * 2], b[gpu::lane() * 2 + 1]};
  float rd[4];
  for (int i = 0; i < 4; ++i) rd[i] = d[gpu::lane() * 4 + i];
  if constexpr (std::is_same_v<T, gpu::tf32>)
    gpu::mma_m16n8k8_tf32(rd, ra, rb);
  else if constexpr (sizeof(T) == 2)
    gpu::mma_m16n8k16<T>(rd, ra, rb);
  else
    gpu::mma_m16n8k32<T>(rd, ra, rb);
  for (int i = 0; i < 4; ++i) d[gpu::lane() * 4 + i] = rd[i];
}
GPU_KERNEL(32) void mma_s8(int32_t* d, const uint32_t* a, const uint32_t* b) {
  const uint32_t ra[4] = {a[gpu::lane() * 4], a[gpu::lane() * 4 + 1], a[gpu::lane() * 4 + 2], a[gpu::lane() * 4 + 3]};
  const uint32_t rb[2] = {b[gpu::lane() * 2], b[gpu::lane() * 2 + 1]};
  int32_t rd[4] = {1, 2, 3, 4};
  gpu::mma_m16n8k32_s8(rd, ra, rb);
  for (int i = 0; i < 4; ++i) d[gpu::lane() * 4 + i] = rd[i];
}

uint32_t encode(gpu::bf16, int v) { return gpu::to_bf16(float(v)).bits; }
uint32_t encode(gpu::half, int v) { return gpu::to_half(float(v)).bits; }
uint32_t encode(gpu::tf32, int v) { return gpu::bits_of(float(v)) | 0x1abcu; }  // the low 13 bits must not matter
uint32_t encode(gpu::e4m3, int v) {  // searched for: no second formula to get wrong
  for (uint32_t b = 0; b < 256; ++b)
    if (gpu::to_float(gpu::e4m3{uint8_t(b)}) == float(v)) return b;
  return 0;
}
uint32_t encode(gpu::e5m2, int v) {
  for (uint32_t b = 0; b < 256; ++b)
    if (gpu::to_float(gpu::e5m2{uint8_t(b)}) == float(v)) return b;
  return 0;
}
uint32_t encode(int8_t, int v) { return uint8_t(v); }

struct Matrices {
  int k;
  std::vector<int> a, b, d;  ///< [16, k], [k, 8], [16, 8]
};
Matrices random_matrices(int k, uint32_t seed) {
  Matrices m{k, std::vector<int>(size_t(16 * k)), std::vector<int>(size_t(k * 8)), std::vector<int>(128)};
  const auto fill = [&](std::vector<int>& v) {
    for (int& x : v) {
      seed = seed * 1664525u + 1013904223u;
      x = int(seed >> 24) % 5 - 2;
    }
  };
  fill(m.a);
  fill(m.b);
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 8; ++j)
      for (int c = 0; c < k; ++c) m.d[size_t(i * 8 + j)] += m.a[size_t(i * k + c)] * m.b[size_t(c * 8 + j)];
  return m;
}

template <class T, class PlaceA, class PlaceB>
void pack(const Matrices& m, int per, PlaceA place_a, PlaceB place_b, std::vector<uint32_t>& a,
          std::vector<uint32_t>& b) {
  a.assign(128, 0);
  b.assign(64, 0);
  for (int l = 0; l < 32; ++l) {
    for (int v = 0; v < 4 * per; ++v) {
      const Spot s = place_a(l, v);
      a[size_t(l * 4 + v / per)] |= encode(T{}, m.a[size_t(s.row * m.k + s.col)]) << (32 / per * (v % per));
    }
    for (int v = 0; v < 2 * per; ++v) {
      const Spot s = place_b(l, v);
      b[size_t(l * 2 + v / per)] |= encode(T{}, m.b[size_t(s.row * 8 + s.col)]) << (32 / per * (v % per));
    }
  }
}

template <class T, class PlaceA, class PlaceB>
void check_layout(int k, int per, PlaceA place_a, PlaceB place_b) {
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    const Matrices m = random_matrices(k, seed);
    std::vector<uint32_t> a, b;
    pack<T>(m, per, place_a, place_b, a, b);
    const Buffer<uint32_t> da(a, "a"), db(b, "b");
    if constexpr (std::is_same_v<T, int8_t>) {
      const Buffer<int32_t> d(128, "d");
      gpu::launch({.name = "mma", .grid = 1, .block = 32}, mma_s8, d.p, da.p, db.p);
      const auto r = d.read();
      for (int l = 0; l < 32; ++l)
        for (int v = 0; v < 4; ++v)
          CHECK(r[size_t(l * 4 + v)] == m.d[size_t(c16(l, v).row * 8 + c16(l, v).col)] + v + 1);
    } else {
      const Buffer<float> d(std::vector<float>(128, 0.5f), "d");
      gpu::launch({.name = "mma", .grid = 1, .block = 32}, mma<T>, d.p, da.p, db.p);
      const auto r = d.read();
      for (int l = 0; l < 32; ++l)
        for (int v = 0; v < 4; ++v)
          CHECK(r[size_t(l * 4 + v)] == float(m.d[size_t(c16(l, v).row * 8 + c16(l, v).col)]) + 0.5f);
    }
  }
}

/// Every tile element is its own number: (tile, row, column).
GPU_KERNEL(32) void load_matrices(uint32_t* out, bool trans) {
  SMEM(uint16_t, s, 4 * 64);
  for (int i = gpu::lane(); i < 256; i += 32) s[i] = uint16_t(i / 64 * 1000 + i / 8 % 8 * 10 + i % 8);
  gpu::syncwarp();
  uint32_t r[4];
  if (trans)
    gpu::ldmatrix_x4_trans(r, s + gpu::lane() * 8);
  else
    gpu::ldmatrix_x4(r, s + gpu::lane() * 8);
  for (int i = 0; i < 4; ++i) out[gpu::lane() * 4 + i] = r[i];
}
GPU_KERNEL(32) void store_matrices(uint16_t* out, bool trans) {
  SMEM(uint16_t, s, 4 * 64);
  uint32_t r[4];
  for (int i = 0; i < 4; ++i)
    r[i] = uint32_t(gpu::lane() * 100 + i * 2) | uint32_t(gpu::lane() * 100 + i * 2 + 1) << 16;
  if (trans)
    gpu::stmatrix_x4_trans(s + gpu::lane() * 8, r);
  else
    gpu::stmatrix_x4(s + gpu::lane() * 8, r);
  gpu::syncwarp();
  for (int i = gpu::lane(); i < 256; i += 32) out[i] = s[i];
}

}  // namespace

TEST_CASE("mma fragments lie where the PTX ISA's figures put them") {
  const Fresh fresh;
  check_layout<gpu::bf16>(16, 2, a16, b16);
  check_layout<gpu::half>(16, 2, a16, b16);
  check_layout<gpu::tf32>(8, 1, a8_tf32, b8_tf32);
  check_layout<gpu::e4m3>(32, 4, a32_byte, b32_byte);
  check_layout<gpu::e5m2>(32, 4, a32_byte, b32_byte);
  check_layout<int8_t>(32, 4, a32_byte, b32_byte);
}

TEST_CASE("ldmatrix and stmatrix give lane l elements 2t, 2t+1 of row g") {
  const Fresh fresh;
  const Buffer<uint32_t> out(128, "out");
  const Buffer<uint16_t> stored(256, "stored");
  for (const bool trans : {false, true}) {
    gpu::launch({.name = "load_matrices", .grid = 1, .block = 32}, load_matrices, out.p, trans);
    gpu::launch({.name = "store_matrices", .grid = 1, .block = 32}, store_matrices, stored.p, trans);
    const auto r = out.read();
    const auto s = stored.read();
    for (int l = 0; l < 32; ++l)
      for (int tile = 0; tile < 4; ++tile)
        for (int v = 0; v < 2; ++v) {
          Spot at = c16(l, v);  // rows 0..7, columns 0..7: the accumulator's first two values lie the same way
          if (trans) at = {at.col, at.row};
          CHECK((r[size_t(l * 4 + tile)] >> (16 * v) & 0xffff) == uint32_t(tile * 1000 + at.row * 10 + at.col));
          CHECK(s[size_t(tile * 64 + at.row * 8 + at.col)] == l * 100 + tile * 2 + v);
        }
  }
}
