// Twins of kernels/gemm.h: float on the ordinary cores; bf16 by wgmma and TMA where the chip is 9.0 and the operands
// are aligned to 16 bytes, else by mma. The choice depends on chip, alignment and leading dimensions, never on m; in
// fast mode it does, and float goes to the tensor cores as tf32. Paper: none.
#include "kernels/gemm.h"

#include "kernels/gemm_mma.cuh"
#include "kernels/gemm_simt.cuh"
#include "kernels/gemm_sm90_store.cuh"
#include "kernels/gemm_split.cuh"
#include "kernels/gemm_tf32.cuh"

namespace r1::cuda {

namespace {

template <class In, class Out>
bool nothing_to_do(const GemmArgsOf<In, Out>& g) {
  R1_CHECK(!g.packed_b, "gemm on the device: packed_b is a form of the CPU kernel, expected b");
  R1_CHECK(g.m < (1 << 30) && g.n < (1 << 30) && g.k < (1 << 30), "gemm: ", g.m, " x ", g.n, " x ", g.k,
           ", expected sizes below 2^30");
  return g.m == 0 || g.n == 0 || g.batch == 0;
}

/// True if fast mode has made the product by parts of k.
template <class Kind, class In, class Out>
bool made_by_parts(const Exec& ex, const GemmArgsOf<In, Out>& g) {
  const size_t need = gemm_fast_workspace(g.m, g.n, g.k, g.batch);
  if (ex.exact || need == 0) return false;
  R1_CHECK(ex.workspace_bytes >= need, "gemm in fast mode: workspace of ", ex.workspace_bytes, " bytes, expected ",
           need);
  mma::launch_split<Kind>(g, reinterpret_cast<float*>(ex.workspace), ex.stream);
  return true;
}

template <class Out>
void gemm_bf16(const Exec& ex, const GemmArgsOf<bf16, Out>& g) {
  if (nothing_to_do(g) || made_by_parts<mma::Bf16>(ex, g)) return;
  const gpu::DeviceInfo& info = gpu::device_info(gpu::current_device());
  if (info.major == 9 && info.minor == 0 && sm90::fits(g))
    sm90::launch_gemm<1>(g, ex.stream);
  else
    mma::launch_gemm<mma::Bf16>(g, ex.stream);
}

}  // namespace

void gemm(const Exec& ex, const GemmArgs& g) {
  if (nothing_to_do(g) || made_by_parts<mma::Tf32>(ex, g)) return;
  if (ex.exact)
    simt::launch_gemm(g, ex.stream);
  else
    mma::launch_gemm<mma::Tf32>(g, ex.stream);
}
void gemm(const Exec& ex, const GemmArgsOf<bf16, bf16>& g) { gemm_bf16(ex, g); }
void gemm(const Exec& ex, const GemmArgsOf<bf16, float>& g) { gemm_bf16(ex, g); }

}  // namespace r1::cuda
