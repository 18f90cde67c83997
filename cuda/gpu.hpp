// The only header that knows where kernels run: under nvcc on a GPU, or (R1_GPU_EMULATED) as fibers on the CPU under
// cuda/emulator, which finds what a GPU hides. Kernel sources use only the names of namespace gpu and the macros here:
// no <<<>>>, no raw __shared__, no inline assembly elsewhere. Host code that a plain C++ compiler builds gets the host
// half (gpu/host.hpp) alone. The parts: gpu/types.hpp (bf16, half, Vec, Launch), gpu/host.hpp (memory, streams, events,
// device properties), gpu/nvcc_*.hpp or emulator/device_*.hpp (what a kernel may call; same names in both).
// Trap: device code sees no exceptions, no libm, no double: exact mode is fma(), mul(), add(), sqrt(), div() and bits.
// Paper: none.
//
//   GPU_KERNEL(256) void row_sum(float* y, const float* x, int cols) {    // at most 256 threads a block
//     SMEM(float, part, 8);                                               // static shared memory, one slot a warp
//     const float* row = x + size_t(gpu::block_idx().x) * cols;
//     float s = 0;
//     for (int c = gpu::tid() * 4; c < cols; c += gpu::block_size() * 4) {
//       const auto v = gpu::load_vec<4>(row + c);                         // one 16-byte load
//       for (int i = 0; i < 4; ++i) s = gpu::add(s, v[i]);
//     }
//     for (int d = 16; d > 0; d /= 2) s = gpu::add(s, gpu::shfl_xor(s, d));
//     if (gpu::lane() == 0) part[gpu::warp()] = s;
//     gpu::sync();
//     if (gpu::tid() == 0) {
//       for (int w = 1; w < gpu::block_size() / 32; ++w) s = gpu::add(s, part[w]);
//       y[gpu::block_idx().x] = s;
//     }
//   }
//   gpu::launch({.name = "row_sum", .grid = rows, .block = 256, .stream = ex.stream}, row_sum, y, x, cols);
#pragma once
#include "gpu/host.hpp"
#include "gpu/types.hpp"

#if defined(R1_GPU_EMULATED)
#include "emulator/device.hpp"
#elif defined(__CUDACC__)
#include "gpu/nvcc_core.hpp"
#include "gpu/nvcc_launch.hpp"
#include "gpu/nvcc_mma.hpp"
#include "gpu/nvcc_tma.hpp"
#include "gpu/nvcc_warp.hpp"
#include "gpu/nvcc_wgmma.hpp"
#endif
