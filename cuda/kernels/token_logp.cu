// Twin of kernels/token_logp.h. On Hopper the product's epilogue reduces each tile of logits before it leaves the
// registers; elsewhere, and for operands that TMA cannot take, chunks of float logits pass through memory.
// Paper: [R1 Eq. 1].
#include "kernels/token_logp.h"

#include "common/math.cuh"
#include "common/reduce.cuh"
#include "kernels/logp.h"
#include "kernels/memory.h"
#include "kernels/token_logp_sm90.cuh"

namespace r1::cuda {

namespace {

constexpr float kLn2 = 0.6931471805599453f;

/// A warp a row: joins the tiles' numbers, lanes first, then lanes by a fixed tree.
GPU_KERNEL(128)
void join_tiles_kernel(float* logp, float* lse, float* entropy, const sm90::TileStats* stats, const float* chosen,
                       int64_t rows, int tiles, float inv_temperature) {
  const int64_t row = int64_t(gpu::block_idx().x) * 4 + gpu::warp();
  if (row >= rows) return;
  const sm90::TileStats* own = stats + row * tiles;
  float top = -1e30f;
  for (int i = gpu::lane(); i < tiles; i += 32) top = gpu::max(top, own[i].top);
  top = warp_max(top);
  float sum = 0, weighted = 0;
  for (int i = gpu::lane(); i < tiles; i += 32) {
    const float d = gpu::max(gpu::sub(own[i].top, top), -1e4f), f = gpu::fast_exp2(d);
    sum = gpu::fma(f, own[i].sum, sum);
    weighted = gpu::fma(f, gpu::fma(d, own[i].sum, own[i].weighted), weighted);
  }
  sum = warp_sum(sum), weighted = warp_sum(weighted);
  if (gpu::lane() != 0) return;
  const float log_sum = log_exact(sum), whole = gpu::fma(top, kLn2, log_sum);
  lse[row] = whole;
  logp[row] = gpu::sub(gpu::mul(chosen[row], inv_temperature), whole);
  if (entropy) entropy[row] = gpu::sub(log_sum, gpu::mul(gpu::div(weighted, sum), kLn2));
}

bool by_wgmma(const TokenLogpArgs& a) {
  const gpu::DeviceInfo& info = gpu::device_info(gpu::current_device());
  return info.major == 9 && info.minor == 0 && a.dim % 8 == 0 && reinterpret_cast<uintptr_t>(a.h) % 16 == 0 &&
         reinterpret_cast<uintptr_t>(a.w) % 16 == 0;
}
void check(const Exec& ex, const TokenLogpArgs& a, const char* name) {
  const size_t need = token_logp_workspace(a);
  R1_CHECK(ex.workspace_bytes >= need, name, ": workspace of ", ex.workspace_bytes, " bytes, expected ", need);
  R1_CHECK(a.inv_temperature > 0, name, ": inverse temperature ", a.inv_temperature, ", expected a positive number");
}
/// 256-byte aligned start of the scratch.
std::byte* scratch_of(const Exec& ex) {
  return ex.workspace + (256 - reinterpret_cast<uintptr_t>(ex.workspace) % 256) % 256;
}
template <class Out>
GemmArgsOf<bf16, Out> logits_product(const TokenLogpArgs& a, int64_t first, int64_t count, Out* logits, int64_t ld) {
  GemmArgsOf<bf16, Out> g;
  g.m = count, g.n = a.vocab, g.k = a.dim, g.a = a.h + first * a.dim, g.lda = a.dim, g.b = a.w, g.ldb = a.dim;
  g.trans_b = true, g.c = logits, g.ldc = ld;
  return g;
}

/// dlogits [count, vocab] of rows from `first`, in bf16 with rows ld apart.
void logits_gradient(const Exec& ex, bf16* dlogits, int64_t ld, const float* dlogp, const float* lse,
                     const TokenLogpArgs& a, int64_t first, int64_t count) {
  if (by_wgmma(a)) {
    const sm90::Gradient e{{dev(dlogits), ld, false}, a.targets + first, lse + first, dlogp + first, a.inv_temperature};
    sm90::launch_product<1, true, true>("token_logp_bwd", dev(a.h) + first * a.dim, a.dim, dev(a.w), a.dim,
                                        {int(count), int(a.vocab), int(a.dim)}, e, ex.stream);
    return;
  }
  float* logits = reinterpret_cast<float*>(dlogits + count * ld);  // dense, so that logp_rows takes it
  gemm(ex, logits_product(a, first, count, logits, a.vocab));
  logp_rows_bwd(ex, logits, logits, lse + first, a.targets + first, dlogp + first, count, a.vocab, a.inv_temperature);
  for (int64_t r = 0; ld != a.vocab && r < count; ++r) cast(ex, dlogits + r * ld, logits + r * a.vocab, a.vocab);
  if (ld == a.vocab) cast(ex, dlogits, logits, count * a.vocab);
}

}  // namespace

void token_logp_fwd(const Exec& ex, float* logp, float* lse, float* entropy, const TokenLogpArgs& a) {
  if (a.rows == 0) return;
  check(ex, a, "token_logp_fwd");
  if (by_wgmma(a)) {
    const int tiles = int(ceil_div(a.vocab, sm90::kBn));
    auto* stats = reinterpret_cast<sm90::TileStats*>(scratch_of(ex));
    float* chosen = reinterpret_cast<float*>(stats + a.rows * tiles);
    const sm90::Stats e{stats, chosen, a.targets, tiles, a.inv_temperature * 1.4426950408889634f};
    sm90::launch_product<1, true, true>("token_logp_fwd", dev(a.h), a.dim, dev(a.w), a.dim,
                                        {int(a.rows), int(a.vocab), int(a.dim)}, e, ex.stream);
    gpu::launch({.name = "token_logp_join", .grid = ceil_div(a.rows, 4), .block = 128, .stream = ex.stream},
                join_tiles_kernel, logp, lse, entropy, stats, chosen, a.rows, tiles, a.inv_temperature);
    return;
  }
  float* logits = reinterpret_cast<float*>(scratch_of(ex));
  for (int64_t i = 0; i < a.rows; i += kTokenLogpRows) {
    const int64_t count = a.rows - i < kTokenLogpRows ? a.rows - i : kTokenLogpRows;
    gemm(ex, logits_product(a, i, count, logits, a.vocab));
    logp_rows(ex, logp + i, lse + i, entropy ? entropy + i : nullptr, logits, a.targets + i, count, a.vocab,
              a.inv_temperature);
  }
}

void token_logp_bwd(const Exec& ex, bf16* dh, float* dw, const float* dlogp, const float* lse, const TokenLogpArgs& a) {
  if (a.rows == 0) return;
  check(ex, a, "token_logp_bwd");
  bf16* dlogits = reinterpret_cast<bf16*>(scratch_of(ex));
  const int64_t ld = (a.vocab + 7) / 8 * 8;
  for (int64_t i = 0; i < a.rows; i += kTokenLogpRows) {
    const int64_t count = a.rows - i < kTokenLogpRows ? a.rows - i : kTokenLogpRows;
    logits_gradient(ex, dlogits, ld, dlogp, lse, a, i, count);
    GemmArgsOf<bf16, bf16> back;
    back.m = count, back.n = a.dim, back.k = a.vocab, back.a = dlogits, back.lda = ld, back.b = a.w, back.ldb = a.dim;
    back.c = dh + i * a.dim, back.ldc = a.dim;
    gemm(ex, back);
    GemmArgsOf<bf16, float> weights;
    weights.m = a.vocab, weights.n = a.dim, weights.k = count, weights.a = dlogits, weights.lda = ld;
    weights.trans_a = true, weights.b = a.h + i * a.dim, weights.ldb = a.dim;
    weights.c = dw, weights.ldc = a.dim, weights.accumulate = true;
    gemm(ex, weights);
  }
}

}  // namespace r1::cuda
