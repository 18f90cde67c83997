// The network of DeepSeek-V3 and R1: pre-norm blocks of MLA and feed-forward (the first n_dense_layers dense, the rest
// MoE), a final norm, an output head, and MTP modules used in training. One forward serves training, prefill, decode.
// Paper: [V3 §2.1], [V3 §2.2], [V3 §4.2]. Notes: paper_notes/mla.md, moe.md, mtp.md
#pragma once
#include <deque>
#include <memory>
#include <optional>

#include "model/causal_lm.h"
#include "model/config.h"
#include "nn/feed_forward.h"
#include "nn/mla.h"
#include "nn/rotary.h"

namespace r1 {

class DeepseekV3 : public CausalLm {
 public:
  explicit DeepseekV3(const ModelConfig& config);
  const ModelConfig& config() const { return config_; }

  int64_t vocab_size() const override { return config_.vocab_size; }
  int64_t n_layers() const override { return config_.n_layers; }
  int64_t n_mtp() const override { return config_.n_mtp; }
  size_t n_moe_layers() const override { return n_moe_; }
  KvShape kv_shape() const override;
  Var forward(Tape& t, const TokenBatch& batch) const override;
  Var mtp(Tape& t, Var hidden, const TokenBatch& batch, int64_t k) const override;
  const Param& head() const override { return head_ ? *head_ : *embed_; }
  size_t table_bytes() const override { return rotary_table_bytes(rotary_shape_); }
  void allocate() override;
  void to(Device device) override;
  void init(uint64_t seed) override;

  /// Recompute each block in backward instead of keeping its activations [V3 §3.2.3].
  void set_recompute(bool on) { recompute_ = on; }

 private:
  struct Block {
    const Param *attn_norm, *ffn_norm;
    Mla attn;
    std::optional<Mlp> mlp;
    std::optional<Moe> moe;
    size_t moe_index;
  };
  struct Mtp {
    const Param *enorm, *hnorm, *eh_proj, *norm;
    size_t block;
  };
  Block make_block(const std::string& prefix, bool dense);
  Var run_block(Tape& t, Var x, const Block& b, const LayerContext& ctx, int64_t layer) const;
  LayerContext context(Tape& t, const TokenBatch& batch) const;

  ModelConfig config_;
  RotaryShape rotary_shape_;
  Tensor rotary_;
  const Param *embed_, *norm_, *head_ = nullptr;
  std::deque<Block> blocks_;  ///< n_layers, then one per MTP module
  std::vector<Mtp> mtp_;
  size_t n_moe_ = 0;
  bool recompute_ = false;
};

}  // namespace r1
