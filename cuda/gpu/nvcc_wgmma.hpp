// nvcc back end, sm_90a: products of a whole warpgroup (128 threads), operands in shared memory, accumulators in
// registers. The order a kernel must keep: write shared memory, fence_proxy_async(), barrier; wgmma_fence();
// wgmma()...; wgmma_commit(); wgmma_wait<0>(d). Accumulators of one warp w of the group: rows 16w + g and 16w + g + 8
// as in m16n8k16, d[4j..4j+3] belong to columns 8j + 2t, 8j + 2t + 1. Descriptors: PTX ISA, "Matrix descriptor" of
// wgmma. Trap: pass every accumulator to wgmma_wait, or the compiler may read it before the wait. Paper: none.
#pragma once
#include "gpu/nvcc_tma.hpp"

namespace gpu {

/// Describes a tile in shared memory that wgmma reads. For K-major tiles of bf16 with 128-byte swizzle and 64 k per
/// row: leading = 16 (ignored), stride = 1024 (bytes from 8 rows to the next 8), and k16 step i adds 32 i bytes to
/// `tile`.
GPU_DEVICE uint64_t wgmma_descriptor(const void* tile, Swizzle swizzle, uint32_t leading_bytes, uint32_t stride_bytes) {
  const uint64_t code = swizzle == Swizzle::k128 ? 1 : swizzle == Swizzle::k64 ? 2 : swizzle == Swizzle::k32 ? 3 : 0;
  return uint64_t((detail::smem_address(tile) & 0x3ffffu) >> 4) | (uint64_t((leading_bytes & 0x3ffffu) >> 4) << 16) |
         (uint64_t((stride_bytes & 0x3ffffu) >> 4) << 32) | (code << 62);
}

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
namespace detail {
/// The compiler may move no use of these registers across this place.
template <int M>
GPU_DEVICE void pin(float (&d)[M]) {
  GPU_UNROLL for (int i = 0; i < M; ++i) asm volatile("" : "+f"(d[i])::"memory");
}
}  // namespace detail

/// Before the first wgmma, and whenever accumulators or register operands were written since the last one. Name the
/// accumulators: the compiler must not move their writes behind the fence.
template <int... M>
GPU_DEVICE void wgmma_fence(float (&... d)[M]) {
  (detail::pin(d), ...);
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}
GPU_DEVICE void wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
/// At most Pending newest groups are still under way; the accumulators named may be read if theirs is done.
template <int Pending, int... M>
GPU_DEVICE void wgmma_wait(float (&... d)[M]) {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(Pending) : "memory");
  (detail::pin(d), ...);
}

// Register lists "%0,%1,..." and the operands behind them.
#define GPU_W4 "%0,%1,%2,%3"
#define GPU_W8 GPU_W4 ",%4,%5,%6,%7"
#define GPU_W16 GPU_W8 ",%8,%9,%10,%11,%12,%13,%14,%15"
#define GPU_W32 GPU_W16 ",%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31"
#define GPU_W48 GPU_W32 ",%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47"
#define GPU_W64 GPU_W48 ",%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63"
#define GPU_W96                                                      \
  GPU_W64                                                            \
  ",%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,%78,%79" \
  ",%80,%81,%82,%83,%84,%85,%86,%87,%88,%89,%90,%91,%92,%93,%94,%95"
#define GPU_W128                                                                 \
  GPU_W96                                                                        \
  ",%96,%97,%98,%99,%100,%101,%102,%103,%104,%105,%106,%107,%108,%109,%110,%111" \
  ",%112,%113,%114,%115,%116,%117,%118,%119,%120,%121,%122,%123,%124,%125,%126,%127"
#define GPU_D4(i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define GPU_D8(i) GPU_D4(i), GPU_D4(i + 4)
#define GPU_D16(i) GPU_D8(i), GPU_D8(i + 8)
#define GPU_D32(i) GPU_D16(i), GPU_D16(i + 16)
#define GPU_D48(i) GPU_D32(i), GPU_D16(i + 32)
#define GPU_D64(i) GPU_D32(i), GPU_D32(i + 32)
#define GPU_D96(i) GPU_D64(i), GPU_D32(i + 64)
#define GPU_D128(i) GPU_D64(i), GPU_D64(i + 64)
#define GPU_WGMMA_SS(N, H, T, A, B, P, TA, TB)                                                                       \
  asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, " P ", 0;\nwgmma.mma_async.sync.aligned.m64n" #N "k16.f32." T "." T \
               " {" GPU_W##H "}, " A ", " B ", p, 1, 1, " TA ", " TB ";\n}\n"                                        \
               : GPU_D##H(0)                                                                                         \
               : "l"(a), "l"(b), "r"(int(accumulate)), "n"(int(TransA)), "n"(int(TransB)))
