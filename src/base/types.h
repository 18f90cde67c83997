// The element types of the project. `real` is float; the build with R1_REAL_DOUBLE makes it double, so that
// every op, layer and objective can be checked against numeric Jacobians (design: promises). Paper: none.
#pragma once
#include <cstddef>
#include <cstdint>

namespace r1 {

#ifdef R1_REAL_DOUBLE
using real = double;
#else
using real = float;
#endif

/// Token ids: the only currency between tokenizer and engine.
using token_t = int32_t;

enum class Device : uint8_t { kCpu, kCuda };

enum class DType : uint8_t { kReal, kBf16, kInt32 };

/// Bytes of one element.
constexpr size_t size_of(DType t) { return t == DType::kReal ? sizeof(real) : t == DType::kBf16 ? 2 : 4; }

}  // namespace r1
