// Rotary position embedding on strided rows: pairs are neighbours (2i, 2i+1) or halves (i, i + d/2).
// The backward is the rotation by the opposite angle. Paper: [V3 Eq. 4], [V3 Eq. 8] (decoupled keys and queries).
#pragma once
#include "kernels/kernel.h"

namespace r1 {

template <class T>
struct RopeArgsOf {
  int64_t rows = 0, heads = 1, d = 0;
  const T* src = nullptr;  ///< [rows, heads, d], rows src_ld apart, heads src_head apart
  int64_t src_ld = 0, src_head = 0;
  T* dst = nullptr;  ///< the same for the result; may equal src
  int64_t dst_ld = 0, dst_head = 0;
  const real* table = nullptr;         ///< [max_seq_len, d/2, 2] cosine and sine
  const int32_t* positions = nullptr;  ///< [rows]
  bool interleave = true;
  bool inverse = false;     ///< rotate back (backward)
  bool accumulate = false;  ///< dst += instead of dst =
};
using RopeArgs = RopeArgsOf<real>;

R1_KERNEL(rope, const Exec& ex, const RopeArgs& a)
R1_KERNEL_CUDA(rope, const Exec& ex, const RopeArgsOf<bf16>& a)

}  // namespace r1
