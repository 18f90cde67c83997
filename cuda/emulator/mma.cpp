// mma and ldmatrix: registers of 32 lanes to matrices and back by the layouts of the PTX ISA, products exact, sums in a
// selectable order. tests/cuda/emulator/layout_test.cpp holds the layouts against tables written down independently.
// Paper: none.
#include "emulator/mma.hpp"

#include <cmath>
#include <cstring>

#include "emulator/state.hpp"

namespace gpu::emu {

namespace {

float pairwise(const float* p, int n) {
  if (n == 1) return p[0];
  return pairwise(p, n / 2) + pairwise(p + n / 2, n - n / 2);
}

/// All terms cut to a common grid below the largest one, summed exactly, cut again: no rounding to nearest anywhere.
float truncated(float c, const float* p, int n, int bits) {
  int top = c != 0 ? std::ilogb(c) : -1000;
  for (int i = 0; i < n; ++i)
    if (p[i] != 0) top = std::max(top, std::ilogb(p[i]));
  if (top == -1000) return c;
  const int shift = bits - 1 - top;
  double sum = std::trunc(std::ldexp(double(c), shift));
  for (int i = 0; i < n; ++i) sum += std::trunc(std::ldexp(double(p[i]), shift));
  const double exact = std::ldexp(sum, -shift);
  const auto rounded = float(exact);
  return std::fabs(double(rounded)) > std::fabs(exact) ? std::nextafter(rounded, 0.0f) : rounded;
}

}  // namespace

float accumulate(float c, const float* a, const float* b, int n, int bits) {
  if (options().accumulate == Accumulate::kExact) {
    double s = 0;
    for (int i = 0; i < n; ++i) s += double(a[i]) * double(b[i]);
    return float(s + double(c));
  }
  float p[64];
  bool finite = std::isfinite(c);
  for (int i = 0; i < n; ++i) {
    p[i] = a[i] * b[i];
    finite = finite && std::isfinite(p[i]);
  }
  if (options().accumulate == Accumulate::kPairwise) return c + pairwise(p, n);
  if (options().accumulate == Accumulate::kTruncate && finite) return truncated(c, p, n, bits);
  for (int i = 0; i < n; ++i) c += p[i];
  return c;
}

namespace {

struct Shape {
  int k;    ///< depth of the product
  int per;  ///< values a register
  bool integer;
};

Shape shape_of(WarpOp op) {
  switch (op) {
    case WarpOp::kMmaTf32:
      return {8, 1, false};
    case WarpOp::kMmaE4m3:
    case WarpOp::kMmaE5m2:
      return {32, 4, false};
    case WarpOp::kMmaS8:
      return {32, 4, true};
    default:
      return {16, 2, false};
  }
}

/// Value i of a register.
float decode(WarpOp op, uint32_t r, int i) {
  switch (op) {
    case WarpOp::kMmaBf16:
      return to_float(bf16{uint16_t(r >> (16 * i))});
    case WarpOp::kMmaHalf:
      return to_float(half{uint16_t(r >> (16 * i))});
    case WarpOp::kMmaTf32:
      return float_of(r & 0xffffe000u);  // the hardware does not see the low 13 bits
    case WarpOp::kMmaE4m3:
      return to_float(e4m3{uint8_t(r >> (8 * i))});
    case WarpOp::kMmaE5m2:
      return to_float(e5m2{uint8_t(r >> (8 * i))});
    default:
      return float(int8_t(r >> (8 * i)));
  }
}

struct Operands {
  float a[16][32], b[8][32];  ///< b[n][k]: columns of B
};

void gather(const WarpGroup& g, const Shape& s, Operands& m) {
  for (int l = 0; l < 32; ++l) {
    const auto& r = *static_cast<const MmaRegisters*>(g.operand[l]);
    const int row = l >> 2, t = l & 3;
    for (int i = 0; i < 4; ++i)  // registers of A: rows g, g + 8, then the second half of k
      for (int v = 0; v < s.per; ++v)
        m.a[row + (i & 1) * 8][t * s.per + v + (i >> 1) * (s.k / 2)] = decode(g.op, r.a[i], v);
    for (int i = 0; i < 2; ++i)
      for (int v = 0; v < s.per; ++v) m.b[row][t * s.per + v + i * (s.k / 2)] = decode(g.op, r.b[i], v);
  }
}

void scatter(const WarpGroup& g, const Shape& s, const Operands& m) {
  const int bits = s.k == 32 ? 14 : kKeptBits;
  for (int l = 0; l < 32; ++l) {
    const auto& r = *static_cast<const MmaRegisters*>(g.operand[l]);
    for (int i = 0; i < 4; ++i) {
      const int row = (l >> 2) + (i >> 1) * 8, col = (l & 3) * 2 + (i & 1);
      if (s.integer) {
        uint32_t sum = uint32_t(static_cast<int32_t*>(r.d)[i]);
        for (int k = 0; k < s.k; ++k) sum += uint32_t(int32_t(m.a[row][k]) * int32_t(m.b[col][k]));
        static_cast<int32_t*>(r.d)[i] = int32_t(sum);
      } else {
        float& d = static_cast<float*>(r.d)[i];
        d = accumulate(d, m.a[row], m.b[col], s.k, bits);
      }
    }
  }
}

bool stores(WarpOp op) { return op == WarpOp::kStmatrix || op == WarpOp::kStmatrixTrans; }
bool transposes(WarpOp op) { return op == WarpOp::kLdmatrixTrans || op == WarpOp::kStmatrixTrans; }

}  // namespace

void warp_mma(const WarpGroup& g) {
  ++g_counters.mma;
  Operands m;
  const Shape s = shape_of(g.op);
  gather(g, s, m);
  scatter(g, s, m);
}

void check_matrix_row(const Fiber& f, WarpOp op, const MatrixRow& m, Site at) {
  if (f.lane >= 8 * m.tiles) return;  // its address is not used
  check_shared(m.row, 16, 16, stores(op) ? "stmatrix" : "ldmatrix", at);
}

void warp_matrix(const WarpGroup& g, Warp& w) {
  const int tiles = static_cast<const MatrixRow*>(g.operand[0])->tiles;
  for (int tile = 0; tile < tiles; ++tile) {
    const void* rows[8];
    for (int r = 0; r < 8; ++r) {
      const int lane = 8 * tile + r;
      rows[r] = static_cast<const MatrixRow*>(g.operand[lane])->row;
      if (!race::enabled()) continue;
      if (stores(g.op))
        race::write(*w.fiber[lane], rows[r], 16, g.at);
      else
        race::read(*w.fiber[lane], rows[r], 16, g.at);
    }
    count_matrix(rows, 8);
    for (int l = 0; l < 32; ++l)
      for (int v = 0; v < 2; ++v) {
        int row = l >> 2, col = (l & 3) * 2 + v;
        if (transposes(g.op)) std::swap(row, col);
        auto* element = static_cast<uint16_t*>(const_cast<void*>(rows[row])) + col;
        uint32_t& r = static_cast<const MatrixRow*>(g.operand[l])->r[tile];
        if (stores(g.op))
          *element = uint16_t(r >> (16 * v));
        else
          r = v == 0 ? *element : (r & 0xffffu) | uint32_t(*element) << 16;
      }
  }
}

}  // namespace gpu::emu
