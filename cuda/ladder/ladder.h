// Kernels from naive to best, one idea a step, for reading beside a table of what each step gains. Nothing of the
// project calls them; the harness tests and times them like any kernel. Paper: none.
#pragma once
#include "kernels/gemm.h"
#include "kernels/norm.h"

namespace r1::cuda::ladder {

using Product = GemmArgsOf<bf16, bf16>;  ///< C = A B^T alone: trans_b, no batch, no accumulation, aligned rows

void gemm_1_naive(const Exec& ex, const Product& g);
void gemm_2_shared(const Exec& ex, const Product& g);
void gemm_3_registers(const Exec& ex, const Product& g);
void gemm_4_mma(const Exec& ex, const Product& g);
void gemm_5_cp_async(const Exec& ex, const Product& g);
void gemm_6_wgmma(const Exec& ex, const Product& g);
void gemm_7_ring(const Exec& ex, const Product& g);
void gemm_8_persistent(const Exec& ex, const Product& g);
void gemm_9_cluster(const Exec& ex, const Product& g);

using Norm = RmsNormArgsOf<bf16>;  ///< dense rows, y only

void rmsnorm_1_thread(const Exec& ex, bf16* y, const Norm& a);
void rmsnorm_2_block(const Exec& ex, bf16* y, const Norm& a);
void rmsnorm_3_shuffle(const Exec& ex, bf16* y, const Norm& a);
void rmsnorm_4_vector(const Exec& ex, bf16* y, const Norm& a);
void rmsnorm_5_registers(const Exec& ex, bf16* y, const Norm& a);

}  // namespace r1::cuda::ladder
