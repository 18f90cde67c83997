// What each step of the ladders gains, in figures that need no GPU: sectors of global memory, passes over the banks of
// shared memory, barriers, tensor-core instructions (paper_notes/results/ladder.md has them for larger problems). The
// kernels of cuda/ladder are compiled for the race detector here, which is what makes plain accesses count.
#include "ladder/ladder.h"

#include "support.hpp"

using namespace emu_test;
using gpu::emu::Counters;
namespace ladder = r1::cuda::ladder;

namespace {

std::vector<gpu::bf16> numbers(size_t n) {
  std::vector<gpu::bf16> v(n);
  for (size_t i = 0; i < n; ++i) v[i] = gpu::to_bf16(float(int(i * 7 % 5) - 2));
  return v;
}
const r1::bf16* cpu(const Buffer<gpu::bf16>& b) { return reinterpret_cast<const r1::bf16*>(b.p); }

template <class F>
Counters count(const F& launch) {
  gpu::emu::use_schedule(0);
  gpu::emu::options().count = true;
  gpu::emu::reset_counters();
  launch();
  gpu::sync_device();
  return gpu::emu::counters();
}

constexpr int64_t kM = 256, kN = 512, kK = 128;
Counters product(void (*step)(const r1::Exec&, const ladder::Product&)) {
  const Buffer<gpu::bf16> a(numbers(kM * kK), "a"), b(numbers(kN * kK), "b"), c(kM * kN, "c");
  ladder::Product g;
  g.m = kM, g.n = kN, g.k = kK, g.a = cpu(a), g.lda = kK, g.b = cpu(b), g.ldb = kK, g.trans_b = true;
  g.c = const_cast<r1::bf16*>(cpu(c)), g.ldc = kN;
  return count([&] { step(r1::Exec{}, g); });
}

constexpr int64_t kRows = 64, kCols = 1024;
Counters norm(void (*step)(const r1::Exec&, r1::bf16*, const ladder::Norm&)) {
  const Buffer<gpu::bf16> x(numbers(kRows * kCols), "x"), w(numbers(kCols), "w"), y(kRows * kCols, "y");
  return count([&] {
    step(r1::Exec{}, const_cast<r1::bf16*>(cpu(y)), ladder::Norm{kRows, kCols, 1e-3f, cpu(x), kCols, cpu(w)});
  });
}

}  // namespace

TEST_CASE("gemm ladder: what each step gains on the one before") {
  const Fresh fresh;
  REQUIRE(gpu::emu::race_build());
  const Counters naive = product(ladder::gemm_1_naive), shared = product(ladder::gemm_2_shared),
                 registers = product(ladder::gemm_3_registers), mma = product(ladder::gemm_4_mma),
                 cp_async = product(ladder::gemm_5_cp_async), wgmma = product(ladder::gemm_6_wgmma),
                 ring = product(ladder::gemm_7_ring), persistent = product(ladder::gemm_8_persistent),
                 cluster = product(ladder::gemm_9_cluster);
  // 1: a warp's 16 columns by 2 rows: 18 sectors for 64 numbers, each k again; C once.
  CHECK(naive.global_sectors == uint64_t(kM * kN / 32 * kK * 18 + kM * kN * 2 / 32));
  CHECK(naive.shared_requests == 0);
  CHECK(shared.global_sectors * 50 < naive.global_sectors);           // 2: a value serves 32 products
  CHECK(registers.global_sectors < shared.global_sectors);            // 3: 128 x 128 tiles instead of 32 x 32 ...
  CHECK(registers.shared_wavefronts * 4 < shared.shared_wavefronts);  // ... and 16 reads for 64 products
  CHECK(mma.mma == uint64_t(kM * kN * kK / (16 * 8 * 16)));           // 4: 2048 products an instruction
  CHECK(mma.shared_wavefronts * 6 < registers.shared_wavefronts);
  CHECK(mma.bank_conflicts == 0);
  CHECK(cp_async.global_sectors == mma.global_sectors);  // 5: same work, other times:
  CHECK(cp_async.barriers < mma.barriers);               // one barrier a tile instead of two
  CHECK(wgmma.mma * 64 == mma.mma);                      // 6: 131072 products an instruction,
  CHECK(wgmma.shared_wavefronts == 0);                   // operands from shared memory by itself,
  CHECK(wgmma.tma_copies == uint64_t((kM / 128) * (kN / 128) * (kK / 64) * 2));  // brought by one thread
  CHECK(ring.tma_copies == wgmma.tma_copies);                                    // 7: mbarriers in place of barriers
  CHECK(ring.barriers < wgmma.barriers);
  CHECK(persistent.global_sectors < ring.global_sectors);     // 8: 128 x 256 tiles: A is read half as often
  CHECK(cluster.global_sectors < persistent.global_sectors);  // 9: two blocks share what one of them reads
}

TEST_CASE("rmsnorm ladder: what each step gains on the one before") {
  const Fresh fresh;
  const Counters thread = norm(ladder::rmsnorm_1_thread), block = norm(ladder::rmsnorm_2_block),
                 shuffle = norm(ladder::rmsnorm_3_shuffle), vector = norm(ladder::rmsnorm_4_vector),
                 registers = norm(ladder::rmsnorm_5_registers);
  constexpr uint64_t kRow = kCols * 2 / 32;                  // sectors
  CHECK(thread.global_sectors > 10 * block.global_sectors);  // 1: a sector for every two bytes
  CHECK(block.global_sectors == 4 * kRow * kRows);           // 2: x twice, w, y
  CHECK(block.barriers == 9 * kRows);
  CHECK(shuffle.global_sectors == block.global_sectors);
  CHECK(shuffle.barriers == kRows);  // 3: one barrier instead of nine
  CHECK(shuffle.shared_wavefronts * 2 < block.shared_wavefronts);
  CHECK(vector.global_sectors == shuffle.global_sectors);
  CHECK(vector.global_requests * 8 == shuffle.global_requests);  // 4: an eighth of the instructions
  CHECK(registers.global_sectors == 3 * kRow * kRows);           // 5: x once
}

TEST_CASE("the counts are the same in every run") {
  const Fresh fresh;
  const Counters a = product(ladder::gemm_8_persistent), b = product(ladder::gemm_8_persistent);
  CHECK(a.global_sectors == b.global_sectors);
  CHECK(a.global_requests == b.global_requests);
  CHECK(a.barriers == b.barriers);
  const Counters c = norm(ladder::rmsnorm_2_block), d = norm(ladder::rmsnorm_2_block);
  CHECK(c.shared_wavefronts == d.shared_wavefronts);
  CHECK(c.warp_ops == d.warp_ops);
}
