// Number formats against definitions written another way, orders of summation, and the error of approximations.
#include <cmath>
#include <set>

#include "support.hpp"

using namespace emu_test;

namespace {

GPU_KERNEL(32) void one_sum(float* out, const uint32_t* a, float c) {  // row 0 of A times ones
  const uint32_t ra[4] = {a[gpu::lane() * 4], 0, a[gpu::lane() * 4 + 2], 0}, rb[2] = {0x3f803f80u, 0x3f803f80u};
  float d[4] = {c, 0, 0, 0};
  gpu::mma_m16n8k16<gpu::bf16>(d, ra, rb);
  if (gpu::lane() == 0) out[0] = d[0];
}
GPU_KERNEL(32) void functions(float* out, float x) {
  out[0] = gpu::fast_exp2(x);
  out[1] = gpu::fast_rsqrt(x);
  out[2] = gpu::fast_rcp(x);
  out[3] = gpu::fast_log2(x);
  out[4] = gpu::fast_tanh(x);
}

/// Nearest value of a format with `m` mantissa bits, `low` the exponent of its smallest normal, ties to even.
double nearest(double x, int m, int low) {
  if (x == 0) return x;
  const int e = std::max(std::ilogb(x), low);
  const double quantum = std::ldexp(1.0, e - m);
  return std::nearbyint(x / quantum) * quantum;
}

}  // namespace

TEST_CASE("bf16 and half round to nearest even, with subnormals and infinities") {
  uint32_t s = 1;
  for (int i = 0; i < 200000; ++i) {
    s = s * 1664525u + 1013904223u;
    const float x = gpu::float_of(i % 3 == 0 ? s : (s & 0x80ffffffu) + (i % 3 == 1 ? 0x38000000u : 0x30000000u));
    if (!std::isfinite(x)) continue;
    const double b = nearest(double(x), 7, -126), h = nearest(double(x), 10, -14);
    if (std::fabs(b) < 3.3e38) CHECK(double(gpu::to_float(gpu::to_bf16(x))) == b);
    CHECK(double(gpu::to_float(gpu::to_half(x))) == (std::fabs(h) > 65504 ? std::copysign(INFINITY, double(x)) : h));
  }
  for (uint32_t b = 0; b < 65536; ++b) {  // there and back
    const auto bits = uint16_t(b);
    const float x = gpu::to_float(gpu::half{bits}), y = gpu::to_float(gpu::bf16{bits});
    if (x == x) CHECK(gpu::to_half(x).bits == bits);
    if (y == y) CHECK(gpu::to_bf16(y).bits == bits);
  }
  CHECK(gpu::to_bf16(gpu::float_of(0x7f800001u)).bits == 0x7fff);
  CHECK(gpu::to_half(65519.0f).bits == 0x7bff);
  CHECK(gpu::to_half(65520.0f).bits == 0x7c00);
}

TEST_CASE("max_bf16 takes the larger number in each half") {
  const auto pair = [](float lo, float hi) { return gpu::pack_bf16(lo, hi); };
  CHECK(gpu::max_bf16(pair(1, -3), pair(2, -4)) == pair(2, -3));
  CHECK(gpu::max_bf16(pair(-INFINITY, 5), pair(-1e30f, INFINITY)) == pair(-1e30f, INFINITY));
  CHECK(gpu::max_bf16(pair(NAN, 7), pair(-8, NAN)) == pair(-8, 7));
}

TEST_CASE("8-bit floats hold the values of their definition") {
  for (int b = 0; b < 256; ++b) {
    const int sign = b & 128 ? -1 : 1, e4 = b >> 3 & 15, m4 = b & 7, e5 = b >> 2 & 31, m5 = b & 3;
    const float x = gpu::to_float(gpu::e4m3{uint8_t(b)}), y = gpu::to_float(gpu::e5m2{uint8_t(b)});
    if (e4 == 15 && m4 == 7)
      CHECK(std::isnan(x));
    else
      CHECK(double(x) == sign * (e4 ? std::ldexp(8 + m4, e4 - 10) : std::ldexp(m4, -9)));
    if (e5 == 31)
      CHECK(!std::isfinite(y));
    else
      CHECK(double(y) == sign * (e5 ? std::ldexp(4 + m5, e5 - 17) : std::ldexp(m5, -16)));
  }
  CHECK(gpu::to_float(gpu::e4m3{0x7e}) == 448.0f);
}

