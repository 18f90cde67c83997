// Copies of A and B into forms that the register tile reads well: panels of op(B) as [K][width], blocks of A with
// rows close together. A transposed B goes through 128-bit pieces: loads and inserts place four rows into one
// register's lanes, then a 4 x 4 transpose inside the lanes; half the shuffles of the classical 16 x 16 scheme.
// Trap: columns beyond N are filled with copies of other columns; the tile computes them and never stores them.
// Paper: none.
#pragma once
#include "kernels/gemm_micro.h"

namespace r1::R1_ISA {

/// to[k][j] = b[j][k] for one unit of columns j; those from `columns` on repeat the last one.
R1_INLINE void transpose_plain(real* to, int64_t width, const real* b, int64_t ldb, int64_t columns, int64_t k,
                               int64_t kn) {
  for (; k < kn; ++k)
    for (int64_t j = 0; j < kGemmUnit; ++j) to[k * width + j] = b[(j < columns ? j : columns - 1) * ldb + k];
}

#if defined(__FMA__) && !defined(R1_REAL_DOUBLE)
#define R1_HAVE_TRANSPOSE  // else element by element
/// Four k of one unit of columns: out[q][j] = lane[j / 4][(j % 4) * ldb + q], for a part's worth of j.
#ifdef __AVX512F__
constexpr __mmask16 kAll = 0xffff;  // the maskless forms draw false warnings from gcc 12; the code is the same
R1_INLINE __m512 gather_lanes(const real* const* lane, int64_t offset) {
  __m512 v = _mm512_castps128_ps512(_mm_loadu_ps(lane[0] + offset));
  v = _mm512_maskz_insertf32x4(kAll, v, _mm_loadu_ps(lane[1] + offset), 1);
  v = _mm512_maskz_insertf32x4(kAll, v, _mm_loadu_ps(lane[2] + offset), 2);
  return _mm512_maskz_insertf32x4(kAll, v, _mm_loadu_ps(lane[3] + offset), 3);
}
R1_INLINE __m512 low_pairs(__m512 a, __m512 b) { return _mm512_maskz_unpacklo_ps(kAll, a, b); }
R1_INLINE __m512 high_pairs(__m512 a, __m512 b) { return _mm512_maskz_unpackhi_ps(kAll, a, b); }
R1_INLINE __m512 low_halves(__m512 a, __m512 b) { return _mm512_maskz_shuffle_ps(kAll, a, b, 0x44); }
R1_INLINE __m512 high_halves(__m512 a, __m512 b) { return _mm512_maskz_shuffle_ps(kAll, a, b, 0xee); }
#else
R1_INLINE __m256 gather_lanes(const real* const* lane, int64_t offset) {
  return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(lane[0] + offset)), _mm_loadu_ps(lane[1] + offset),
                              1);
}
R1_INLINE __m256 low_pairs(__m256 a, __m256 b) { return _mm256_unpacklo_ps(a, b); }
R1_INLINE __m256 high_pairs(__m256 a, __m256 b) { return _mm256_unpackhi_ps(a, b); }
R1_INLINE __m256 low_halves(__m256 a, __m256 b) { return _mm256_shuffle_ps(a, b, 0x44); }
R1_INLINE __m256 high_halves(__m256 a, __m256 b) { return _mm256_shuffle_ps(a, b, 0xee); }
#endif
R1_INLINE void transpose_four(part (&out)[4], const real* const* lane, int64_t ldb) {
  const auto r0 = gather_lanes(lane, 0), r1 = gather_lanes(lane, ldb);
  const auto r2 = gather_lanes(lane, 2 * ldb), r3 = gather_lanes(lane, 3 * ldb);
  const auto a = low_pairs(r0, r1), b = low_pairs(r2, r3), c = high_pairs(r0, r1), d = high_pairs(r2, r3);
  out[0] = (part)low_halves(a, b), out[1] = (part)high_halves(a, b);
  out[2] = (part)low_halves(c, d), out[3] = (part)high_halves(c, d);
}

R1_INLINE void transpose_unit(real* to, int64_t width, const real* b, int64_t ldb, int64_t columns, int64_t kn) {
  if (columns % 4 != 0) return transpose_plain(to, width, b, ldb, columns, 0, kn);
  constexpr int kPartLanes = kPart / 4;
  for (int64_t j = 0; j < kGemmUnit; j += kPart) {
    const real* lane[kPartLanes];
    for (int l = 0; l < kPartLanes; ++l) lane[l] = b + (j + 4 * l < columns ? j + 4 * l : columns - 4) * ldb;
    real* out = to + j;
    for (int64_t k = 0; k + 4 <= kn; k += 4, out += 4 * width) {
      part v[4];
      transpose_four(v, lane, ldb);
      R1_UNROLL_TILE
      for (int q = 0; q < 4; ++q) store_part(out + q * width, v[q]);
      R1_UNROLL_TILE
      for (int l = 0; l < kPartLanes; ++l) lane[l] += 4;
    }
  }
  transpose_plain(to, width, b, ldb, columns, kn / 4 * 4, kn);
}
#else
R1_INLINE void transpose_unit(real* to, int64_t width, const real* b, int64_t ldb, int64_t columns, int64_t kn) {
  transpose_plain(to, width, b, ldb, columns, 0, kn);
}
#endif

/// to [kn][width] = rows of `b` [kn, >= columns]; columns in [1, width].
static void copy_panel(real* to, int64_t width, const real* b, int64_t ldb, int64_t columns, int64_t kn) {
  if (columns == width) {
    for (int64_t k = 0; k < kn; ++k, to += width, b += ldb)
      for (int64_t j = 0; j < width; j += kPart) store_part(to + j, load_part(b + j));
    return;
  }
  for (int64_t k = 0; k < kn; ++k, to += width, b += ldb) {
    int64_t j = 0;
    for (; j + kPart <= columns; j += kPart) store_part(to + j, load_part(b + j));
    for (; j < width; j += kPart) store_part(to + j, j < columns ? load_part(b + j, columns - j) : part{});
  }
}

/// to [kn][width] = the transpose of `b` [columns, >= kn].
static void transpose_panel(real* to, int64_t width, const real* b, int64_t ldb, int64_t columns, int64_t kn) {
  for (int64_t j = 0; j < width; j += kGemmUnit)
    transpose_unit(to + j, width, b + j * ldb, ldb, columns - j < kGemmUnit ? columns - j : kGemmUnit, kn);
}

/// Packs k in [k0, k0 + kn) of one panel of op(B)[K, n].
R1_INLINE void pack_panel(real* to, const real* b, int64_t ldb, bool trans_b, int64_t n, GemmPanel p, int64_t k0,
                          int64_t kn) {
  const int64_t columns = p.begin + p.width < n ? p.width : n - p.begin;
  if (trans_b)
    transpose_panel(to, p.width, b + p.begin * ldb + k0, ldb, columns, kn);
  else
    copy_panel(to, p.width, b + k0 * ldb + p.begin, ldb, columns, kn);
}

/// to [rows][ld] = the first `columns` of `rows` rows of a.
static void copy_block(real* to, int64_t ld, const real* a, int64_t lda, int64_t rows, int64_t columns) {
  for (int64_t i = 0; i < rows; ++i, to += ld, a += lda)
    std::memcpy(to, a, static_cast<size_t>(columns) * sizeof(real));
}

}  // namespace r1::R1_ISA
