// Element-wise maps on 16 virtual lanes. Paper: [V3 §2.1.2].
#include "kernels/elementwise.h"

#include "kernels/vec.h"

namespace r1::R1_ISA {

namespace {
constexpr int64_t kGrain = 1 << 14;

/// fn(i, n) over [0, total) in steps of 16 lanes; n < 16 only at the end.
template <class F>
R1_INLINE void lanes(int64_t total, const F& fn) {
  int64_t i = 0;
  for (; i + kLanes <= total; i += kLanes) fn(i, int64_t{kLanes});
  if (i < total) fn(i, total - i);
}
}  // namespace

void swiglu_fwd(const Exec& ex, real* y, const real* h, int64_t rows, int64_t inner) {
  parallel_chunks(ex.pool, rows, 64, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      lanes(inner, [&](int64_t i, int64_t n) {
        const vec g = load_tail(h + r * 2 * inner + i, n), u = load_tail(h + r * 2 * inner + inner + i, n);
        store_tail(y + r * inner + i, g * sigmoid(g) * u, n);
      });
  });
}

void swiglu_bwd(const Exec& ex, real* dh, const real* dy, const real* h, int64_t rows, int64_t inner) {
  parallel_chunks(ex.pool, rows, 64, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      lanes(inner, [&](int64_t i, int64_t n) {
        const vec g = load_tail(h + r * 2 * inner + i, n), u = load_tail(h + r * 2 * inner + inner + i, n);
        const vec d = load_tail(dy + r * inner + i, n), s = sigmoid(g), silu = g * s;
        store_tail(dh + r * 2 * inner + i, d * u * (s + silu * (real(1) - s)), n);
        store_tail(dh + r * 2 * inner + inner + i, d * silu, n);
      });
  });
}

void add(const Exec& ex, real* y, const real* a, const real* b, int64_t n) {
  parallel_chunks(ex.pool, n, kGrain, [&](int64_t begin, int64_t end) {
    lanes(end - begin, [&](int64_t i, int64_t m) {
      store_tail(y + begin + i, load_tail(a + begin + i, m) + load_tail(b + begin + i, m), m);
    });
  });
}

void scale(const Exec& ex, real* y, const real* x, real factor, int64_t n, bool accumulate) {
  parallel_chunks(ex.pool, n, kGrain, [&](int64_t begin, int64_t end) {
    lanes(end - begin, [&](int64_t i, int64_t m) {
      const vec v = load_tail(x + begin + i, m) * factor;
      store_tail(y + begin + i, accumulate ? load_tail(y + begin + i, m) + v : v, m);
    });
  });
}

void copy_rows(const Exec& ex, real* y, int64_t ldy, const real* x, int64_t ldx, int64_t rows, int64_t cols,
               bool accumulate) {
  parallel_chunks(ex.pool, rows, 256, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      lanes(cols, [&](int64_t i, int64_t n) {
        const vec v = load_tail(x + r * ldx + i, n);
        store_tail(y + r * ldy + i, accumulate ? load_tail(y + r * ldy + i, n) + v : v, n);
      });
  });
}

void bias_fwd(const Exec& ex, real* y, const real* b, int64_t rows, int64_t cols) {
  parallel_chunks(ex.pool, rows, 256, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      lanes(cols, [&](int64_t i, int64_t n) {
        store_tail(y + r * cols + i, load_tail(y + r * cols + i, n) + load_tail(b + i, n), n);
      });
  });
}

void bias_bwd(const Exec& ex, real* db, const real* dy, int64_t rows, int64_t cols) {
  parallel_chunks(ex.pool, cols, 64, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; c += kLanes) {
      vec acc = load_tail(db + c, end - c);
      for (int64_t r = 0; r < rows; ++r) acc = acc + load_tail(dy + r * cols + c, end - c);
      store_tail(db + c, acc, end - c);
    }
  });
}

void embedding_fwd(const Exec& ex, real* y, const real* table, const int32_t* ids, int64_t rows, int64_t cols) {
  parallel_chunks(ex.pool, rows, 256, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      lanes(cols,
            [&](int64_t i, int64_t n) { store_tail(y + r * cols + i, load_tail(table + ids[r] * cols + i, n), n); });
  });
}

void embedding_bwd(const Exec& ex, real* dtable, const real* dy, const int32_t* ids, int64_t rows, int64_t cols) {
  parallel_chunks(ex.pool, cols, 64, [&](int64_t begin, int64_t end) {
    for (int64_t r = 0; r < rows; ++r)
      lanes(end - begin, [&](int64_t i, int64_t n) {
        real* d = dtable + ids[r] * cols + begin + i;
        store_tail(d, load_tail(d, n) + load_tail(dy + r * cols + begin + i, n), n);
      });
  });
}

}  // namespace r1::R1_ISA
