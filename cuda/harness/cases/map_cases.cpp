// Memory, element-wise maps, embeddings, rotary: cases for the harness. Float is bitwise the CPU kernel. Paper: none.
#include <cmath>

#include "harness/trial.h"
#include "kernels/elementwise.h"
#include "kernels/memory.h"
#include "kernels/rope.h"

namespace r1::harness {
namespace {

const std::vector<Dims> kLines{{1}, {7}, {1000}, {4099}, {20000}};
const std::vector<Dims> kLong{{int64_t{1} << 28}};
const std::vector<Dims> kRows{{1, 1}, {3, 7}, {5, 64}, {33, 100}, {140, 20}, {2, 1111}};
const std::vector<Dims> kManyRows{{16384, 8192}};

void make_fill(Trial& t) {
  const int64_t n = t.dim(0);
  Buffer& y = t.out<float>("y", 1, n);
  t.run = [&, n](const Exec& ex) { cuda::fill(ex, y.on_device<float>(), 1.5f, n); };
  t.reference = [&, n] { fill(Exec{}, y.want.data(), 1.5f, n); };
  t.exact = true, t.bytes = 4.0 * double(n);
}
void make_copy(Trial& t) {
  const int64_t n = t.dim(0);
  Buffer &x = t.in<float>("x", 1, n), &y = t.out<float>("y", 1, n);
  t.run = [&, n](const Exec& ex) { cuda::copy(ex, y.on_device<float>(), x.on_device<float>(), n); };
  t.reference = [&, n] { copy(Exec{}, y.want.data(), x.value.data(), n); };
  t.exact = true, t.bytes = 8.0 * double(n);
}
template <class To, class From>
void make_cast(Trial& t) {
  const int64_t n = t.dim(0);
  Buffer &x = t.in<From>("x", 1, n), &y = t.out<To>("y", 1, n);
  t.run = [&, n](const Exec& ex) { cuda::cast(ex, y.on_device<To>(), x.on_device<From>(), n); };
  t.reference = [&] { y.want = x.value; };  // rounded to bf16 by the comparison
  t.exact = true, t.bytes = 6.0 * double(n);
}
template <class T>
void make_add(Trial& t) {
  const int64_t n = t.dim(0);
  Buffer &a = t.in<T>("a", 1, n), &b = t.in<T>("b", 1, n), &y = t.out<T>("y", 1, n);
  t.run = [&, n](const Exec& ex) { cuda::add(ex, y.on_device<T>(), a.on_device<T>(), b.on_device<T>(), n); };
  t.reference = [&, n] { add(Exec{}, y.want.data(), a.value.data(), b.value.data(), n); };
  t.exact = true, t.bytes = 3.0 * double(n) * sizeof(T);
}
template <bool Accumulate>
void make_scale(Trial& t) {
  const int64_t n = t.dim(0);
  Buffer &x = t.in<float>("x", 1, n), &y = Accumulate ? t.inout<float>("y", 1, n) : t.out<float>("y", 1, n);
  t.run = [&, n](const Exec& ex) { cuda::scale(ex, y.on_device<float>(), x.on_device<float>(), 0.3f, n, Accumulate); };
  t.reference = [&, n] { scale(Exec{}, y.want.data(), x.value.data(), 0.3f, n, Accumulate); };
  t.exact = true, t.bytes = (Accumulate ? 12.0 : 8.0) * double(n);
}
template <bool Accumulate>
void make_copy_rows(Trial& t) {
  const int64_t rows = t.dim(0), n = t.dim(1), ldx = t.gap(n, 4), ldy = t.gap(n, 8);
  Buffer& x = t.in<float>("x", rows, n, ldx);
  Buffer& y = Accumulate ? t.inout<float>("y", rows, n, ldy) : t.out<float>("y", rows, n, ldy);
  t.run = [&, rows, n, ldx, ldy](const Exec& ex) {
    cuda::copy_rows(ex, y.on_device<float>(), ldy, x.on_device<float>(), ldx, rows, n, Accumulate);
  };
  t.reference = [&, rows, n, ldx, ldy] {
    copy_rows(Exec{}, y.want.data(), ldy, x.value.data(), ldx, rows, n, Accumulate);
  };
  t.exact = true, t.bytes = (Accumulate ? 12.0 : 8.0) * double(rows * n);
}
void make_bias_fwd(Trial& t) {
  const int64_t rows = t.dim(0), n = t.dim(1);
  Buffer &y = t.inout<float>("y", rows, n), &b = t.in<float>("b", 1, n);
  t.run = [&, rows, n](const Exec& ex) { cuda::bias_fwd(ex, y.on_device<float>(), b.on_device<float>(), rows, n); };
  t.reference = [&, rows, n] { bias_fwd(Exec{}, y.want.data(), b.value.data(), rows, n); };
  t.exact = true, t.bytes = 8.0 * double(rows * n);
}
void make_bias_bwd(Trial& t) {
  const int64_t rows = t.dim(0), n = t.dim(1);
  Buffer &db = t.inout<float>("db", 1, n), &dy = t.in<float>("dy", rows, n);
  t.run = [&, rows, n](const Exec& ex) { cuda::bias_bwd(ex, db.on_device<float>(), dy.on_device<float>(), rows, n); };
  t.reference = [&, rows, n] { bias_bwd(Exec{}, db.want.data(), dy.value.data(), rows, n); };
  t.exact = true, t.bytes = 4.0 * double(rows * n);
}
template <class T>
void make_swiglu_fwd(Trial& t) {
  const int64_t rows = t.dim(0), n = t.dim(1);
  Buffer &h = t.in<T>("h", rows, 2 * n), &y = t.out<T>("y", rows, n);
  t.run = [&, rows, n](const Exec& ex) { cuda::swiglu_fwd(ex, y.on_device<T>(), h.on_device<T>(), rows, n); };
  t.reference = [&, rows, n] { swiglu_fwd(Exec{}, y.want.data(), h.value.data(), rows, n); };
  t.exact = sizeof(T) == 4, t.bytes = 3.0 * double(rows * n) * sizeof(T);
}
template <class T>
void make_swiglu_bwd(Trial& t) {
  const int64_t rows = t.dim(0), n = t.dim(1);
  Buffer &h = t.in<T>("h", rows, 2 * n), &dy = t.in<T>("dy", rows, n), &dh = t.out<T>("dh", rows, 2 * n);
  t.run = [&, rows, n](const Exec& ex) {
    cuda::swiglu_bwd(ex, dh.on_device<T>(), dy.on_device<T>(), h.on_device<T>(), rows, n);
  };
  t.reference = [&, rows, n] { swiglu_bwd(Exec{}, dh.want.data(), dy.value.data(), h.value.data(), rows, n); };
  t.exact = sizeof(T) == 4, t.bytes = 5.0 * double(rows * n) * sizeof(T);
}
/// dims: rows, vocabulary, cols.
template <class T>
void make_embedding_fwd(Trial& t) {
  const int64_t rows = t.dim(0), vocab = t.dim(1), n = t.dim(2);
  const auto id = [vocab](int64_t, int64_t, float u) { return std::floor(u * float(vocab)); };
  Buffer &table = t.in<T>("table", vocab, n), &ids = t.in<int32_t>("ids", rows, 1, 0, id), &y = t.out<T>("y", rows, n);
  t.run = [&, rows, n](const Exec& ex) {
    cuda::embedding_fwd(ex, y.on_device<T>(), table.on_device<T>(), ids.on_device<int32_t>(), rows, n);
  };
  t.reference = [&, rows, n] { embedding_fwd(Exec{}, y.want.data(), table.value.data(), ids.ints.data(), rows, n); };
  t.exact = true, t.bytes = 2.0 * double(rows * n) * sizeof(T);
}
template <class T>
void make_embedding_bwd(Trial& t) {
  const int64_t rows = t.dim(0), vocab = t.dim(1), n = t.dim(2);
  const auto id = [vocab](int64_t, int64_t, float u) { return std::floor(u * float(vocab)); };
  Buffer &dtable = t.inout<float>("dtable", vocab, n), &ids = t.in<int32_t>("ids", rows, 1, 0, id);
  Buffer& dy = t.in<T>("dy", rows, n);
  t.run = [&, rows, n](const Exec& ex) {
    cuda::embedding_bwd(ex, dtable.on_device<float>(), dy.on_device<T>(), ids.on_device<int32_t>(), rows, n);
  };
  t.reference = [&, rows, n] { embedding_bwd(Exec{}, dtable.want.data(), dy.value.data(), ids.ints.data(), rows, n); };
  t.exact = true, t.bytes = double(rows * n) * (sizeof(T) + 8.0);
}
/// dims: rows, heads, width; halves instead of neighbours when `Interleave` is false.
template <class T, bool Interleave, bool Backward>
void make_rope(Trial& t) {
  const int64_t rows = t.dim(0), heads = t.dim(1), d = t.dim(2), head_x = t.gap(d, 8), head_y = t.gap(d, 16);
  const int64_t cols_x = (heads - 1) * head_x + d, ldx = t.gap(cols_x - d % 8, 16);
  const int64_t cols_y = (heads - 1) * head_y + d, ldy = t.gap(cols_y - d % 8, 24);
  constexpr int64_t kPositions = 50;
  const auto angle = [](int64_t p, int64_t i, float) {
    const double a = double(p) * std::pow(0.1, double(i / 2));
    return float(i % 2 ? std::sin(a) : std::cos(a));
  };
  const auto position = [](int64_t r, int64_t, float) { return float(r % kPositions); };
  Buffer &x = t.in<T>("x", rows, cols_x, ldx), &table = t.in<float>("table", kPositions, d, 0, angle);
  Buffer& positions = t.in<int32_t>("positions", rows, 1, 0, position);
  Buffer& y = Backward ? t.inout<T>("y", rows, cols_y, ldy) : t.out<T>("y", rows, cols_y, ldy);
  const auto args = [=](auto* src, auto* dst, const float* angles, const int32_t* at) {
    return RopeArgsOf<std::remove_pointer_t<decltype(dst)>>{rows, heads,  d,      src, ldx,        head_x,   dst,
                                                            ldy,  head_y, angles, at,  Interleave, Backward, Backward};
  };
  t.run = [&, args](const Exec& ex) {
    cuda::rope(ex, args(x.on_device<T>(), y.on_device<T>(), table.on_device<float>(), positions.on_device<int32_t>()));
  };
  t.reference = [&, args] {
    rope(Exec{}, args(x.value.data(), y.want.data(), table.value.data(), positions.ints.data()));
  };
  t.exact = sizeof(T) == 4, t.bytes = (Backward ? 3.0 : 2.0) * double(rows * heads * d) * sizeof(T);
}

#define R1_LINE(name, make) R1_REGISTER(KernelCase, name, KernelCase{"n", kLines, kLong, make})
R1_LINE("fill/f32", make_fill);
R1_LINE("copy/f32", make_copy);
R1_LINE("cast/f32_bf16", (make_cast<bf16, float>));
R1_LINE("cast/bf16_f32", (make_cast<float, bf16>));
R1_LINE("add/f32", make_add<float>);
R1_LINE("add/bf16", make_add<bf16>);
R1_LINE("scale/f32", make_scale<false>);
R1_LINE("scale/f32_add", make_scale<true>);
#define R1_ROWS(name, make) R1_REGISTER(KernelCase, name, KernelCase{"rows, cols", kRows, kManyRows, make, 0})
R1_ROWS("copy_rows/f32", make_copy_rows<false>);
R1_ROWS("copy_rows/f32_add", make_copy_rows<true>);
R1_ROWS("bias_fwd/f32", make_bias_fwd);
R1_REGISTER(KernelCase, "bias_bwd/f32", KernelCase{"rows, cols", kRows, kManyRows, make_bias_bwd});
R1_ROWS("swiglu_fwd/f32", make_swiglu_fwd<float>);
R1_ROWS("swiglu_fwd/bf16", make_swiglu_fwd<bf16>);
R1_ROWS("swiglu_bwd/f32", make_swiglu_bwd<float>);
R1_ROWS("swiglu_bwd/bf16", make_swiglu_bwd<bf16>);
const std::vector<Dims> kIds{{1, 1, 1}, {40, 7, 33}, {300, 50, 64}, {1300, 500, 20}, {30, 9, 2100}};
const std::vector<Dims> kManyIds{{16384, 129280, 2048}};
R1_REGISTER(KernelCase, "embedding_fwd/f32",
            KernelCase{"rows, vocab, cols", kIds, kManyIds, make_embedding_fwd<float>, 0});
R1_REGISTER(KernelCase, "embedding_fwd/bf16",
            KernelCase{"rows, vocab, cols", kIds, kManyIds, make_embedding_fwd<bf16>, 0});
R1_REGISTER(KernelCase, "embedding_bwd/f32",
            KernelCase{"rows, vocab, cols", kIds, kManyIds, make_embedding_bwd<float>});
R1_REGISTER(KernelCase, "embedding_bwd/bf16",
            KernelCase{"rows, vocab, cols", kIds, kManyIds, make_embedding_bwd<bf16>});
const std::vector<Dims> kTurns{{1, 1, 2}, {7, 3, 16}, {60, 2, 64}, {33, 5, 24}};
const std::vector<Dims> kManyTurns{{32768, 32, 128}};
#define R1_ROPE(name, ...) \
  R1_REGISTER(KernelCase, name, KernelCase{"rows, heads, width", kTurns, kManyTurns, (make_rope<__VA_ARGS__>), 0})
R1_ROPE("rope/f32", float, true, false);
R1_ROPE("rope/f32_back", float, true, true);
R1_ROPE("rope/f32_halves", float, false, true);
R1_ROPE("rope/bf16", bf16, true, false);
R1_ROPE("rope/bf16_halves", bf16, false, false);

}  // namespace
}  // namespace r1::harness
