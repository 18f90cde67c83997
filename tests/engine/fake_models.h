// Models small enough to know what the engine must do with them. Hidden width = vocabulary and head = identity, so a
// hidden state is its logits. Paper: none.
#pragma once
#include <functional>
#include <vector>

#include "base/rng.h"
#include "model/causal_lm.h"

namespace r1::fake {

/// Logits as a function of the last token and its position; no cache.
class Automaton : public CausalLm {
 public:
  using Rule = std::function<void(token_t id, int32_t position, real* logits)>;
  Automaton(int64_t vocab, Rule rule) : vocab_(vocab), rule_(std::move(rule)) {
    head_ = &params_.add("head", {vocab, vocab});
    params_.allocate();
    for (int64_t i = 0; i < vocab; ++i) head_->value.data()[i * vocab + i] = 1;
  }
  int64_t vocab_size() const override { return vocab_; }
  int64_t n_layers() const override { return 1; }
  KvShape kv_shape() const override { return {1, 8, 4, true}; }
  const Param& head() const override { return *head_; }
  void init(uint64_t) override {}
  Var forward(Tape& t, const TokenBatch& b) const override {
    const Tensor h = t.alloc({static_cast<int64_t>(b.ids.size()), vocab_});
    h.zero();
    for (size_t i = 0; i < b.ids.size(); ++i)
      rule_(b.ids[i], b.positions[i], h.data() + static_cast<int64_t>(i) * vocab_);
    return t.constant(h);
  }

 private:
  int64_t vocab_;
  Rule rule_;
  Param* head_;
};

/// Two layers of real attention over the cache: the hidden state depends on every token before. Without a KvView it
/// runs densely, which is the oracle.
class History : public CausalLm {
 public:
  explicit History(bool latent) : latent_(latent) {
    head_ = &params_.add("head", {kVocab, kWidth});
    embed_ = &params_.add("embed", {kVocab, kWidth});
    params_.allocate();
    Rng rng(3, Stream::kTest);
    for (Param* p : {head_, embed_})
      for (int64_t i = 0; i < p->value.numel(); ++i) p->value.data()[i] = static_cast<real>(rng.normal());
  }
  int64_t vocab_size() const override { return kVocab; }
  int64_t n_layers() const override { return 2; }
  KvShape kv_shape() const override { return {1, kWidth, latent_ ? kHalf : kWidth, latent_}; }
  const Param& head() const override { return *head_; }
  void init(uint64_t) override {}
  Var forward(Tape& t, const TokenBatch& b) const override {
    const int64_t n = static_cast<int64_t>(b.ids.size());
    Tensor x = t.alloc({n, kWidth});
    for (int64_t i = 0; i < n; ++i)
      for (int64_t d = 0; d < kWidth; ++d)
        x.data()[i * kWidth + d] = embed_->value.data()[b.ids[static_cast<size_t>(i)] * kWidth + d] +
                                   real(0.01) * static_cast<real>(b.positions[static_cast<size_t>(i)] % (d + 2));
    for (int64_t layer = 0; layer < 2; ++layer) x = attend(t, b, x, layer);
    return t.constant(x);
  }
  static constexpr int64_t kVocab = 21, kWidth = 12, kHalf = 6;

 private:
  Tensor attend(Tape& t, const TokenBatch& b, const Tensor& x, int64_t layer) const {
    const Tensor y = t.alloc({x.size(0), kWidth});
    y.zero();
    AttentionArgs a;
    a.n_tokens = x.size(0), a.n_heads = a.n_kv_heads = 1, a.dk = kWidth, a.dv = latent_ ? kHalf : kWidth;
    a.scale = real(0.3);
    a.cu_seqlens = b.cu_seqlens.data(), a.n_docs = static_cast<int64_t>(b.cu_seqlens.size()) - 1;
    a.q = a.k = a.v = x.data(), a.ldq = a.ldk = a.ldv = a.v_head_stride = a.ldo = kWidth;
    a.out = y.data();
    if (b.kv) {
      const PagedKv& kv = b.kv->layers[static_cast<size_t>(layer)];
      const Exec ex = t.exec(attention_paged_workspace(a, b.kv->longest, t.workers()));
      kv_append(ex, a, kv, b.positions.data());
      attention_paged(ex, a, kv, b.positions.data());
    } else {
      attention_fwd(t.exec(attention_fwd_workspace(a, t.workers())), a);
    }
    for (int64_t i = 0; i < y.numel(); ++i) y.data()[i] += x.data()[i] * real(0.5);
    return y;
  }

  bool latent_;
  Param *head_, *embed_;
};

}  // namespace r1::fake
