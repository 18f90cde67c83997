// Softmax, log-probabilities, reductions, the optimiser: cases for the harness. Paper: [R1 Eq. 1], [V3 §4.2].
#include <cmath>
#include <limits>

#include "harness/trial.h"
#include "kernels/adamw.h"
#include "kernels/logp.h"
#include "kernels/reduce.h"
#include "kernels/softmax.h"

namespace r1::harness {
namespace {

const std::vector<Dims> kRows{{1, 1}, {3, 7}, {9, 33}, {5, 512}, {2, 4100}, {2, 20000}, {300, 9}};
/// Softmax: and one row so long that shared memory keeps a part of it only.
const std::vector<Dims> kSoftmaxRows{{1, 1}, {3, 7}, {9, 33}, {5, 512}, {2, 4100}, {2, 20000}, {300, 9}, {1, 103000}};
float wide(int64_t, int64_t, float u) { return 12 * (u - 0.5f); }

template <class T, bool Log>
void make_softmax_fwd(Trial& t) {
  const int64_t rows = t.dim(0), n = t.dim(1);
  Buffer &x = t.in<T>("x", rows, n, 0, t.timing ? Filler() : Filler(wide)), &y = t.out<T>("y", rows, n);
  t.run = [&, rows, n](const Exec& ex) {
    cuda::softmax_fwd(ex, y.on_device<T>(), x.on_device<T>(), rows, n, 0.7f, Log);
  };
  t.reference = [&, rows, n] { softmax_fwd(Exec{}, y.want.data(), x.value.data(), rows, n, 0.7f, Log); };
  t.bytes = 2.0 * double(rows * n) * sizeof(T);
}
template <class T, bool Log>
void make_softmax_bwd(Trial& t) {
  const int64_t rows = t.dim(0), n = t.dim(1);
  const auto share = [n](int64_t, int64_t, float u) { return Log ? -6 * u : 2 * u / float(n); };
  Buffer &dy = t.in<T>("dy", rows, n), &y = t.in<T>("y", rows, n, 0, t.timing ? Filler() : Filler(share));
  Buffer& dx = t.out<T>("dx", rows, n);
  if (Log) dx.tolerance = 1e-4;
  t.run = [&, rows, n](const Exec& ex) {
    cuda::softmax_bwd(ex, dx.on_device<T>(), dy.on_device<T>(), y.on_device<T>(), rows, n, 0.7f, Log);
  };
  t.reference = [&, rows, n] {
    softmax_bwd(Exec{}, dx.want.data(), dy.value.data(), y.value.data(), rows, n, 0.7f, Log);
  };
  t.bytes = 3.0 * double(rows * n) * sizeof(T);
}
/// Logits of a vocabulary in which some tokens may not be taken; targets are others.
float masked(int64_t row, int64_t col, float u) {
  return row % 2 == 1 && col % 16 == 5 ? -std::numeric_limits<float>::infinity() : wide(row, col, u);
}
template <class T>
void make_logp(Trial& t) {
  const int64_t rows = t.dim(0), n = t.dim(1);
  const auto id = [n](int64_t, int64_t, float u) {
    const auto i = int64_t(u * float(n));
    return float(i % 16 == 5 ? i - 1 : i);
  };
  Buffer& z = t.in<T>("logits", rows, n, 0, t.timing ? Filler() : Filler(masked));
  Buffer& target = t.in<int32_t>("targets", rows, 1, 0, id);
  Buffer &logp = t.out<float>("logp", rows, 1), &lse = t.out<float>("lse", rows, 1),
         &h = t.out<float>("entropy", rows, 1);
  h.tolerance = 1e-4;
  t.run = [&, rows, n](const Exec& ex) {
    cuda::logp_rows(ex, logp.on_device<float>(), lse.on_device<float>(), h.on_device<float>(), z.on_device<T>(),
                    target.on_device<int32_t>(), rows, n, 0.8f);
  };
  t.reference = [&, rows, n] {
    logp_rows(Exec{}, logp.want.data(), lse.want.data(), h.want.data(), z.value.data(), target.ints.data(), rows, n,
              0.8f);
  };
  t.bytes = double(rows * n) * sizeof(T);
}
template <class T>
void make_logp_bwd(Trial& t) {
  const int64_t rows = t.dim(0), n = t.dim(1);
  const auto id = [n](int64_t, int64_t, float u) { return std::floor(u * float(n)); };
  const auto level = [n](int64_t, int64_t, float u) { return 3 + std::log(float(n)) + u; };
  Buffer& z = t.in<T>("logits", rows, n, 0, t.timing ? Filler() : Filler(wide));
  Buffer &target = t.in<int32_t>("targets", rows, 1, 0, id), &lse = t.in<float>("lse", rows, 1, 0, level);
  Buffer &dlogp = t.in<float>("dlogp", rows, 1), &dz = t.out<T>("dlogits", rows, n);
  t.run = [&, rows, n](const Exec& ex) {
    cuda::logp_rows_bwd(ex, dz.on_device<T>(), z.on_device<T>(), lse.on_device<float>(), target.on_device<int32_t>(),
                        dlogp.on_device<float>(), rows, n, 0.8f);
  };
  t.reference = [&, rows, n] {
    logp_rows_bwd(Exec{}, dz.want.data(), z.value.data(), lse.value.data(), target.ints.data(), dlogp.value.data(),
                  rows, n, 0.8f);
  };
  t.exact = sizeof(T) == 4, t.bytes = 2.0 * double(rows * n) * sizeof(T);
}
void make_sum_squares(Trial& t) {
  const int64_t n = t.dim(0);
  Buffer &x = t.in<float>("x", 1, n), &out = t.out<double>("out", 1, 1);
  t.workspace = sum_squares_workspace(n);
  t.run = [&, n](const Exec& ex) { cuda::sum_squares(ex, out.on_device<double>(), x.on_device<float>(), n); };
  t.reference = [&, n] {
    double sum = 0;
    sum_squares(Exec{}, &sum, x.value.data(), n);
    out.want[0] = float(sum);
  };
  t.exact = true, t.bytes = 4.0 * double(n);
}
/// dims: buffers, elements.
void make_sum_tree(Trial& t) {
  const int64_t count = t.dim(0), n = t.dim(1);
  for (int64_t i = 0; i < count; ++i) t.in<float>(("x" + std::to_string(i)).c_str(), 1, n);
  Buffer& y = t.out<float>("y", 1, n);
  t.run = [&, count, n](const Exec& ex) {
    std::vector<float*> x;
    for (int64_t i = 0; i < count; ++i) x.push_back(t.buffers[size_t(i)].on_device<float>());
    cuda::sum_tree(ex, y.on_device<float>(), x.data(), count, n);
  };
  t.reference = [&, count, n] {
    std::vector<float*> x;
    for (int64_t i = 0; i < count; ++i) x.push_back(t.buffers[size_t(i)].value.data());
    sum_tree(Exec{}, y.want.data(), x.data(), count, n);
  };
  t.exact = true, t.bytes = 4.0 * double((count + 1) * n);
}
/// dims: elements, 1 to clip.
template <class G>
void make_adamw(Trial& t) {
  const int64_t n = t.dim(0);
  const bool clip = t.dim(1) == 1;
  const auto positive = [](int64_t, int64_t, float u) { return u * u * 0.01f; };
  const auto norm = [](int64_t, int64_t, float) { return 16.0f; };
  Buffer &w = t.inout<float>("w", 1, n), &m = t.inout<float>("m", 1, n);
  Buffer &v = t.inout<float>("v", 1, n, 0, t.timing ? Filler() : Filler(positive)), &g = t.in<G>("g", 1, n);
  Buffer& squares = t.in<double>("squares", 1, 1, 0, norm);
  AdamWArgs a;
  a.lr = 0.01f, a.weight_decay = 0.1f, a.correction1 = 0.3f, a.correction2 = 0.2f, a.grad_scale = 0.5f,
  a.max_norm = 1.5f;
  Buffer* w16 = nullptr;
  if constexpr (sizeof(G) == 2) w16 = &t.out<bf16>("w16", 1, n);
  t.run = [=, &squares, &w, &m, &v, &g](const Exec& ex) {
    AdamWArgs args = a;
    if (clip) args.squares = squares.on_device<double>();
    if constexpr (sizeof(G) == 2)
      cuda::adamw(ex, w16->on_device<bf16>(), w.on_device<float>(), m.on_device<float>(), v.on_device<float>(),
                  g.on_device<bf16>(), n, args);
    else
      cuda::adamw(ex, w.on_device<float>(), m.on_device<float>(), v.on_device<float>(), g.on_device<float>(), n, args);
  };
  t.reference = [&, n, a, clip, w16] {
    AdamWArgs args = a;
    const double sum = 16;
    if (clip) args.squares = &sum;
    adamw(Exec{}, w.want.data(), m.want.data(), v.want.data(), g.value.data(), n, args);
    if (w16) w16->want = w.want;
  };
  t.exact = true, t.bytes = 28.0 * double(n);
}

const std::vector<Dims> kWide{{32768, 4096}, {32768, 32768}, {8192, 131072}};
#define R1_ROW_CASE(name, rows, ...) \
  R1_REGISTER(KernelCase, name, KernelCase{"rows, cols", rows, kWide, __VA_ARGS__, 0})
R1_ROW_CASE("softmax_fwd/f32", kSoftmaxRows, (make_softmax_fwd<float, false>));
R1_ROW_CASE("softmax_fwd/bf16", kSoftmaxRows, (make_softmax_fwd<bf16, false>));
R1_ROW_CASE("log_softmax_fwd/f32", kSoftmaxRows, (make_softmax_fwd<float, true>));
R1_ROW_CASE("log_softmax_fwd/bf16", kSoftmaxRows, (make_softmax_fwd<bf16, true>));
R1_ROW_CASE("softmax_bwd/f32", kSoftmaxRows, (make_softmax_bwd<float, false>));
R1_ROW_CASE("softmax_bwd/bf16", kSoftmaxRows, (make_softmax_bwd<bf16, false>));
R1_ROW_CASE("log_softmax_bwd/f32", kSoftmaxRows, (make_softmax_bwd<float, true>));
R1_ROW_CASE("log_softmax_bwd/bf16", kSoftmaxRows, (make_softmax_bwd<bf16, true>));
R1_ROW_CASE("logp_rows/f32", kRows, make_logp<float>);
R1_ROW_CASE("logp_rows/bf16", kRows, make_logp<bf16>);
R1_ROW_CASE("logp_rows_bwd/f32", kRows, make_logp_bwd<float>);
R1_ROW_CASE("logp_rows_bwd/bf16", kRows, make_logp_bwd<bf16>);
const std::vector<Dims> kLines{{1}, {17}, {4096}, {70001}, {kReduceRun * kReduceChunk + 4097}};
const std::vector<Dims> kLong{{int64_t{1} << 28}};
R1_REGISTER(KernelCase, "sum_squares/f32", KernelCase{"n", kLines, kLong, make_sum_squares});
const std::vector<Dims> kTrees{{1, 5}, {2, 1000}, {3, 77}, {8, 4000}, {12, 1030}, {16, 64}};
const std::vector<Dims> kLongTrees{{8, int64_t{1} << 25}};
R1_REGISTER(KernelCase, "sum_tree/f32", KernelCase{"buffers, n", kTrees, kLongTrees, make_sum_tree});
const std::vector<Dims> kSteps{{1, 0}, {17, 1}, {4099, 1}, {9000, 0}};
const std::vector<Dims> kLongSteps{{int64_t{1} << 27, 1}};
R1_REGISTER(KernelCase, "adamw/f32", KernelCase{"n, clip", kSteps, kLongSteps, make_adamw<float>});
R1_REGISTER(KernelCase, "adamw/bf16", KernelCase{"n, clip", kSteps, kLongSteps, make_adamw<bf16>});

}  // namespace
}  // namespace r1::harness
