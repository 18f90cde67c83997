// nvcc back end: warp-wide matrix products of registers, the loads that feed them, and asynchronous copies of sm_80.
// Fragments (PTX ISA, "Matrix fragments for mma"): g = lane / 4, t = lane % 4; a register holds two 16-bit values.
//   m16n8k16: a[0..3] = A[g][2t..], A[g+8][2t..], A[g][2t+8..], A[g+8][2t+8..];  b[0..1] = B[2t..][g], B[2t+8..][g]
//   d[0..3] = D[g][2t], D[g][2t+1], D[g+8][2t], D[g+8][2t+1]
// Paper: none.
#pragma once
#include "gpu/nvcc_core.hpp"

#if defined(__CUDA_ARCH__)
#define GPU_ARCH_AT_LEAST(n) (__CUDA_ARCH__ >= (n))
#else
#define GPU_ARCH_AT_LEAST(n) 0
#endif

#define GPU_MMA(shape_types, reg_d, d, a, b)                                                              \
  asm volatile("mma.sync.aligned." shape_types " {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};\n" \
               : reg_d(d[0]), reg_d(d[1]), reg_d(d[2]), reg_d(d[3])                                       \
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]))

namespace gpu {

/// D += A B for one warp: A [16, 16], B [16, 8]; T is bf16 or half.
template <class T>
GPU_DEVICE void mma_m16n8k16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]);
template <>
GPU_DEVICE void mma_m16n8k16<bf16>(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  GPU_MMA("m16n8k16.row.col.f32.bf16.bf16.f32", "+f", d, a, b);
}
template <>
GPU_DEVICE void mma_m16n8k16<half>(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  GPU_MMA("m16n8k16.row.col.f32.f16.f16.f32", "+f", d, a, b);
}
/// A [16, 8], B [8, 8] in tf32 (to_tf32): a[0..3] = A[g][t], A[g+8][t], A[g][t+4], A[g+8][t+4]; b = B[t][g], B[t+4][g].
GPU_DEVICE void mma_m16n8k8_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  GPU_MMA("m16n8k8.row.col.f32.tf32.tf32.f32", "+f", d, a, b);
}
/// A [16, 32], B [32, 8] of 8-bit floats, four a register (sm_89): k = 4t.. and 4t+16.. .
template <class T>
GPU_DEVICE void mma_m16n8k32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]);
template <>
GPU_DEVICE void mma_m16n8k32<e4m3>(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
#if GPU_ARCH_AT_LEAST(890)
  GPU_MMA("m16n8k32.row.col.f32.e4m3.e4m3.f32", "+f", d, a, b);
#else
  trap();
#endif
}
template <>
GPU_DEVICE void mma_m16n8k32<e5m2>(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
#if GPU_ARCH_AT_LEAST(890)
  GPU_MMA("m16n8k32.row.col.f32.e5m2.e5m2.f32", "+f", d, a, b);
#else
  trap();
#endif
}
GPU_DEVICE void mma_m16n8k32_s8(int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  GPU_MMA("m16n8k32.row.col.s32.s8.s8.s32", "+r", d, a, b);
}

/// Loads 8x8 tiles of 16-bit values: lane 8i + r gives the address of row r of tile i (16-byte aligned, shared memory);
/// register i gets elements 2t, 2t+1 of row g of tile i (transposed: of column g).
GPU_DEVICE void ldmatrix_x1(uint32_t (&r)[1], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];"
               : "=r"(r[0])
               : "r"(detail::smem_address(row))
               : "memory");
}
GPU_DEVICE void ldmatrix_x2(uint32_t (&r)[2], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];"
               : "=r"(r[0]), "=r"(r[1])
               : "r"(detail::smem_address(row))
               : "memory");
}
GPU_DEVICE void ldmatrix_x4(uint32_t (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(detail::smem_address(row))
               : "memory");
}
GPU_DEVICE void ldmatrix_x1_trans(uint32_t (&r)[1], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%0}, [%1];"
               : "=r"(r[0])
               : "r"(detail::smem_address(row))
               : "memory");
}
GPU_DEVICE void ldmatrix_x2_trans(uint32_t (&r)[2], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
               : "=r"(r[0]), "=r"(r[1])
               : "r"(detail::smem_address(row))
               : "memory");
}
GPU_DEVICE void ldmatrix_x4_trans(uint32_t (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(detail::smem_address(row))
               : "memory");
}
/// The reverse of ldmatrix_x4 (sm_90): register i of every lane goes to tile i.
GPU_DEVICE void stmatrix_x4(void* row, const uint32_t (&r)[4]) {
#if GPU_ARCH_AT_LEAST(900)
  asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1,%2,%3,%4};" ::"r"(detail::smem_address(row)),
               "r"(r[0]), "r"(r[1]), "r"(r[2]), "r"(r[3])
               : "memory");
#else
  trap();
#endif
}
GPU_DEVICE void stmatrix_x4_trans(void* row, const uint32_t (&r)[4]) {
#if GPU_ARCH_AT_LEAST(900)
  asm volatile("stmatrix.sync.aligned.m8n8.x4.trans.shared.b16 [%0], {%1,%2,%3,%4};" ::"r"(detail::smem_address(row)),
               "r"(r[0]), "r"(r[1]), "r"(r[2]), "r"(r[3])
               : "memory");
#else
  trap();
#endif
}

/// Asynchronous copy of Bytes (4, 8, 16) from global to shared memory; of these only `from` are read, the rest is zero.
template <int Bytes>
GPU_DEVICE void cp_async(void* smem, const void* global, int from = Bytes) {
  static_assert(Bytes == 4 || Bytes == 8 || Bytes == 16);
  if constexpr (Bytes == 16)
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(detail::smem_address(smem)), "l"(global),
                 "r"(from)
                 : "memory");
  else
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(detail::smem_address(smem)), "l"(global),
                 "n"(Bytes), "r"(from)
                 : "memory");
}
GPU_DEVICE void cp_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
/// Waits until at most N of this thread's newest groups are still under way. Others' copies need a barrier after it.
template <int N>
GPU_DEVICE void cp_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}

}  // namespace gpu
