// Reference-counted blocks of the paged cache. Paper: [V3 §2.1.1] (what a block holds).
#include "engine/block_manager.h"

#include <cstring>
#include <limits>

namespace r1 {

BlockManager::BlockManager(const KvShape& shape, int64_t n_layers, int64_t n_blocks) : shape_(shape) {
  R1_CHECK(n_blocks > 0 && n_blocks < std::numeric_limits<int32_t>::max(), "cache of ", n_blocks, " blocks");
  for (int64_t i = 0; i < n_layers; ++i) {
    k_.push_back(Tensor::zeros({n_blocks, shape.n_kv_heads, shape.dk, kKvBlock}));
    if (!shape.latent) v_.push_back(Tensor::zeros({n_blocks, shape.n_kv_heads, shape.dv, kKvBlock}));
  }
  users_.assign(static_cast<size_t>(n_blocks), 0);
  for (int64_t b = n_blocks; b-- > 0;) free_.push_back(static_cast<int32_t>(b));
}

size_t BlockManager::bytes() const {
  size_t n = 0;
  for (const auto* stores : {&k_, &v_})
    for (const Tensor& t : *stores) n += t.bytes();
  return n;
}

int32_t BlockManager::allocate() {
  R1_CHECK(!free_.empty(), "the cache of ", total(), " blocks is full");
  const int32_t block = free_.back();
  free_.pop_back();
  users_[static_cast<size_t>(block)] = 1;
  return block;
}

void BlockManager::share(int32_t block) {
  R1_CHECK(users(block) > 0, "cache block ", block, " is shared but has no user");
  ++users_[static_cast<size_t>(block)];
}

void BlockManager::release(int32_t block) {
  R1_CHECK(users(block) > 0, "cache block ", block, " is released twice");
  if (--users_[static_cast<size_t>(block)] == 0) free_.push_back(block);
}

int32_t BlockManager::own(int32_t block) {
  if (users(block) == 1) return block;
  const int32_t copy = allocate();
  for (auto* stores : {&k_, &v_})
    for (Tensor& t : *stores) {
      const Tensor from = t.rows(block, block + 1);
      std::memcpy(t.rows(copy, copy + 1).raw(), from.raw(), from.bytes());
    }
  release(block);
  return copy;
}

KvView BlockManager::view() const {
  KvView kv;
  for (size_t i = 0; i < k_.size(); ++i) {
    PagedKv p;
    p.k = k_[i].data();
    p.k_block = shape_.n_kv_heads * shape_.dk * kKvBlock;
    p.v = shape_.latent ? p.k : v_[i].data();
    p.v_block = shape_.latent ? p.k_block : shape_.n_kv_heads * shape_.dv * kKvBlock;
    p.latent = shape_.latent;
    kv.layers.push_back(p);
  }
  return kv;
}

}  // namespace r1
