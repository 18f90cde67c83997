// A tiny DeepSeek-V3 with every part switched on, for tests.
#pragma once
#include <memory>
#include <type_traits>
#include <vector>

#include "base/rng.h"
#include "model/deepseek_v3.h"
#include "train/batch.h"

namespace r1_test {

inline r1::ModelConfig tiny_config() {
  r1::ModelConfig c;
  c.vocab_size = 24, c.dim = 16, c.inter_dim = 20, c.moe_inter_dim = 6, c.n_layers = 2, c.n_dense_layers = 1,
  c.n_heads = 2;
  c.n_routed_experts = 4, c.n_shared_experts = 1, c.n_activated_experts = 2, c.n_expert_groups = 2,
  c.n_limited_groups = 1;
  c.route_scale = 1.5, c.kv_lora_rank = 8, c.q_lora_rank = 0, c.qk_nope_head_dim = 6, c.qk_rope_head_dim = 4,
  c.v_head_dim = 5;
  c.n_mtp = 1, c.max_seq_len = 64, c.init_std = 0.3;
  return c;
}

template <class Change>
requires std::is_invocable_v<Change, r1::ModelConfig&> std::unique_ptr<r1::DeepseekV3> tiny_model(const Change& change,
                                                                                                  uint64_t seed = 1) {
  r1::ModelConfig c = tiny_config();
  change(c);
  auto m = std::make_unique<r1::DeepseekV3>(c);
  m->allocate();
  m->init(seed);
  return m;
}
inline std::unique_ptr<r1::DeepseekV3> tiny_model(uint64_t seed = 1) {
  return tiny_model([](r1::ModelConfig&) {}, seed);
}

/// Documents of given lengths with ids from a stream, all tokens targets.
inline r1::PackedSlot tiny_documents(const std::vector<int>& lengths, int64_t vocab = 24, uint32_t seed = 0) {
  r1::PackedSlot slot;
  r1::Rng rng(5, r1::Stream::kTest, seed);
  for (size_t d = 0; d < lengths.size(); ++d) {
    r1::Example e;
    for (int i = 0; i < lengths[d]; ++i)
      e.tokens.push_back(static_cast<r1::token_t>(rng.below(static_cast<uint32_t>(vocab)))), e.mask.push_back(1);
    slot.append(e, d);
  }
  return slot;
}

/// Counting document number i: a, a+1, a+2, ... modulo `vocab`, of 5 to `longest` tokens, all targets.
inline r1::Example counting_document(uint64_t i, int vocab, int longest) {
  r1::Rng rng(3, r1::Stream::kTest, static_cast<uint32_t>(i));
  r1::Example e;
  int t = rng.range(0, vocab - 1);
  for (int n = rng.range(5, longest); n > 0; --n, t = (t + 1) % vocab) e.tokens.push_back(t), e.mask.push_back(1);
  return e;
}

}  // namespace r1_test
