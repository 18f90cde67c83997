#include "model/layout.h"

#include <set>

#include "support/catch.h"

using namespace r1;

namespace {
ModelConfig config(const char* name) { return builtin_model_configs().at(name); }
}  // namespace

TEST_CASE("V2-Lite counts 15.71B parameters exactly") {
  const ParamCount n = count_params(config("v2-lite-16b"));
  CHECK(n.of(ParamGroup::kEmbedding) == 102400LL * 2048);
  CHECK(n.of(ParamGroup::kHead) == 102400LL * 2048);
  // q 3072 x 2048, kv_a 576 x 2048, norm 512, kv_b 4096 x 512, o 2048 x 2048
  const int64_t attention = 6291456 + 1179648 + 512 + 2097152 + 4194304;
  CHECK(attention == 13763072);
  CHECK(n.of(ParamGroup::kAttention) == 27 * attention);
  CHECK(n.of(ParamGroup::kDenseMlp) == 3LL * 2048 * 10944);
  const int64_t expert = 3LL * 2048 * 1408;
  CHECK(n.of(ParamGroup::kRoutedExperts) == 26 * 64 * expert);
  CHECK(n.of(ParamGroup::kSharedExperts) == 26 * 2 * expert);
  CHECK(n.of(ParamGroup::kRouter) == 26LL * 64 * 2048);
  CHECK(n.of(ParamGroup::kRouterBias) == 0);
  CHECK(n.of(ParamGroup::kNorm) == (2 * 27 + 1) * 2048);
  CHECK(n.total() == 15706484224LL);
  CHECK(n.active() == 15706484224LL - 26LL * (64 - 6) * expert);
  CHECK(n.active() == 2661150208LL);
  CHECK(n.total_mtp() == 0);
}

TEST_CASE("R1 counts 671.03B parameters and 11.61B of MTP apart") {
  const ParamCount n = count_params(config("r1-671b"));
  CHECK(n.of(ParamGroup::kEmbedding) == 129280LL * 7168);
  // q_a 1536 x 7168, norm 1536, q_b 24576 x 1536, kv_a 576 x 7168, norm 512, kv_b 32768 x 512, o 7168 x 16384
  const int64_t attention = 11010048 + 1536 + 37748736 + 4128768 + 512 + 16777216 + 117440512;
  CHECK(attention == 187107328);
  CHECK(n.of(ParamGroup::kAttention) == 61 * attention);
  CHECK(n.of(ParamGroup::kDenseMlp) == 3 * 3LL * 7168 * 18432);
  const int64_t expert = 3LL * 7168 * 2048;
  CHECK(n.of(ParamGroup::kRoutedExperts) == 58 * 256 * expert);
  CHECK(n.of(ParamGroup::kSharedExperts) == 58 * expert);
  CHECK(n.of(ParamGroup::kRouter) == 58LL * 256 * 7168);
  CHECK(n.of(ParamGroup::kRouterBias) == 58 * 256);
  CHECK(n.of(ParamGroup::kNorm) == (2 * 61 + 1) * 7168);
  CHECK(n.total() == 671026404352LL);
  CHECK(n.total() + n.of(ParamGroup::kRouterBias) == 671026419200LL);  // what a count over the weight file gives
  CHECK(n.active() == 37552282624LL);
  CHECK(n.active_no_embed() == 36625603584LL);
  // One MoE block with two norms, and enorm, hnorm, shared_head.norm, eh_proj; embedding and head are shared.
  const int64_t block = attention + 257 * expert + 256LL * 7168 + 5 * 7168;
  CHECK(n.of_mtp(ParamGroup::kMtpProjection) == 7168LL * 14336);
  CHECK(n.total_mtp() == block + 7168LL * 14336);
  CHECK(n.total_mtp() == 11610067968LL);
  CHECK(n.total_mtp() - n.of_mtp(ParamGroup::kMtpProjection) == 11507307520LL);
}

TEST_CASE("the latent cache is 15,552 and 35,136 numbers a token") {
  CHECK(cache_numbers(config("v2-lite-16b")) == 27 * 576);
  CHECK(cache_numbers(config("v2-lite-16b")) == 15552);
  CHECK(cache_numbers(config("r1-671b")) == 35136);
  CHECK(mha_cache_numbers(config("r1-671b")) == 1998848);
  ModelConfig dense;
  dense.arch = "dense", dense.dim = 896, dense.n_heads = 14, dense.n_kv_heads = 2, dense.n_layers = 24;
  CHECK(cache_numbers(dense) == 24 * 2 * 2 * 64);
}

TEST_CASE("the layout names every tensor once, in HuggingFace's words") {
  for (const auto& [name, c] : builtin_model_configs()) {
    if (c.dim > 1000) continue;
    std::set<std::string> seen;
    int64_t sum = 0;
    for (const HfTensor& t : hf_layout(c)) {
      CHECK(seen.insert(t.name).second);
      if (t.alias_of.empty()) sum += t.numel();
    }
    const ParamCount n = count_params(c);
    CHECK(sum == n.total() + n.total_mtp() + n.of(ParamGroup::kRouterBias) + n.of_mtp(ParamGroup::kRouterBias));
    CHECK(seen.count("model.layers.0.self_attn.kv_a_proj_with_mqa.weight"));
    CHECK(seen.count("model.layers.0.mlp.gate_proj.weight"));
    CHECK(seen.count("model.layers.1.mlp.experts.3.down_proj.weight"));
    CHECK(seen.count("model.layers.1.mlp.gate.e_score_correction_bias"));
    CHECK(seen.count(cat("model.layers.", c.n_layers, ".eh_proj.weight")));
    CHECK(seen.count("lm_head.weight") == (c.tie_embeddings ? 0 : 1));
    CHECK(seen.count("model.layers.0.self_attn.q_proj.weight") == (c.q_lora_rank == 0 ? 1 : 0));
  }
}
