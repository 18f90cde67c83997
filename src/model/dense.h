// The dense sibling of Qwen2 and Llama: GQA and SwiGLU, pre-norm. Students of distillation are of this shape.
// Paper: [R1 §4], [R1 App. F].
#pragma once
#include <deque>

#include "model/causal_lm.h"
#include "model/config.h"
#include "nn/feed_forward.h"
#include "nn/gqa.h"
#include "nn/rotary.h"

namespace r1 {

class Dense : public CausalLm {
 public:
  explicit Dense(const ModelConfig& config);
  const ModelConfig& config() const { return config_; }

  int64_t vocab_size() const override { return config_.vocab_size; }
  int64_t n_layers() const override { return config_.n_layers; }
  KvShape kv_shape() const override;
  Var forward(Tape& t, const TokenBatch& batch) const override;
  const Param& head() const override { return head_ ? *head_ : *embed_; }
  size_t table_bytes() const override { return rotary_table_bytes(rotary_shape_); }
  void allocate() override;
  void to(Device device) override;
  void init(uint64_t seed) override;

 private:
  struct Block {
    const Param *attn_norm, *ffn_norm;
    Gqa attn;
    Mlp mlp;
  };
  int64_t head_dim() const { return config_.head_dim ? config_.head_dim : config_.dim / config_.n_heads; }

  ModelConfig config_;
  RotaryShape rotary_shape_;
  Tensor rotary_;
  const Param *embed_, *norm_, *head_ = nullptr;
  std::deque<Block> blocks_;
};

}  // namespace r1
