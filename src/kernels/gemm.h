// Matrix product: C[M, N] (=|+=) op(A)[M, K] op(B)[K, N], row-major with leading dimensions, batched by strides.
// Promise: every element of C is one FMA chain over k ascending, starting from 0 (or from C's old value when
// accumulating), so its bits depend on nothing else: not on M, N, the batch, tiles, threads or instruction set.
// Paper: none.
#pragma once
#include "kernels/kernel.h"

namespace r1 {

template <class In, class Out>
struct GemmArgsOf {
  int64_t m = 0, n = 0, k = 0;
  const In* a = nullptr;  ///< [M, K] with rows lda apart, or [K, M] if trans_a
  int64_t lda = 0;
  bool trans_a = false;
  const In* b = nullptr;  ///< [K, N] with rows ldb apart, or [N, K] if trans_b (a linear layer's weight [out, in])
  int64_t ldb = 0;
  bool trans_b = false;
  Out* c = nullptr;  ///< [M, N] with rows ldc apart
  int64_t ldc = 0;
  bool accumulate = false;  ///< C += instead of C =
  int64_t batch = 1;        ///< number of products; element strides between them:
  int64_t stride_a = 0, stride_b = 0, stride_c = 0;
  /// B already packed by gemm_pack_b (weights that do not change); b is then unused. With stride_b each product of a
  /// batch has its own, gemm_packed_size apart.
  const In* packed_b = nullptr;
};
using GemmArgs = GemmArgsOf<real, real>;

R1_KERNEL(gemm, const Exec& ex, const GemmArgs& g)
/// bf16 operands, accumulated in float by the tensor cores: k ascending in blocks of 16, one instruction shape a chip,
/// no split of K, so that a row's bits depend neither on m nor on the rest of the batch. No packed_b.
R1_KERNEL_CUDA(gemm, const Exec& ex, const GemmArgsOf<bf16, bf16>& g)
R1_KERNEL_CUDA(gemm, const Exec& ex, const GemmArgsOf<bf16, float>& g)

/// Fast mode (Exec::exact false) on the device. A float product rounds its operands to tf32:
/// |C - AB| <= (2 * 2^-11 + k * 2^-24) |A||B|. A product of few tiles of 128 x 128 is made by parts of k, so many k
/// each, that are added in order; k: it is not split.
inline int64_t gemm_part(int64_t m, int64_t n, int64_t k) {
  const int64_t tiles = ((m + 127) / 128) * ((n + 127) / 128);
  if (tiles > 64 || k < 512) return k;
  const int64_t room = 256 / tiles, parts = room < k / 256 ? room : k / 256;
  return ((k + parts - 1) / parts + 31) / 32 * 32;
}
/// Scratch bytes of a product in fast mode on the device. Only single products are split.
inline size_t gemm_fast_workspace(int64_t m, int64_t n, int64_t k, int64_t batch) {
  const int64_t part = gemm_part(m, n, k), parts = part > 0 ? (k + part - 1) / part : 1;
  return batch == 1 && parts > 1 ? static_cast<size_t>(parts * m * n) * sizeof(float) : 0;
}

/// Scratch bytes that `gemm` needs for these sizes with this many workers.
size_t gemm_workspace(const GemmArgs& g, int workers);

/// Elements of the packed form of op(B)[K, N] (one product of a batch).
int64_t gemm_packed_size(int64_t n, int64_t k);
/// Packs op(B) once, for GemmArgs::packed_b. The product has the same bits as without.
R1_KERNEL_CPU_ONLY(gemm_pack_b, const Exec& ex, real* packed, const real* b, int64_t ldb, bool trans_b, int64_t n,
                   int64_t k)

}  // namespace r1
