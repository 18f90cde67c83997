// nvcc back end, sm_90: mbarriers, the tensor memory accelerator (TMA), clusters, register reallocation.
// An mbarrier's phase completes when `count` arrivals and all expected bytes are in; waiters name the parity of the
// phase they wait for (0 for the first). Trap: a phase can pass only once per wait; producers must not lap consumers.
// Paper: none.
#pragma once
#include "gpu/nvcc_mma.hpp"

namespace gpu {

/// By one thread, followed by fence_mbar_init() and sync() before anyone uses it.
GPU_DEVICE void mbar_init(Mbar* b, int count) {
  asm volatile("mbarrier.init.shared.b64 [%0], %1;" ::"r"(detail::smem_address(b)), "r"(count) : "memory");
}
GPU_DEVICE void mbar_arrive(Mbar* b) {
  asm volatile("{\n.reg .b64 s;\nmbarrier.arrive.shared.b64 s, [%0];\n}" ::"r"(detail::smem_address(b)) : "memory");
}
#if GPU_ARCH_AT_LEAST(900)
GPU_DEVICE void fence_mbar_init() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }
/// One arrival that also announces `bytes` to come by TMA in this phase.
GPU_DEVICE void mbar_arrive_expect_tx(Mbar* b, uint32_t bytes) {
  asm volatile(
      "{\n.reg .b64 s;\nmbarrier.arrive.expect_tx.shared::cta.b64 s, [%0], %1;\n}" ::"r"(detail::smem_address(b)),
      "r"(bytes)
      : "memory");
}
/// True once the phase of that parity has completed; may suspend the thread for a while first.
GPU_DEVICE bool mbar_try_wait(Mbar* b, int parity) {
  uint32_t done;
  asm volatile("{\n.reg .pred p;\nmbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\nselp.b32 %0, 1, 0, p;\n}"
               : "=r"(done)
               : "r"(detail::smem_address(b)), "r"(parity)
               : "memory");
  return done != 0;
}
GPU_DEVICE void mbar_wait(Mbar* b, int parity) {
  while (!mbar_try_wait(b, parity)) {
  }
}
/// Ordinary writes to shared memory before it are seen by TMA and wgmma after it (by each writing thread, then a
/// barrier).
GPU_DEVICE void fence_proxy_async() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

GPU_DEVICE void tma_prefetch_map(const TensorMap& m) { asm volatile("prefetch.tensormap [%0];" ::"l"(&m) : "memory"); }
/// One thread: the box at coordinates (x fastest) into smem (128-byte aligned), its bytes counted on `b`. What lies
/// outside the tensor arrives as zeros and counts too. x times the element's size must be a multiple of 16 bytes.
GPU_DEVICE void tma_load(void* smem, const TensorMap& m, Mbar* b, int x) {
  asm volatile(
      "cp.async.bulk.tensor.1d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%3}], [%2];" ::"r"(
          detail::smem_address(smem)),
      "l"(&m), "r"(detail::smem_address(b)), "r"(x)
      : "memory");
}
GPU_DEVICE void tma_load(void* smem, const TensorMap& m, Mbar* b, int x, int y) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
      "[%0], [%1, {%3,%4}], [%2];" ::"r"(detail::smem_address(smem)),
      "l"(&m), "r"(detail::smem_address(b)), "r"(x), "r"(y)
      : "memory");
}
GPU_DEVICE void tma_load(void* smem, const TensorMap& m, Mbar* b, int x, int y, int z) {
  asm volatile(
      "cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
      "[%0], [%1, {%3,%4,%5}], [%2];" ::"r"(detail::smem_address(smem)),
      "l"(&m), "r"(detail::smem_address(b)), "r"(x), "r"(y), "r"(z)
      : "memory");
}
/// As tma_load, to the same offset in every block of the cluster that `blocks` has a bit for, counted on each one's b.
GPU_DEVICE void tma_load_multicast(void* smem, const TensorMap& m, Mbar* b, uint16_t blocks, int x, int y) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes.multicast::cluster "
      "[%0], [%1, {%4,%5}], [%2], %3;" ::"r"(detail::smem_address(smem)),
      "l"(&m), "r"(detail::smem_address(b)), "h"(blocks), "r"(x), "r"(y)
      : "memory");
}
/// A contiguous piece: `bytes` a multiple of 16, both ends 16-byte aligned.
GPU_DEVICE void tma_load_bytes(void* smem, const void* global, uint32_t bytes, Mbar* b) {
  asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(
                   detail::smem_address(smem)),
               "l"(global), "r"(bytes), "r"(detail::smem_address(b))
               : "memory");
}
/// One thread: smem to the box; outside is not written. Before it: fence_proxy_async() by the writers and a barrier.
GPU_DEVICE void tma_store(const TensorMap& m, const void* smem, int x, int y) {
  asm volatile("cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group [%0, {%2,%3}], [%1];" ::"l"(&m),
               "r"(detail::smem_address(smem)), "r"(x), "r"(y)
               : "memory");
}
/// Adds instead of storing (order not fixed).
GPU_DEVICE void tma_reduce_add(const TensorMap& m, const void* smem, int x, int y) {
  asm volatile("cp.reduce.async.bulk.tensor.2d.global.shared::cta.add.tile.bulk_group [%0, {%2,%3}], [%1];" ::"l"(&m),
               "r"(detail::smem_address(smem)), "r"(x), "r"(y)
               : "memory");
}
GPU_DEVICE void tma_store_commit() { asm volatile("cp.async.bulk.commit_group;" ::: "memory"); }
/// At most N newest groups still read shared memory (which may then be written again) ...
template <int N>
GPU_DEVICE void tma_store_wait_read() {
  asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(N) : "memory");
}
/// ... or are still under way at all.
template <int N>
GPU_DEVICE void tma_store_wait() {
  asm volatile("cp.async.bulk.wait_group %0;" ::"n"(N) : "memory");
}

/// Clusters: rank of this block, a barrier of all its threads, an arrival at another block's mbarrier.
GPU_DEVICE uint32_t cluster_rank() {
  uint32_t r;
  asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(r));
  return r;
}
GPU_DEVICE void cluster_sync() {
  asm volatile("barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;" ::: "memory");
}
/// Says that this thread's reads are done; publishes no writes: `.release.cluster` would, and costs a MEMBAR.ALL.GPU
/// at every arrival (a GEMM ran at 0.6 of its speed).
GPU_DEVICE void mbar_arrive_cluster(Mbar* b, uint32_t rank) {
  asm volatile(
      "{\n.reg .b32 r;\nmapa.shared::cluster.u32 r, %0, %1;\n"
      "mbarrier.arrive.shared::cluster.b64 _, [r];\n}" ::"r"(detail::smem_address(b)),
      "r"(rank)
      : "memory");
}
#endif

// Registers a thread of a warpgroup may hold from here on (24..256, a multiple of 8); sm_90a.
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
template <int N>
GPU_DEVICE void take_registers() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(N));
}
template <int N>
GPU_DEVICE void give_registers() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(N));
}
#endif

}  // namespace gpu
