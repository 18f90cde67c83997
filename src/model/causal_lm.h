// The interface that training, rollout and evaluation see: token ids in, hidden states out, one forward for all three.
// Paper: none (the network itself: deepseek_v3.h, dense.h).
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "autograd/tape.h"
#include "nn/kv_view.h"

namespace r1 {

/// Rows of one or more documents (training) or of the new tokens of sequences (engine), concatenated.
struct TokenBatch {
  std::span<const token_t> ids;         ///< [N]
  std::span<const int32_t> positions;   ///< [N] position inside the own document or sequence
  std::span<const int32_t> cu_seqlens;  ///< [docs + 1] first row of each, last = N
  const KvView* kv = nullptr;           ///< engine only: append to and attend over this cache
};

/// What the cache of one token of one layer looks like.
struct KvShape {
  int64_t n_kv_heads = 1, dk = 0, dv = 0;
  bool latent = false;  ///< values are part of the keys
  int64_t numbers() const { return n_kv_heads * (dk + (latent ? 0 : dv)); }
};

class CausalLm {
 public:
  virtual ~CausalLm() = default;
  virtual int64_t vocab_size() const = 0;
  virtual int64_t n_layers() const = 0;
  virtual KvShape kv_shape() const = 0;
  ParamList& params() { return params_; }
  const ParamList& params() const { return params_; }

  /// Final hidden states [N, C] after the last norm.
  virtual Var forward(Tape& t, const TokenBatch& batch) const = 0;
  /// The output head [V, C] (the embedding itself where they are tied).
  virtual const Param& head() const = 0;

 protected:
  ParamList params_;
};

}  // namespace r1
