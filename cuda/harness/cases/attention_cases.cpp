// Attention over documents: cases for the harness. Paper: [V3 Eq. 10].
#include "harness/trial.h"
#include "kernels/attention.h"

namespace r1::harness {
namespace {

/// Documents of a check: uneven cuts of the tokens; the second continues the first where `prefix` is asked for.
struct Documents {
  std::vector<int32_t> cu, prefix;
};
Documents cut(int64_t tokens, int64_t docs, bool prefix) {
  Documents d;
  for (int64_t i = 0; i <= docs; ++i) d.cu.push_back(int32_t(tokens * i * (i + 1) / (docs * (docs + 1))));
  d.prefix.assign(size_t(docs), -1);
  if (docs >= 3 && prefix) d.prefix[1] = 0, d.prefix[2] = 0;
  return d;
}

/// dims: tokens, documents, heads, heads of keys, dk, dv. Latent: values are the first columns of keys.
template <class T, bool Backward, bool Latent>
void make_attention(Trial& t) {
  const int64_t n = t.dim(0), docs = t.dim(1), h = t.dim(2), hk = t.dim(3), dk = t.dim(4), dv = t.dim(5);
  const Documents d = cut(n, docs, !t.timing);
  const auto cu_at = [d](int64_t, int64_t i, float) { return float(d.cu[size_t(i)]); };
  const auto prefix_at = [d](int64_t, int64_t i, float) { return float(d.prefix[size_t(i)]); };
  Buffer &cu = t.in<int32_t>("cu", 1, docs + 1, 0, cu_at), &prefix = t.in<int32_t>("prefix", 1, docs, 0, prefix_at);
  const int64_t ldq = t.gap(h * dk, 8), ldk = t.gap(hk * dk, 16), ldo = t.gap(h * dv, 8);
  const int64_t ldv = Latent ? ldk : t.gap(hk * dv, 8), v_head = Latent ? dk : dv;
  Buffer &q = t.in<T>("q", n, h * dk, ldq), &k = t.in<T>("k", n, hk * dk, ldk);
  Buffer& v = Latent ? k : t.in<T>("v", n, hk * dv, ldv);
  const bool timing = t.timing;
  const auto args = [=](auto* pq, auto* pk, auto* pv, auto* out, float* lse, const int32_t* c, const int32_t* p) {
    AttentionArgsOf<std::remove_pointer_t<decltype(out)>> a;
    a.n_tokens = n, a.n_heads = h, a.n_kv_heads = hk, a.dk = dk, a.dv = dv, a.scale = 0.2f, a.cu_seqlens = c;
    a.n_docs = docs, a.prefix = docs >= 3 && !timing ? p : nullptr, a.q = pq, a.ldq = ldq, a.k = pk, a.ldk = ldk,
    a.v = pv, a.ldv = ldv;
    a.v_head_stride = v_head, a.out = out, a.ldo = ldo, a.lse = lse;
    return a;
  };
  double pairs = 0;
  for (int64_t i = 0; i < docs; ++i) {
    const double own = d.cu[size_t(i) + 1] - d.cu[size_t(i)], before = d.prefix[size_t(i)] < 0 ? 0 : d.cu[1];
    pairs += own * before + own * (own + 1) / 2;
  }
  const auto aligned = [](std::vector<std::byte>& s) {
    return s.data() + (64 - reinterpret_cast<uintptr_t>(s.data()) % 64) % 64;
  };
  if constexpr (!Backward) {
    Buffer &out = t.out<T>("out", n, h * dv, ldo), &lse = t.out<float>("lse", n, h);
    out.tolerance = sizeof(T) == 2 ? 2e-3 : 0;  // probabilities are rounded to bf16 before the second product
    lse.tolerance = 2e-5;
    t.run = [&, args](const Exec& ex) {
      cuda::attention_fwd(ex, args(q.on_device<T>(), k.on_device<T>(), v.on_device<T>(), out.on_device<T>(),
                                   lse.on_device<float>(), cu.on_device<int32_t>(), prefix.on_device<int32_t>()));
    };
    t.reference = [&, args, aligned] {
      const AttentionArgs a = args(q.value.data(), k.value.data(), v.value.data(), out.want.data(), lse.want.data(),
                                   cu.ints.data(), prefix.ints.data());
      std::vector<std::byte> scratch(attention_fwd_workspace(a, 1) + 64);
      Exec ex;
      ex.workspace = aligned(scratch), ex.workspace_bytes = scratch.size() - 64;
      attention_fwd(ex, a);
    };
    t.flops = 2 * pairs * double(h * (dk + dv));
  } else {
    // The forward's results come from the CPU, so that the backward is judged alone.
    std::vector<float> out(size_t(n * ldo)), lse(size_t(n * h));
    if (!t.timing) {
      const AttentionArgs a = args(q.value.data(), k.value.data(), v.value.data(), out.data(), lse.data(),
                                   cu.ints.data(), prefix.ints.data());
      std::vector<std::byte> scratch(attention_fwd_workspace(a, 1) + 64);
      Exec ex;
      ex.workspace = aligned(scratch), ex.workspace_bytes = scratch.size() - 64;
      attention_fwd(ex, a);
    }
    const auto out_at = [out, ldo](int64_t r, int64_t c, float) { return out[size_t(r * ldo + c)]; };
    const auto lse_at = [lse, h, &t](int64_t r, int64_t c, float) { return t.timing ? 8.0f : lse[size_t(r * h + c)]; };
    Buffer& o = t.in<T>("out", n, h * dv, ldo, t.timing ? Filler() : Filler(out_at));
    Buffer &l = t.in<float>("lse", n, h, 0, lse_at), &go = t.in<T>("dout", n, h * dv, ldo);
    Buffer& dq = t.out<T>("dq", n, h * dk, ldq);
    Buffer& dkeys = t.inout<T>("dk", n, hk * dk, ldk);
    Buffer& dvalues = Latent ? dkeys : t.inout<T>("dv", n, hk * dv, ldv);
    dq.tolerance = dkeys.tolerance = dvalues.tolerance = sizeof(T) == 2 ? 6e-3 : 2e-5;
    t.workspace = attention_bwd_device_workspace(n, h);
    t.run = [&, args](const Exec& ex) {
      cuda::attention_bwd(ex,
                          args(q.on_device<T>(), k.on_device<T>(), v.on_device<T>(), o.on_device<T>(),
                               l.on_device<float>(), cu.on_device<int32_t>(), prefix.on_device<int32_t>()),
                          AttentionGradsOf<T>{go.on_device<T>(), dq.on_device<T>(), false, dkeys.on_device<T>(),
                                              dvalues.on_device<T>()});
    };
    t.reference = [&, args, aligned] {
      const AttentionArgs a = args(q.value.data(), k.value.data(), v.value.data(), o.value.data(), l.value.data(),
                                   cu.ints.data(), prefix.ints.data());
      std::vector<std::byte> scratch(attention_bwd_workspace(a, 1) + 64);
      Exec ex;
      ex.workspace = aligned(scratch), ex.workspace_bytes = scratch.size() - 64;
      attention_bwd(ex, a,
                    AttentionGrads{go.value.data(), dq.want.data(), false, dkeys.want.data(), dvalues.want.data()});
    };
    t.flops = 2 * pairs * double(h * (3 * dk + 2 * dv));
  }
}

const char* const kDims = "tokens, documents, heads, key heads, dk, dv";
const std::vector<Dims> kChecks{{1, 1, 1, 1, 4, 4}, {40, 3, 2, 1, 12, 20}, {70, 1, 2, 2, 40, 33}, {33, 1, 4, 2, 8, 8}};
const std::vector<Dims> kTensor{{1, 1, 1, 1, 64, 64},  {70, 1, 2, 2, 64, 64},    {200, 3, 2, 1, 64, 64},
                                {50, 1, 4, 2, 64, 64}, {140, 1, 1, 1, 128, 128}, {300, 4, 1, 1, 128, 128}};
const std::vector<Dims> kTensorFwd{{1, 1, 1, 1, 64, 64},     {70, 1, 2, 2, 64, 64},    {200, 3, 2, 1, 64, 64},
                                   {140, 1, 1, 1, 128, 128}, {300, 4, 1, 1, 128, 128}, {90, 1, 1, 1, 192, 128},
                                   {300, 2, 2, 1, 128, 128}, {400, 1, 1, 1, 64, 64},   {50, 1, 4, 2, 64, 64}};
/// One document: with fewer tokens it is the beginning of the same one, and causal rows may not change.
const std::vector<Dims> kAlone{{70, 1, 2, 2, 40, 33}, {41, 1, 4, 2, 8, 8}};
const std::vector<Dims> kAloneTensor{{70, 1, 2, 2, 64, 64}, {300, 1, 1, 1, 128, 128}, {130, 1, 1, 1, 192, 128}};
const std::vector<Dims> kLatent{{40, 3, 3, 1, 24, 16}, {9, 1, 4, 1, 36, 32}};
const std::vector<Dims> kBench{
    {8192, 1, 16, 16, 64, 64}, {8192, 1, 16, 16, 128, 128}, {16384, 8, 16, 4, 128, 128}, {4096, 1, 32, 32, 192, 128}};
const std::vector<Dims> kBenchBwd{{8192, 1, 16, 16, 64, 64}, {8192, 1, 16, 16, 128, 128}, {16384, 8, 16, 4, 128, 128}};
/// Several tiles of keys and of queries, grouped heads, documents that end inside a tile.
const std::vector<Dims> kTensorBwd{{300, 2, 2, 1, 128, 128}, {400, 1, 1, 1, 64, 64}, {260, 2, 4, 2, 64, 64}};
const std::vector<Dims> kBenchFloat{{1024, 1, 16, 16, 64, 64}};

#define R1_ATTENTION(name, checks, bench, ...) \
  R1_REGISTER(KernelCase, name, KernelCase{kDims, checks, bench, (make_attention<__VA_ARGS__>), -1, true})
R1_ATTENTION("attention_fwd/f32", kChecks, kBenchFloat, float, false, false);
R1_ATTENTION("attention_fwd/f32_latent", kLatent, {}, float, false, true);
R1_ATTENTION("attention_fwd/bf16", kTensorFwd, kBench, bf16, false, false);
R1_ATTENTION("attention_fwd/bf16_any", kChecks, {}, bf16, false, false);
#define R1_ATTENTION_BATCH(name, checks, T) \
  R1_REGISTER(KernelCase, name, KernelCase{kDims, checks, {}, (make_attention<T, false, false>), 0, true})
R1_ATTENTION_BATCH("attention_fwd/f32_batch", kAlone, float);
R1_ATTENTION_BATCH("attention_fwd/bf16_batch", kAloneTensor, bf16);
R1_ATTENTION("attention_bwd/f32", kChecks, kBenchFloat, float, true, false);
R1_ATTENTION("attention_bwd/f32_latent", kLatent, {}, float, true, true);
R1_ATTENTION("attention_bwd/bf16", kTensor, kBenchBwd, bf16, true, false);
R1_ATTENTION("attention_bwd/bf16_tiles", kTensorBwd, {}, bf16, true, false);
R1_ATTENTION("attention_bwd/bf16_any", kChecks, {}, bf16, true, false);

}  // namespace
}  // namespace r1::harness
