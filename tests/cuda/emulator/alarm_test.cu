// Right kernels raise no alarm and give the same bits under 100 schedules; in the race build with a thread switch every
// few memory accesses on top.
#include "good_kernels.cuh"

using namespace emu_test;

namespace {

uint64_t schedules() { return 100; }

}  // namespace

TEST_CASE("reductions: 100 schedules, no alarm, one result") {
  const Fresh fresh;
  const Buffer<float> x(ramp(3 * 512, 0.1f), "x"), y(3, "y"), out(1, "out"), partial(5, "partial");
  const Buffer<unsigned> ticket(std::vector<unsigned>{0}, "ticket");
  std::vector<float> first, first_out;
  each_schedule(schedules(), [&](uint64_t i) {
    gpu::emu::options().yield_every = i % 2 ? 5 : 0;
    gpu::launch({.name = "row_sums", .grid = 3, .block = 128}, row_sums, y.p, x.p, 512);
    gpu::launch({.name = "last_block", .grid = 5, .block = 64}, last_block, out.p, partial.p, ticket.p, x.p, 1536);
    const auto r = y.read(), o = out.read();
    if (i == 0) {
      first = r;
      first_out = o;
    }
    CHECK(std::memcmp(r.data(), first.data(), r.size() * 4) == 0);
    CHECK(std::memcmp(o.data(), first_out.data(), 4) == 0);
  });
}

TEST_CASE("grid-wide steps: 100 schedules, no alarm, one result") {
  const Fresh fresh;
  std::vector<float> first;
  each_schedule(schedules(), [&](uint64_t i) {
    const Buffer<float> a(ramp(300), "a"), b(std::vector<float>(300, 0.0f), "b");
    gpu::launch({.name = "diffuse", .grid = 3, .block = 64, .cooperative = true}, diffuse, a.p, b.p, 300, 4);
    const auto r = a.read();
    if (i == 0) first = r;
    CHECK(std::memcmp(r.data(), first.data(), r.size() * 4) == 0);
  });
}

TEST_CASE("tensor-core GEMMs: 100 schedules, no alarm, the product") {
  const Fresh fresh;
  constexpr int kM = 64, kN = 128, kK = 192;
  const auto a = bf16_ramp(kM * kK, 5), b = bf16_ramp(kN * kK, 7);
  const auto expected = product(a, b, kM, kN, kK);
  const Buffer<gpu::bf16> da(a, "a"), db(b, "b");
  each_schedule(schedules(), [&](uint64_t i) {
    const Buffer<float> c(kM * kN, "c");
    gpu::emu::options().accumulate = gpu::emu::Accumulate(i % 4);  // integers: every order is exact
    gpu::launch({.name = "gemm_mma", .grid = {2, 1}, .block = 128}, gemm_mma<8>, c.p, da.p, db.p, kN, kK);
    CHECK(c.read() == expected);
    const Buffer<float> h(kM * kN, "h");
    gpu::launch({.name = "gemm_wgmma", .grid = {2, 1}, .block = 160}, gemm_wgmma, h.p, bf16_map(da.p, kM, kK),
                bf16_map(db.p, kN, kK), kN, kK);
    CHECK(h.read() == expected);
  });
}