#define GPU_WGMMA_RS(N, H, T, A0, A1, A2, A3, B, P, TB)                                                              \
  asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, " P ", 0;\nwgmma.mma_async.sync.aligned.m64n" #N "k16.f32." T "." T \
               " {" GPU_W##H "}, {" A0 "," A1 "," A2 "," A3 "}, " B ", p, 1, 1, " TB ";\n}\n"                        \
               : GPU_D##H(0)                                                                                         \
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(int(accumulate)), "n"(int(TransB)))
#define GPU_WGMMA_SHAPE_SS(N, H, ...)                                      \
  if constexpr (kN == N && kBf16) GPU_WGMMA_SS(N, H, "bf16", __VA_ARGS__); \
  if constexpr (kN == N && !kBf16) GPU_WGMMA_SS(N, H, "f16", __VA_ARGS__)
#define GPU_WGMMA_SHAPE_RS(N, H, ...)                                      \
  if constexpr (kN == N && kBf16) GPU_WGMMA_RS(N, H, "bf16", __VA_ARGS__); \
  if constexpr (kN == N && !kBf16) GPU_WGMMA_RS(N, H, "f16", __VA_ARGS__)

namespace detail {
template <class T, int N>
struct WgmmaShape {
  static constexpr bool kBf16 = sizeof(T) == 2 && !__is_same(T, half);
  static_assert(N == 8 || N == 16 || N == 32 || N == 64 || N == 96 || N == 128 || N == 192 || N == 256);
};
}  // namespace detail

/// D [64, N] (+)= A [64, 16] B [16, N]: both in shared memory. T is bf16 or half, N = 2 H. Trans*: M- or N-major.
template <class T, bool TransA = false, bool TransB = false, int H>
GPU_DEVICE void wgmma(float (&d)[H], uint64_t a, uint64_t b, bool accumulate = true) {
  constexpr int kN = 2 * H;
  constexpr bool kBf16 = detail::WgmmaShape<T, kN>::kBf16;
  GPU_WGMMA_SHAPE_SS(8, 4, "%4", "%5", "%6", "%7", "%8");
  GPU_WGMMA_SHAPE_SS(16, 8, "%8", "%9", "%10", "%11", "%12");
  GPU_WGMMA_SHAPE_SS(32, 16, "%16", "%17", "%18", "%19", "%20");
  GPU_WGMMA_SHAPE_SS(64, 32, "%32", "%33", "%34", "%35", "%36");
  GPU_WGMMA_SHAPE_SS(96, 48, "%48", "%49", "%50", "%51", "%52");
  GPU_WGMMA_SHAPE_SS(128, 64, "%64", "%65", "%66", "%67", "%68");
  GPU_WGMMA_SHAPE_SS(192, 96, "%96", "%97", "%98", "%99", "%100");
  GPU_WGMMA_SHAPE_SS(256, 128, "%128", "%129", "%130", "%131", "%132");
}
/// The same with A in registers: a[0..3] as for m16n8k16, warp w of the group holds rows 16w..16w+15.
template <class T, bool TransB = false, int H>
GPU_DEVICE void wgmma_registers(float (&d)[H], const uint32_t (&a)[4], uint64_t b, bool accumulate = true) {
  constexpr int kN = 2 * H;
  constexpr bool kBf16 = detail::WgmmaShape<T, kN>::kBf16;
  GPU_WGMMA_SHAPE_RS(8, 4, "%4", "%5", "%6", "%7", "%8", "%9", "%10");
  GPU_WGMMA_SHAPE_RS(16, 8, "%8", "%9", "%10", "%11", "%12", "%13", "%14");
  GPU_WGMMA_SHAPE_RS(32, 16, "%16", "%17", "%18", "%19", "%20", "%21", "%22");
  GPU_WGMMA_SHAPE_RS(64, 32, "%32", "%33", "%34", "%35", "%36", "%37", "%38");
  GPU_WGMMA_SHAPE_RS(96, 48, "%48", "%49", "%50", "%51", "%52", "%53", "%54");
  GPU_WGMMA_SHAPE_RS(128, 64, "%64", "%65", "%66", "%67", "%68", "%69", "%70");
  GPU_WGMMA_SHAPE_RS(192, 96, "%96", "%97", "%98", "%99", "%100", "%101", "%102");
  GPU_WGMMA_SHAPE_RS(256, 128, "%128", "%129", "%130", "%131", "%132", "%133", "%134");
}
#endif

}  // namespace gpu
