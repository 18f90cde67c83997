// What the hardware does, on inputs of small integers, one line a case: mma and ldmatrix fragments, shuffles, exact
// arithmetic, cp.async; TMA and wgmma in layout_probe_sm90.cuh. The same source runs in the emulator, so the two
// outputs must be equal line by line; the hardware's is kept in tests/cuda/golden/layout_probe.txt. Lines that begin
// with "info" tell what the hardware does where the emulator does not claim to be equal (order of sums,
// approximations).
//   nvcc -std=c++20 -gencode arch=compute_90a,code=sm_90a -Icuda -Isrc tests/cuda/layout_probe.cu
//   cuda/gpu/host_cuda.cpp
// Paper: none.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "layout_probe.hpp"
#include "layout_probe_parts.hpp"

namespace probe {

// Registers of one warp: lane l gets in[l * n ..]; out likewise.
template <class T>
GPU_KERNEL(32)
void mma16(float* out, const uint32_t* in) {
  const uint32_t* p = in + gpu::lane() * 10;
  const uint32_t a[4] = {p[0], p[1], p[2], p[3]}, b[2] = {p[4], p[5]};
  float d[4];
  for (int i = 0; i < 4; ++i) d[i] = gpu::float_of(p[6 + i]);
  gpu::mma_m16n8k16<T>(d, a, b);
  for (int i = 0; i < 4; ++i) out[gpu::lane() * 4 + i] = d[i];
}
template <class T>
GPU_KERNEL(32)
void mma32(float* out, const uint32_t* in) {
  const uint32_t* p = in + gpu::lane() * 10;
  const uint32_t a[4] = {p[0], p[1], p[2], p[3]}, b[2] = {p[4], p[5]};
  float d[4];
  for (int i = 0; i < 4; ++i) d[i] = gpu::float_of(p[6 + i]);
  gpu::mma_m16n8k32<T>(d, a, b);
  for (int i = 0; i < 4; ++i) out[gpu::lane() * 4 + i] = d[i];
}
GPU_KERNEL(32) void mma_tf32(float* out, const uint32_t* in) {
  const uint32_t* p = in + gpu::lane() * 10;
  const uint32_t a[4] = {p[0], p[1], p[2], p[3]}, b[2] = {p[4], p[5]};
  float d[4];
  for (int i = 0; i < 4; ++i) d[i] = gpu::float_of(p[6 + i]);
  gpu::mma_m16n8k8_tf32(d, a, b);
  for (int i = 0; i < 4; ++i) out[gpu::lane() * 4 + i] = d[i];
}
GPU_KERNEL(32) void mma_s8(int32_t* out, const uint32_t* in) {
  const uint32_t* p = in + gpu::lane() * 10;
  const uint32_t a[4] = {p[0], p[1], p[2], p[3]}, b[2] = {p[4], p[5]};
  int32_t d[4];
  for (int i = 0; i < 4; ++i) d[i] = int32_t(p[6 + i]);
  gpu::mma_m16n8k32_s8(d, a, b);
  for (int i = 0; i < 4; ++i) out[gpu::lane() * 4 + i] = d[i];
}

/// 32 rows of 8 values, row r of tile i at (5 r + 3 i) % 32: all ldmatrix forms, then stmatrix.
GPU_KERNEL(32) void matrices(uint32_t* out, const uint16_t* in) {
  SMEM_ALIGNED(uint16_t, tile, 256, 128);
  SMEM_ALIGNED(uint16_t, back, 512, 128);
  for (int i = 0; i < 8; ++i) tile[gpu::lane() * 8 + i] = in[gpu::lane() * 8 + i];
  gpu::syncwarp();
  const uint16_t* row = tile + (gpu::lane() * 5 + gpu::lane() / 8 * 3) % 32 * 8;
  uint32_t r1[1], r2[2], r4[4], t1[1], t2[2], t4[4];
  gpu::ldmatrix_x1(r1, row);
  gpu::ldmatrix_x2(r2, row);
  gpu::ldmatrix_x4(r4, row);
  gpu::ldmatrix_x1_trans(t1, row);
  gpu::ldmatrix_x2_trans(t2, row);
  gpu::ldmatrix_x4_trans(t4, row);
  uint32_t* o = out + gpu::lane() * 30;
  o[0] = r1[0];
  o[1] = t1[0];
  for (int i = 0; i < 2; ++i) o[2 + i] = r2[i];
  for (int i = 0; i < 2; ++i) o[4 + i] = t2[i];
  for (int i = 0; i < 4; ++i) o[6 + i] = r4[i];
  for (int i = 0; i < 4; ++i) o[10 + i] = t4[i];
  gpu::stmatrix_x4(back + gpu::lane() * 8, r4);
  gpu::stmatrix_x4_trans(back + 256 + gpu::lane() * 8, r4);
  gpu::syncwarp();
  for (int i = 0; i < 16; ++i) o[14 + i] = uint32_t(back[gpu::lane() * 8 + (i & 7) + (i >> 3) * 256]);
}

GPU_KERNEL(32) void warp_functions(uint32_t* out, const uint32_t* in) {
  const int l = gpu::lane();
  const uint32_t v = in[l];
  uint32_t* o = out + l * 16;
  o[0] = gpu::shfl(v, 7);
  o[1] = gpu::shfl(v, (l * 3 + 5) & 31);
  o[2] = gpu::shfl_xor(v, 13);
  o[3] = gpu::shfl_down(v, 5);
  o[4] = gpu::shfl_up(v, 9);
  o[5] = gpu::ballot((v & 1) != 0);
  o[6] = gpu::any(v == in[3]);
  o[7] = gpu::all(v != 0xffffffffu);
  o[8] = gpu::match_any(v % 5);
  o[9] = uint32_t(gpu::warp_add(int(v)));
  o[10] = uint32_t(gpu::warp_max(int(v)));
  o[11] = uint32_t(gpu::warp_min(int(v)));
  o[12] = o[13] = o[14] = 0;
  if (l % 3 == 0) {  // part of a warp
    const uint32_t mask = 0x49249249u;
    o[12] = gpu::ballot((v & 2) != 0, mask);
    o[13] = gpu::shfl(v, 6, mask);
    o[14] = uint32_t(gpu::warp_add(int(v), mask));
  }
  gpu::syncwarp();
  o[15] = uint32_t(gpu::popcount(gpu::ballot(gpu::elect())));
}

/// Exact arithmetic on pairs of bit patterns: IEEE, so hardware and host agree bit for bit.
GPU_KERNEL(256) void arithmetic(uint32_t* out, const uint32_t* in, int n) {
  const int i = int(gpu::block_idx().x) * 256 + gpu::tid();
  if (i >= n) return;
  const float a = gpu::float_of(in[i]), b = gpu::float_of(in[n + i]), c = gpu::float_of(in[2 * n + i]);
  uint32_t* o = out + i * 12;
  o[0] = gpu::bits_of(gpu::fma(a, b, c));
  o[1] = gpu::bits_of(gpu::add(a, b));
  o[2] = gpu::bits_of(gpu::sub(a, b));
  o[3] = gpu::bits_of(gpu::mul(a, b));
  o[4] = gpu::bits_of(gpu::div(a, b));
  o[5] = gpu::bits_of(gpu::sqrt(gpu::abs(a)));
  o[6] = gpu::bits_of(gpu::round_even(a));
  o[7] = gpu::to_bf16(a).bits | uint32_t(gpu::to_half(a).bits) << 16;
  o[8] = gpu::pack_bf16(a, b);
  o[9] = gpu::to_tf32(a);
  o[10] = gpu::bits_of(gpu::to_float(gpu::half{uint16_t(in[i])}));
  o[11] =
      gpu::bits_of(gpu::to_float(gpu::e4m3{uint8_t(in[i])})) ^ gpu::bits_of(gpu::to_float(gpu::e5m2{uint8_t(in[i])}));
}

GPU_KERNEL(256) void approximations(float* out, const float* in, int n) {
  const int i = int(gpu::block_idx().x) * 256 + gpu::tid();
  if (i >= n) return;
  float* o = out + i * 6;
  o[0] = gpu::fast_exp2(in[i] - 8);
  o[1] = gpu::fast_exp(in[i] - 8);
  o[2] = gpu::fast_log2(in[i]);
  o[3] = gpu::fast_rsqrt(in[i]);
  o[4] = gpu::fast_rcp(in[i]);
  o[5] = gpu::fast_tanh(in[i] - 8);
}

GPU_KERNEL(32) void copies(uint32_t* out, const uint8_t* in) {
  SMEM(uint8_t, s, 32 * 28);
  gpu::cp_async<16>(s + gpu::lane() * 16, in + gpu::lane() * 16, gpu::lane() % 17);
  gpu::cp_async<8>(s + 512 + gpu::lane() * 8, in + 512 + gpu::lane() * 8, gpu::lane() % 9);
  gpu::cp_async_commit();
  gpu::cp_async<4>(s + 768 + gpu::lane() * 4, in + 768 + gpu::lane() * 4, gpu::lane() % 5);
  gpu::cp_async_commit();
  gpu::cp_async_wait<0>();
  gpu::syncwarp();
  for (int i = gpu::lane(); i < 32 * 28; i += 32) out[i] = s[i];
}

// Host.

void mma_cases(Rng& rng) {
  const auto fill = [&](auto&& value, int per) {
    std::vector<uint32_t> in(320);
    for (int l = 0; l < 32; ++l)
      for (int r = 0; r < 10; ++r) {
        uint32_t w = 0;
        if (r < 6)
          for (int v = 0; v < per; ++v) w |= value() << (32 / per * v);
        else
          w = gpu::bits_of(float(int(rng.below(9)) - 4));
        in[size_t(l * 10 + r)] = w;
      }
    return in;
  };
  const auto small = [&] { return int(rng.below(9)) - 4; };
  const auto bf = [&] { return uint32_t(gpu::to_bf16(float(small())).bits); };
  const auto hf = [&] { return uint32_t(gpu::to_half(float(small())).bits); };
  const auto tf = [&] {
    return gpu::bits_of(float(small())) | (rng.below(2) ? 0x0fffu : 0u);
  };                                                                                        // low bits are not seen
  const auto e4 = [&] { return uint32_t(0x38 + 8 * rng.below(2)) | (rng.below(2) << 7); };  // +-1, +-2
  const auto e5 = [&] { return uint32_t(0x3c + 4 * rng.below(2)) | (rng.below(2) << 7); };
  const auto s8 = [&] { return rng.below(256); };
  for (int i = 0; i < 3; ++i) {
    run<float>("mma m16n8k16 bf16", mma16<gpu::bf16>, 32, fill(bf, 2), 128);
    run<float>("mma m16n8k16 half", mma16<gpu::half>, 32, fill(hf, 2), 128);
    run<float>("mma m16n8k8 tf32", mma_tf32, 32, fill(tf, 1), 128);
    run<float>("mma m16n8k32 e4m3", mma32<gpu::e4m3>, 32, fill(e4, 4), 128);
    run<float>("mma m16n8k32 e5m2", mma32<gpu::e5m2>, 32, fill(e5, 4), 128);
    run<int32_t>("mma m16n8k32 s8", mma_s8, 32, fill(s8, 4), 128);
  }
}

/// Which terms a sum of products keeps: one large term, then many small ones, in several places of k.
void rounding_info(Rng&) {
  const auto one = [](auto kernel, const char* name, const std::vector<float>& a_row, float c, bool bf) {
    std::vector<uint32_t> in(320, 0);
    const auto bits = [&](float x) { return uint32_t(bf ? gpu::to_bf16(x).bits : gpu::to_half(x).bits); };
    for (int l = 0; l < 4; ++l)  // row 0 of A, in lanes 0..3
      for (int r = 0; r < 2; ++r)
        in[size_t(l * 10 + r * 2)] = bits(a_row[size_t(2 * l + 8 * r)]) | bits(a_row[size_t(2 * l + 8 * r + 1)]) << 16;
    for (int l = 0; l < 32; ++l) in[size_t(l * 10 + 4)] = in[size_t(l * 10 + 5)] = bits(1) * 0x10001u;
    in[6] = gpu::bits_of(c);
    const auto out = launch<float>(kernel, 32, in, 128);
    double exact = c;
    for (const float x : a_row) exact += double(x);
    std::printf("info %s: %.10g, exact %.10g\n", name, double(out[0]), exact);
  };
  const auto terms = [](float first, float rest, size_t at) {
    std::vector<float> t(16, rest);
    t[at] = first;
    return t;
  };
  for (const size_t at : {size_t(0), size_t(8), size_t(15)}) {
    one(mma16<gpu::bf16>, "bf16 1 + 15 * 2^-24", terms(1, 5.9604644775390625e-8f, at), 0, true);
    one(mma16<gpu::bf16>, "bf16 1 + 15 * 2^-25", terms(1, 2.98023223876953125e-8f, at), 0, true);
    one(mma16<gpu::bf16>, "bf16 1 - 15 * 2^-26", terms(1, -1.490116119384765625e-8f, at), 0, true);
    one(mma16<gpu::bf16>, "bf16 c = 1, 2^24 - 2^24 + ...", terms(16777216, at ? 0 : 1, at), -16777216, true);
  }
  one(mma16<gpu::bf16>, "bf16 c = 2^24 and 16 ones", std::vector<float>(16, 1.0f), 16777216, true);
  one(mma16<gpu::bf16>, "bf16 c = 2^24 and 16 * 0.5", std::vector<float>(16, 0.5f), 16777216, true);
}

void matrix_cases(Rng&) {
  std::vector<uint16_t> rows(256);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = uint16_t(i * 257 + 1);
  run<uint32_t>("ldmatrix, stmatrix", matrices, 32, rows, 32 * 30);
}

void warp_cases(Rng& rng) {
  std::vector<uint32_t> v(32);
  for (int i = 0; i < 4; ++i) {
    for (uint32_t& x : v) x = rng.below(1000) - 500;
    run<uint32_t>("warp functions", warp_functions, 32, v, 32 * 16);
  }
}

void copy_cases(Rng& rng) {
  std::vector<uint8_t> bytes(896);
  for (uint8_t& b : bytes) b = uint8_t(1 + rng.below(255));
  run<uint32_t>("cp.async with zero fill", copies, 32, bytes, 896);
}

void arithmetic_cases(Rng& rng) {
  constexpr int kN = 1 << 16;
  std::vector<uint32_t> in(3 * kN);
  for (int round = 0; round < 3; ++round) {
    for (uint32_t& x : in) {
      x = rng.next32();
      if (round == 1) x = (x & 0x807fffffu) | (100u + rng.below(56)) << 23;  // of similar size
      if (round == 2) x &= 0x80ffffffu;                                      // subnormal or nearly
      if ((x & 0x7f800000u) == 0x7f800000u) x &= 0xff800000u;  // infinities yes; bits of NaN are not promised
    }
    const auto out = launch<uint32_t>(arithmetic, (kN + 255) / 256, in, kN * 12, kN);
    std::vector<uint32_t> plain = out;
    for (size_t i = 0; i < plain.size(); ++i)
      if (i % 12 < 7 && (plain[i] & 0x7fffffffu) > 0x7f800000u) plain[i] = 0x7fffffffu;
    print(round == 0   ? "arithmetic, any bits"
          : round == 1 ? "arithmetic, similar size"
                       : "arithmetic, subnormal",
          plain);
  }
}

void approximation_info(Rng&) {
  constexpr int kN = 1 << 16;
  std::vector<float> in(kN);
  for (int i = 0; i < kN; ++i) in[size_t(i)] = 0.001f + float(i) * (16.0f / kN);
  const auto out = launch<float>(approximations, (kN + 255) / 256, in, kN * 6, kN);
  static const char* const names[] = {"exp2", "exp", "log2", "rsqrt", "rcp", "tanh"};
  for (int f = 0; f < 6; ++f) {
    double worst = 0;
    for (int i = 0; i < kN; ++i) {
      const double x = double(in[size_t(i)]), y = double(in[size_t(i)] - 8);
      const double exact = f == 0   ? std::exp2(y)
                           : f == 1 ? std::exp(y)
                           : f == 2 ? std::log2(x)
                           : f == 3 ? 1 / std::sqrt(x)
                           : f == 4 ? 1 / x
                                    : std::tanh(y);
      const double ulp = std::ldexp(1.0, std::ilogb(exact) - 23);
      if (exact != 0) worst = std::max(worst, std::fabs(double(out[size_t(i * 6 + f)]) - exact) / ulp);
    }
    std::printf("info fast_%s: at most %.2f ulp from the exact value\n", names[f], worst);
  }
}

void device_info_line(Rng&) {
  if (gpu::device_count() == 0) r1::fail("no GPU: ", gpu::no_device_reason());
  const gpu::DeviceInfo& d = gpu::device_info(0);
  std::printf("info device: %s, compute capability %d.%d\n", d.name.c_str(), d.major, d.minor);
}

void add_sm90_parts(std::vector<Part>& parts);

}  // namespace probe

#include "layout_probe_sm90.cuh"

int main() {
  using namespace probe;
  std::vector<Part> parts{{"device", device_info_line}, {"mma", mma_cases},
                          {"matrices", matrix_cases},   {"warp", warp_cases},
                          {"cp.async", copy_cases},     {"arithmetic", arithmetic_cases},
                          {"rounding", rounding_info},  {"functions", approximation_info}};
  add_sm90_parts(parts);  // on another GPU each says that it is not for it
  const int failed = run_parts(parts);
  std::printf("info parts: %zu, failed: %d\n", parts.size(), failed);
  return failed ? 1 : 0;
}
