// RMSNorm: cases for the harness. Paper: [V3 §2.1.1].
#include "harness/trial.h"
#include "kernels/norm.h"

namespace r1::harness {
namespace {

const std::vector<Dims> kChecks{{1, 1},    {3, 7},    {5, 64},   {33, 96},   {70, 130},
                                {4, 1000}, {3, 2056}, {2, 4100}, {2, 16500}, {600, 12}};
const std::vector<Dims> kBenches{{32768, 1024}, {32768, 4096}, {32768, 8192}};
float near_one(int64_t, int64_t, float u) { return 0.5f + u; }

template <class T>
void make_fwd(Trial& t) {
  const int64_t rows = t.dim(0), n = t.dim(1), ldx = t.gap(n, 8), ldy = t.gap(n, 16);
  Buffer &x = t.in<T>("x", rows, n, ldx), &w = t.in<T>("w", 1, n, 0, near_one), &y = t.out<T>("y", rows, n, ldy);
  Buffer& rstd = t.out<float>("rstd", rows, 1);
  t.run = [&, rows, n, ldx, ldy](const Exec& ex) {
    cuda::rmsnorm_fwd(ex, y.on_device<T>(), ldy, rstd.on_device<float>(),
                      RmsNormArgsOf<T>{rows, n, 1e-3f, x.on_device<T>(), ldx, w.on_device<T>()});
  };
  t.reference = [&, rows, n, ldx, ldy] {
    rmsnorm_fwd(Exec{}, y.want.data(), ldy, rstd.want.data(),
                RmsNormArgs{rows, n, 1e-3f, x.value.data(), ldx, w.value.data()});
  };
  t.bytes = 2.0 * double(rows * n) * sizeof(T);
}

template <class T>
void make_residual(Trial& t) {
  const int64_t rows = t.dim(0), n = t.dim(1), ldx = t.gap(n, 8);
  Buffer &x = t.in<T>("x", rows, n, ldx), &r = t.in<T>("r", rows, n), &w = t.in<T>("w", 1, n, 0, near_one);
  Buffer &y = t.out<T>("y", rows, n), &h = t.out<T>("h", rows, n), &rstd = t.out<float>("rstd", rows, 1);
  y.tolerance = sizeof(T) == 2 ? 3e-3 : 0;  // the CPU norms h before its rounding
  rstd.tolerance = sizeof(T) == 2 ? 2e-3 : 0;
  t.run = [&, rows, n, ldx](const Exec& ex) {
    cuda::rmsnorm_residual_fwd(ex, y.on_device<T>(), n, rstd.on_device<float>(), h.on_device<T>(), r.on_device<T>(),
                               RmsNormArgsOf<T>{rows, n, 1e-3f, x.on_device<T>(), ldx, w.on_device<T>()});
  };
  t.reference = [&, rows, n, ldx] {
    rmsnorm_residual_fwd(Exec{}, y.want.data(), n, rstd.want.data(), h.want.data(), r.value.data(),
                         RmsNormArgs{rows, n, 1e-3f, x.value.data(), ldx, w.value.data()});
  };
  t.bytes = 4.0 * double(rows * n) * sizeof(T);
}

template <class T>
void make_bwd(Trial& t) {
  const int64_t rows = t.dim(0), n = t.dim(1), ldx = t.gap(n, 8), ldd = t.gap(n, 24);
  const bool accumulate = !t.timing && n % 3 == 1;
  Buffer &x = t.in<T>("x", rows, n, ldx), &w = t.in<T>("w", 1, n, 0, near_one), &dy = t.in<T>("dy", rows, n, ldd);
  Buffer& rstd = t.in<float>("rstd", rows, 1, 0, near_one);
  Buffer& dx = accumulate ? t.inout<T>("dx", rows, n, ldd) : t.out<T>("dx", rows, n, ldd);
  Buffer& dw = t.inout<float>("dw", 1, n);
  t.workspace = rmsnorm_bwd_workspace(rows, n);
  t.run = [&, rows, n, ldx, ldd, accumulate](const Exec& ex) {
    cuda::rmsnorm_bwd(ex, RmsNormArgsOf<T>{rows, n, 1e-3f, x.on_device<T>(), ldx, w.on_device<T>()},
                      RmsNormGradsOf<T>{dy.on_device<T>(), ldd, rstd.on_device<float>(), dx.on_device<T>(), ldd,
                                        accumulate, dw.on_device<float>()});
  };
  t.reference = [&, rows, n, ldx, ldd, accumulate] {
    rmsnorm_bwd(Exec{}, RmsNormArgs{rows, n, 1e-3f, x.value.data(), ldx, w.value.data()},
                RmsNormGrads{dy.value.data(), ldd, rstd.value.data(), dx.want.data(), ldd, accumulate, dw.want.data()});
  };
  t.bytes = 3.0 * double(rows * n) * sizeof(T);
}

#define R1_NORM_CASE(name, make) R1_REGISTER(KernelCase, name, KernelCase{"rows, cols", kChecks, kBenches, make, 0})
R1_NORM_CASE("rmsnorm_fwd/f32", make_fwd<float>);
R1_NORM_CASE("rmsnorm_fwd/bf16", make_fwd<bf16>);
R1_NORM_CASE("rmsnorm_residual_fwd/f32", make_residual<float>);
R1_NORM_CASE("rmsnorm_residual_fwd/bf16", make_residual<bf16>);
const std::vector<Dims> kBackChecks{{1, 1},    {3, 7},    {5, 64},   {33, 96},  {70, 130}, {4, 1000},
                                    {3, 2056}, {2, 5000}, {2, 8200}, {900, 12}, {40, 260}, {600, 520}};
R1_REGISTER(KernelCase, "rmsnorm_bwd/bf16", KernelCase{"rows, cols", kBackChecks, kBenches, make_bwd<bf16>, 0});
R1_REGISTER(KernelCase, "rmsnorm_bwd/f32", KernelCase{"rows, cols", kBackChecks, kBenches, make_bwd<float>, 0});

}  // namespace
}  // namespace r1::harness