TEST_CASE("the order of a tensor core's sum is not to be relied on") {
  const Fresh fresh;
  // 2^24, then 15 ones: a running float sum loses each of them, an exact one keeps all.
  std::vector<uint32_t> a(128, 0);
  for (size_t l = 0; l < 4; ++l) a[l * 4] = a[l * 4 + 2] = 0x3f803f80u;
  a[0] = 0x3f80u << 16 | 0x4b80u;
  const Buffer<uint32_t> in(a, "in");
  const Buffer<float> out(1, "out");
  std::set<float> seen;
  for (const auto mode : {gpu::emu::Accumulate::kExact, gpu::emu::Accumulate::kSequential,
                          gpu::emu::Accumulate::kPairwise, gpu::emu::Accumulate::kTruncate}) {
    gpu::emu::options().accumulate = mode;
    gpu::launch({.name = "one_sum", .grid = 1, .block = 32}, one_sum, out.p, in.p, 0.0f);
    const float r = out.read()[0];
    seen.insert(r);
    if (mode == gpu::emu::Accumulate::kExact) CHECK(r == 16777232.0f);  // 2^24 + 15 is a tie; even is 2^24 + 16
    if (mode == gpu::emu::Accumulate::kSequential) CHECK(r == 16777216.0f);
    if (mode == gpu::emu::Accumulate::kTruncate) CHECK(r == 16777230.0f);  // toward zero
  }
  CHECK(seen.size() >= 3);
}

TEST_CASE("cutting the terms is what an H200 does") {
  const Fresh fresh;
  gpu::emu::options().accumulate = gpu::emu::Accumulate::kTruncate;
  const auto sum = [](float first, float rest, float c) {  // as printed by tests/cuda/layout_probe.cu on the GPU
    const uint32_t f = gpu::to_bf16(first).bits, r = gpu::to_bf16(rest).bits;
    std::vector<uint32_t> a(128, 0);
    for (size_t l = 0; l < 4; ++l) a[l * 4] = a[l * 4 + 2] = r | r << 16;
    a[0] = f | r << 16;
    const Buffer<uint32_t> in(a, "in");
    const Buffer<float> out(1, "out");
    gpu::launch({.name = "one_sum", .grid = 1, .block = 32}, one_sum, out.p, in.p, c);
    return out.read()[0];
  };
  CHECK(sum(1, 0x1p-24f, 0) == 1 + 7 * 0x1p-23f);  // 7.5 units: down
  CHECK(sum(1, 0x1p-25f, 0) == 1 + 3 * 0x1p-23f);  // 3.75 units: down, so terms of 2^-25 count
  CHECK(sum(1, -0x1p-26f, 0) == 1);                // and terms of 2^-26 do not
  CHECK(sum(16777216, 1, -16777216) == 15);
  CHECK(sum(1, 1, 16777216) == 16777232);
  CHECK(sum(0.5f, 0.5f, 16777216) == 16777224);
}

TEST_CASE("approximations are off by up to 2 units, the same way every time") {
  const Fresh fresh;
  const Buffer<float> out(5, "out");
  int exact = 0;
  for (int i = 1; i <= 60; ++i) {
    const float x = float(i) * 0.13f;
    gpu::launch({.name = "functions", .grid = 1, .block = 1}, functions, out.p, x);
    const auto r = out.read();
    gpu::launch({.name = "functions", .grid = 1, .block = 1}, functions, out.p, x);
    CHECK(r == out.read());
    const double d = double(x), f[5] = {std::exp2(d), 1 / std::sqrt(d), 1 / d, std::log2(d), std::tanh(d)};
    for (int k = 0; k < 5; ++k) {
      const double ulp = std::ldexp(1.0, std::ilogb(f[k]) - 23);
      const double unit = k == 3 ? std::max(ulp, 0x1p-23) : k == 4 ? std::fabs(f[k]) * 0x1p-12 : ulp;
      CHECK(std::fabs(double(r[size_t(k)]) - f[k]) <= 2.51 * unit);
      exact += r[size_t(k)] == float(f[k]);
    }
  }
  CHECK(exact > 10);
  for (const float zero : {0.0f, -0.0f, 0x1p-130f}) {  // promised, so that a factor exp2(0) changes no bit
    gpu::launch({.name = "functions", .grid = 1, .block = 1}, functions, out.p, zero);
    CHECK(out.read()[0] == 1);
  }
  CHECK(exact < 200);
}
