// The table of file element types and their conversions. Paper: none.
#include "formats/dtype.h"

#include <array>
#include <bit>
#include <cstring>

namespace r1 {

namespace {

struct Row {
  FileDtype type;
  std::string_view name;
  uint64_t bits;
};

constexpr std::array<Row, 20> kRows{{
    {FileDtype::kBool, "BOOL", 8},      {FileDtype::kF4, "F4", 4},          {FileDtype::kF6E2m3, "F6_E2M3", 6},
    {FileDtype::kF6E3m2, "F6_E3M2", 6}, {FileDtype::kU8, "U8", 8},          {FileDtype::kI8, "I8", 8},
    {FileDtype::kF8E5m2, "F8_E5M2", 8}, {FileDtype::kF8E4m3, "F8_E4M3", 8}, {FileDtype::kF8E8m0, "F8_E8M0", 8},
    {FileDtype::kI16, "I16", 16},       {FileDtype::kU16, "U16", 16},       {FileDtype::kF16, "F16", 16},
    {FileDtype::kBf16, "BF16", 16},     {FileDtype::kI32, "I32", 32},       {FileDtype::kU32, "U32", 32},
    {FileDtype::kF32, "F32", 32},       {FileDtype::kC64, "C64", 64},       {FileDtype::kF64, "F64", 64},
    {FileDtype::kI64, "I64", 64},       {FileDtype::kU64, "U64", 64},
}};

const Row& row_of(FileDtype t) { return kRows[static_cast<size_t>(t)]; }

template <class Stored, class Out, class F>
void each(Bytes in, Out* out, F f) {
  for (size_t i = 0; i < in.size() / sizeof(Stored); ++i) {
    Stored v;
    std::memcpy(&v, in.data() + i * sizeof(Stored), sizeof(Stored));
    out[i] = static_cast<Out>(f(v));
  }
}

template <class Out>
void convert_any_in(FileDtype t, Bytes in, Out* out) {
  const auto same = [](auto v) { return v; };
  switch (t) {
    case FileDtype::kBool:
    case FileDtype::kU8:
      return each<uint8_t>(in, out, same);
    case FileDtype::kI8:
      return each<int8_t>(in, out, same);
    case FileDtype::kI16:
      return each<int16_t>(in, out, same);
    case FileDtype::kU16:
      return each<uint16_t>(in, out, same);
    case FileDtype::kF16:
      return each<uint16_t>(in, out, half_to_float);
    case FileDtype::kBf16:
      return each<uint16_t>(in, out, bf16_to_float);
    case FileDtype::kI32:
      return each<int32_t>(in, out, same);
    case FileDtype::kU32:
      return each<uint32_t>(in, out, same);
    case FileDtype::kF32:
      return each<float>(in, out, same);
    case FileDtype::kF64:
      return each<double>(in, out, same);
    case FileDtype::kI64:
      return each<int64_t>(in, out, same);
    case FileDtype::kU64:
      return each<uint64_t>(in, out, same);
    default:
      fail("no conversion from element type ", dtype_name(t), " to numbers");
  }
}

template <class Stored, class In, class F>
void put_each(const In* in, int64_t n, std::byte* out, F f) {
  for (int64_t i = 0; i < n; ++i) {
    const Stored v = f(in[i]);
    std::memcpy(out + static_cast<size_t>(i) * sizeof(Stored), &v, sizeof(Stored));
  }
}

template <class In>
void convert_any_out(FileDtype t, const In* in, int64_t n, std::byte* out) {
  switch (t) {
    case FileDtype::kF32:
      return put_each<float>(in, n, out, [](In v) { return static_cast<float>(v); });
    case FileDtype::kF64:
      return put_each<double>(in, n, out, [](In v) { return static_cast<double>(v); });
    case FileDtype::kBf16:
      return put_each<uint16_t>(in, n, out, [](In v) { return float_to_bf16(static_cast<float>(v)); });
    case FileDtype::kF16:
      return put_each<uint16_t>(in, n, out, [](In v) { return float_to_half(static_cast<float>(v)); });
    default:
      fail("no conversion from numbers to element type ", dtype_name(t));
  }
}

}  // namespace

std::string_view dtype_name(FileDtype t) { return row_of(t).name; }

std::optional<FileDtype> dtype_of(std::string_view name) {
  for (const Row& r : kRows)
    if (r.name == name) return r.type;
  return std::nullopt;
}

uint64_t dtype_bits(FileDtype t) { return row_of(t).bits; }

bool is_convertible(FileDtype t) {
  switch (t) {
    case FileDtype::kF4:
    case FileDtype::kF6E2m3:
    case FileDtype::kF6E3m2:
    case FileDtype::kF8E5m2:
    case FileDtype::kF8E4m3:
    case FileDtype::kF8E8m0:
    case FileDtype::kC64:
      return false;
    default:
      return true;
  }
}

void convert_in(FileDtype t, Bytes in, float* out) { convert_any_in(t, in, out); }
void convert_in(FileDtype t, Bytes in, double* out) { convert_any_in(t, in, out); }
void convert_out(FileDtype t, const float* in, int64_t n, std::byte* out) { convert_any_out(t, in, n, out); }
void convert_out(FileDtype t, const double* in, int64_t n, std::byte* out) { convert_any_out(t, in, n, out); }

float bf16_to_float(uint16_t b) { return std::bit_cast<float>(static_cast<uint32_t>(b) << 16); }

uint16_t float_to_bf16(float f) {
  const uint32_t u = std::bit_cast<uint32_t>(f);
  if ((u & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>(u >> 16 | 0x40);  // keep NaN a NaN
  return static_cast<uint16_t>((u + 0x7fffu + (u >> 16 & 1)) >> 16);
}

float half_to_float(uint16_t h) {
  const uint32_t sign = static_cast<uint32_t>(h & 0x8000) << 16, exponent = h >> 10 & 31, mantissa = h & 0x3ff;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | mantissa << 13);
  if (exponent == 0) {  // zero or subnormal: mantissa * 2^-24, exact in float
    const float v = static_cast<float>(mantissa) * 0x1p-24f;
    return sign ? -v : v;
  }
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

uint16_t float_to_half(float f) {
  const uint32_t u = std::bit_cast<uint32_t>(f), sign = u >> 16 & 0x8000, a = u & 0x7fffffffu;
  if (a > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00);
  if (a >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00);  // from 65520 on: infinity
  if (a < 0x38800000u) {  // below 2^-14: adding 0.5 leaves the rounded subnormal mantissa in the low bits
    const uint32_t r = std::bit_cast<uint32_t>(std::bit_cast<float>(a) + 0.5f) - 0x3f000000u;
    return static_cast<uint16_t>(sign | r);
  }
  const uint32_t rounded = a - (112u << 23) + 0xfffu + (a >> 13 & 1);
  return static_cast<uint16_t>(sign | rounded >> 13);
}

}  // namespace r1
