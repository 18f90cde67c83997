// Element types of weight files: a closed table, and conversion to and from the project's `real`.
// In: bytes as they lie in a file, of any alignment, little-endian. Out: float or double. Rounding is to nearest even.
// Paper: none.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/io.h"
#include "base/types.h"

namespace r1 {

/// safetensors' names; sub-byte and fp8 kinds are known by size and can be carried, not yet converted.
enum class FileDtype : uint8_t {
  kBool,
  kF4,
  kF6E2m3,
  kF6E3m2,
  kU8,
  kI8,
  kF8E5m2,
  kF8E4m3,
  kF8E8m0,
  kI16,
  kU16,
  kF16,
  kBf16,
  kI32,
  kU32,
  kF32,
  kC64,
  kF64,
  kI64,
  kU64,
};

/// Name in a safetensors header: "F32".
std::string_view dtype_name(FileDtype t);
/// The type of that name, or nothing.
std::optional<FileDtype> dtype_of(std::string_view name);
/// Bits of one element (4, 6, 8, 16, 32 or 64).
uint64_t dtype_bits(FileDtype t);
/// True for the types that convert_in takes.
bool is_convertible(FileDtype t);

/// The file type that holds `real` exactly.
constexpr FileDtype kRealDtype = sizeof(real) == 8 ? FileDtype::kF64 : FileDtype::kF32;

/// bytes -> n numbers, n = bits of `in` / bits of the type. Throws Error for a type without conversion.
void convert_in(FileDtype t, Bytes in, float* out);
void convert_in(FileDtype t, Bytes in, double* out);
/// n numbers -> bytes at `out` (n * bits / 8 of them): F32, F64, BF16 and F16.
void convert_out(FileDtype t, const float* in, int64_t n, std::byte* out);
void convert_out(FileDtype t, const double* in, int64_t n, std::byte* out);

/// Scalar conversions, exact or rounded to nearest even; NaN stays NaN.
float half_to_float(uint16_t h);
uint16_t float_to_half(float f);
float bf16_to_float(uint16_t b);
uint16_t float_to_bf16(float f);

}  // namespace r1
