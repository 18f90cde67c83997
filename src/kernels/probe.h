// What the machine can do at best: a loop of independent fused multiply-adds, for the "% of peak" of benchmarks.
// Paper: none.
#pragma once
#include "kernels/kernel.h"

namespace r1 {

/// Elements that one round of fma_probe multiplies and adds.
constexpr int64_t kProbeWidth = 12 * 64 / sizeof(real);

/// `rounds` times a fused multiply-add of kProbeWidth independent elements, on the caller's thread; *sink gets a value
/// that depends on all of them.
R1_KERNEL_CPU_ONLY(fma_probe, const Exec& ex, real* sink, int64_t rounds)

}  // namespace r1
