// Emulator back end: warp collectives, mma, ldmatrix (see gpu/nvcc_warp.hpp and gpu/nvcc_mma.hpp). Paper: none.
#pragma once
#include "emulator/device_core.hpp"

namespace gpu {

constexpr uint32_t kFullMask = 0xffffffffu;

namespace detail {
template <class T>
inline T warp_value(emu::WarpOp op, T v, int arg, uint32_t mask, emu::Site at) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);
  emu::WarpValue x;
  __builtin_memcpy(&x.in, &v, sizeof(T));
  x.arg = arg;
  emu::warp_op(op, mask, &x, at);
  T out;
  __builtin_memcpy(&out, &x.out, sizeof(T));
  return out;
}
}  // namespace detail

inline void syncwarp(uint32_t mask = kFullMask, GPU_AT) {
  emu::WarpValue x;
  emu::warp_op(emu::WarpOp::kSync, mask, &x, at);
}
template <class T>
inline T shfl(T v, int lane, uint32_t mask = kFullMask, GPU_AT) {
  return detail::warp_value(emu::WarpOp::kShfl, v, lane, mask, at);
}
template <class T>
inline T shfl_xor(T v, int d, uint32_t mask = kFullMask, GPU_AT) {
  return detail::warp_value(emu::WarpOp::kShflXor, v, d, mask, at);
}
template <class T>
inline T shfl_down(T v, int d, uint32_t mask = kFullMask, GPU_AT) {
  return detail::warp_value(emu::WarpOp::kShflDown, v, d, mask, at);
}
template <class T>
inline T shfl_up(T v, int d, uint32_t mask = kFullMask, GPU_AT) {
  return detail::warp_value(emu::WarpOp::kShflUp, v, d, mask, at);
}
inline int popcount(uint32_t x) { return __builtin_popcount(x); }
inline int lowest_bit(uint32_t x) { return __builtin_ffs(int(x)) - 1; }
inline uint32_t ballot(bool p, uint32_t mask = kFullMask, GPU_AT) {
  return detail::warp_value(emu::WarpOp::kBallot, uint32_t(p), 0, mask, at);
}
inline bool any(bool p, uint32_t mask = kFullMask, GPU_AT) {
  return detail::warp_value(emu::WarpOp::kAny, uint32_t(p), 0, mask, at) != 0;
}
inline bool all(bool p, uint32_t mask = kFullMask, GPU_AT) {
  return detail::warp_value(emu::WarpOp::kAll, uint32_t(p), 0, mask, at) != 0;
}
template <class T>
inline uint32_t match_any(T v, uint32_t mask = kFullMask, GPU_AT) {
  uint64_t wide = 0;
  static_assert(sizeof(T) <= 8);
  __builtin_memcpy(&wide, &v, sizeof(T));
  return uint32_t(detail::warp_value(emu::WarpOp::kMatch, wide, 0, mask, at));
}
inline int warp_add(int v, uint32_t mask = kFullMask, GPU_AT) {
  return detail::warp_value(emu::WarpOp::kAdd, v, 0, mask, at);
}
inline int warp_max(int v, uint32_t mask = kFullMask, GPU_AT) {
  return detail::warp_value(emu::WarpOp::kMax, v, 0, mask, at);
}
inline int warp_min(int v, uint32_t mask = kFullMask, GPU_AT) {
  return detail::warp_value(emu::WarpOp::kMin, v, 0, mask, at);
}
inline bool elect(GPU_AT) { return detail::warp_value(emu::WarpOp::kElect, uint32_t(0), 0, kFullMask, at) != 0; }

namespace detail {
inline void mma(emu::WarpOp op, void* d, const uint32_t* a, const uint32_t* b, emu::Site at) {
  emu::MmaRegisters r{d, a, b};
  emu::warp_op(op, kFullMask, &r, at);
}
inline void matrix(emu::WarpOp op, uint32_t* r, const void* row, int tiles, emu::Site at) {
  emu::MatrixRow m{r, row, tiles};
  emu::warp_op(op, kFullMask, &m, at);
}
}  // namespace detail

template <class T>
inline void mma_m16n8k16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], GPU_AT) {
  static_assert(std::is_same_v<T, bf16> || std::is_same_v<T, half>);
  detail::mma(std::is_same_v<T, bf16> ? emu::WarpOp::kMmaBf16 : emu::WarpOp::kMmaHalf, d, a, b, at);
}
inline void mma_m16n8k8_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], GPU_AT) {
  detail::mma(emu::WarpOp::kMmaTf32, d, a, b, at);
}
template <class T>
inline void mma_m16n8k32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], GPU_AT) {
  static_assert(std::is_same_v<T, e4m3> || std::is_same_v<T, e5m2>);
  detail::mma(std::is_same_v<T, e4m3> ? emu::WarpOp::kMmaE4m3 : emu::WarpOp::kMmaE5m2, d, a, b, at);
}
inline void mma_m16n8k32_s8(int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], GPU_AT) {
  detail::mma(emu::WarpOp::kMmaS8, d, a, b, at);
}

inline void ldmatrix_x1(uint32_t (&r)[1], const void* row, GPU_AT) {
  detail::matrix(emu::WarpOp::kLdmatrix, r, row, 1, at);
}
inline void ldmatrix_x2(uint32_t (&r)[2], const void* row, GPU_AT) {
  detail::matrix(emu::WarpOp::kLdmatrix, r, row, 2, at);
}
inline void ldmatrix_x4(uint32_t (&r)[4], const void* row, GPU_AT) {
  detail::matrix(emu::WarpOp::kLdmatrix, r, row, 4, at);
}
inline void ldmatrix_x1_trans(uint32_t (&r)[1], const void* row, GPU_AT) {
  detail::matrix(emu::WarpOp::kLdmatrixTrans, r, row, 1, at);
}
inline void ldmatrix_x2_trans(uint32_t (&r)[2], const void* row, GPU_AT) {
  detail::matrix(emu::WarpOp::kLdmatrixTrans, r, row, 2, at);
}
inline void ldmatrix_x4_trans(uint32_t (&r)[4], const void* row, GPU_AT) {
  detail::matrix(emu::WarpOp::kLdmatrixTrans, r, row, 4, at);
}
inline void stmatrix_x4(void* row, const uint32_t (&r)[4], GPU_AT) {
  detail::matrix(emu::WarpOp::kStmatrix, const_cast<uint32_t*>(r), row, 4, at);
}
inline void stmatrix_x4_trans(void* row, const uint32_t (&r)[4], GPU_AT) {
  detail::matrix(emu::WarpOp::kStmatrixTrans, const_cast<uint32_t*>(r), row, 4, at);
}

}  // namespace gpu
