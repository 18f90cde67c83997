// The interface that training, rollout and evaluation see: token ids in, hidden states out, one forward for all three.
// Networks register themselves under the name that ModelConfig::arch has.
// Paper: none (the network itself: deepseek_v3.h, dense.h).
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "autograd/tape.h"
#include "base/registry.h"
#include "nn/context.h"

namespace r1 {

/// Rows of one or more documents (training) or of the new tokens of sequences (engine), concatenated.
struct TokenBatch {
  std::span<const token_t> ids;                      ///< [N]
  std::span<const int32_t> positions;                ///< [N] position inside the own document or sequence
  std::span<const int32_t> cu_seqlens;               ///< [docs + 1] first row of each, last = N
  const KvView* kv = nullptr;                        ///< engine only: append to and attend over this cache
  std::vector<ops::RouterStats>* routers = nullptr;  ///< training: load per MoE layer (sized by the caller), or null
  real balance_weight = 0;                           ///< alpha / tokens of the whole batch [V3 Eq. 17], 0 = off
  /// [docs], or empty: document whose rows come before a document's own, -1 = none (AttentionArgs::prefix). Positions
  /// go on from it.
  std::span<const int32_t> prefix = {};
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
  /// Hidden states [N, C] of MTP module k = 1..n_mtp, from the previous depth's; row i predicts token i + k + 1 of its
  /// document. Rows without such a token hold no meaning: give them no target [V3 Eq. 21-23].
  virtual Var mtp(Tape& t, Var hidden, const TokenBatch& batch, int64_t k) const;
  virtual int64_t n_mtp() const { return 0; }
  virtual size_t n_moe_layers() const { return 0; }
  /// The output head [V, C] (the embedding itself where they are tied).
  virtual const Param& head() const = 0;

  /// Named tensors without gradient: the router biases, one per MoE layer.
  std::vector<Buffer>& buffers() { return buffers_; }
  const std::vector<Buffer>& buffers() const { return buffers_; }

  /// Bytes of the tables that allocate() makes beside parameters and buffers (rotary angles).
  virtual size_t table_bytes() const { return 0; }
  /// Gives parameters and buffers memory; until then the model has shapes only.
  virtual void allocate();
  /// Moves parameters, buffers and tables. Weights are made and loaded on the CPU, before.
  virtual void to(Device device);
  Device device() const { return params_.device(); }
  /// Fresh weights: normal(0, init_std) for matrices, 1 for norms, 0 for biases; a function of the seed alone.
  virtual void init(uint64_t seed) = 0;

 protected:
  ParamList params_;
  std::vector<Buffer> buffers_;
};

struct ModelConfig;
/// In a network's .cpp: R1_REGISTER(ModelFactory, "dense", ...).
using ModelFactory = std::unique_ptr<CausalLm> (*)(const ModelConfig&);

/// The model of a config, shapes only (call allocate(), then init() or load weights).
std::unique_ptr<CausalLm> make_model(const ModelConfig& config);

}  // namespace r1
