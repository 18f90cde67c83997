// Tensor core products of the emulator; see mma.cpp. Private to cuda/emulator. Paper: none.
#pragma once
#include "emulator/emulator.hpp"

namespace gpu::emu {

struct WarpGroup;
struct Warp;
struct Fiber;

void warp_mma(const WarpGroup& g);
void warp_matrix(const WarpGroup& g, Warp& w);
/// Of the calling lane, before it waits for the others: its row must be 16-byte aligned shared memory.
void check_matrix_row(const Fiber& f, WarpOp op, const MatrixRow& m, Site at);

/// Seen on an H200: terms are cut to multiples of 2^-25 of the largest one's power of two, their sum toward zero.
constexpr int kKeptBits = 26;

/// c + sum of a[i] b[i] in the order of Options::accumulate; `bits`: width that kTruncate keeps below the largest term.
float accumulate(float c, const float* a, const float* b, int n, int bits = kKeptBits);

}  // namespace gpu::emu
