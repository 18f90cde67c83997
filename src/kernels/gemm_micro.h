// The register tile of the matrix product: MR rows x NP vector registers of C, one fused multiply-add per k and
// element, k ascending. A is read in place by broadcasts, through two strides that cover both transposes.
// Trap: the tile must stay in registers: the loops over it unroll fully, and MR * NP + NP + 1 must not exceed the
// register count (32 with AVX-512, 16 with AVX2). Paper: none.
#pragma once
#include "kernels/gemm_plan.h"
#include "kernels/part.h"

namespace r1::R1_ISA {

/// Memory that will be needed soon, fetched into L2 a few rows per tile so that its latency hides under arithmetic.
struct Ahead {
  const real* next = nullptr;
  int64_t stride = 0, left = 0;  ///< rows to go, `stride` elements apart
  int64_t lines = 0;             ///< cache lines of a row
  int64_t at_once = 0;           ///< rows fetched each time
};

/// `tiles` register tiles below one another, against one panel of B.
struct Strip {
  int64_t tiles, k;
  const real* a;               ///< A(i, k) of the first tile is a[i * a_row + k * a_k]
  int64_t a_row, a_k, a_tile;  ///< a_tile: from one tile's A to the next's
  const real* b;               ///< [k][NP parts], rows b_k apart, all of them readable
  int64_t b_k;
  real* c;
  const real* c_after;  ///< C of the tile after this strip, or null
  int64_t ldc;
  int64_t last;     ///< columns of the last part that exist, 1 to kPart
  bool load_c;      ///< start from C instead of 0
  bool far;         ///< C is not in a near cache
  int64_t stretch;  ///< k between fetches: all in one burst would fill the line buffers that A and B need
  Ahead* ahead;     ///< null: nothing
};

static inline void fetch(Ahead& x) {
  for (int64_t r = x.at_once < x.left ? x.at_once : x.left; r > 0; --r, --x.left, x.next += x.stride)
    for (int64_t l = 0; l < x.lines; ++l) __builtin_prefetch(x.next + l * kGemmUnit, 0, 2);
}

template <int MR, int NP>
static void strip(const Strip& s) {
  static_assert(sizeof(part) < 64 ? MR * NP <= 12 : MR * NP <= 24);
  const real* a_begin = s.a;
  real* c = s.c;
  const int64_t row = s.a_row, step_a = s.a_k, step_b = s.b_k, ldc = s.ldc;
  const bool ragged = s.last < kPart;
  for (int64_t t = 0; t < s.tiles; ++t, a_begin += s.a_tile, c += MR * ldc) {
    part acc[MR][NP];
    R1_UNROLL_TILE
    for (int i = 0; i < MR; ++i) {
      R1_UNROLL_TILE
      for (int j = 0; j < NP; ++j) {
        if (!s.load_c)
          acc[i][j] = part{};
        else
          acc[i][j] =
              j + 1 < NP || !ragged ? load_part(c + i * ldc + j * kPart) : load_part(c + i * ldc + j * kPart, s.last);
      }
    }
    const real* a[(MR + 3) / 4];  // one pointer for four rows: x86 addresses reach row, 2 row and 3 row beyond
    R1_UNROLL_TILE
    for (int q = 0; q < (MR + 3) / 4; ++q) a[q] = a_begin + 4 * q * row;
    const real* b = s.b;
    const real* c_next = t + 1 < s.tiles ? c + MR * ldc : s.c_after;
    for (int64_t done = 0; done < s.k; done += s.stretch) {
      if (s.far) {
        if (s.ahead) fetch(*s.ahead);
        if (c_next && done < MR * s.stretch) {
          R1_UNROLL_TILE
          for (int j = 0; j < NP; ++j) __builtin_prefetch(c_next + j * kPart, 1);
          c_next += ldc;
        }
      }
      const int64_t end = s.k - done < s.stretch ? s.k - done : s.stretch;
      for (int64_t k = 0; k < end; ++k, b += step_b) {
        part bv[NP];
        R1_UNROLL_TILE
        for (int j = 0; j < NP; ++j) bv[j] = load_part(b + j * kPart);
        R1_UNROLL_TILE
        for (int i = 0; i < MR; ++i) {
          const part av = a[i / 4][(i % 4) * row] - part{};  // broadcast; x - 0 keeps -0
          R1_UNROLL_TILE
          for (int j = 0; j < NP; ++j) acc[i][j] = fma_part(av, bv[j], acc[i][j]);
        }
        R1_UNROLL_TILE
        for (int q = 0; q < (MR + 3) / 4; ++q) a[q] += step_a;
      }
    }
    R1_UNROLL_TILE
    for (int i = 0; i < MR; ++i) {
      R1_UNROLL_TILE
      for (int j = 0; j < NP; ++j) {
        if (j + 1 < NP || !ragged)
          store_part(c + i * ldc + j * kPart, acc[i][j]);
        else
          store_part(c + i * ldc + j * kPart, acc[i][j], s.last);
      }
    }
  }
}

constexpr int kTileParts = sizeof(part) == 64 ? 3 : 2;
/// Most rows of a tile that is `parts` registers wide.
constexpr int kTileRows[4] = {0, sizeof(part) == 64 ? 16 : 12, sizeof(part) == 64 ? 12 : 6, sizeof(part) == 64 ? 8 : 4};

using StripFn = void (*)(const Strip&);
template <int NP, int... I>
R1_INLINE StripFn pick_strip(int rows, std::integer_sequence<int, I...>) {
  static constexpr StripFn table[] = {strip<I + 1, NP>...};
  return table[rows - 1];
}
/// The strip of tiles of 1 <= rows <= kTileRows[parts].
R1_INLINE StripFn strip_for(int rows, int parts) {
  switch (parts) {
    case 1:
      return pick_strip<1>(rows, std::make_integer_sequence<int, kTileRows[1]>());
    case 2:
      return pick_strip<2>(rows, std::make_integer_sequence<int, kTileRows[2]>());
    default:  // three parts: AVX-512 alone
      if constexpr (kTileParts == 3) return pick_strip<3>(rows, std::make_integer_sequence<int, kTileRows[3]>());
  }
  return nullptr;
}

}  // namespace r1::R1_ISA
