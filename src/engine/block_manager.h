// Owns the paged cache: for every layer one store of blocks of 16 tokens, and for every block a count of its users.
// Full blocks of a prompt are shared by all samples of it; a shared block is copied before somebody writes into it.
// Trap: the cache holds what earlier users left; kernels never look beyond a row's position. Paper: [V3 §2.1.1].
#pragma once
#include <cstdint>
#include <vector>

#include "model/causal_lm.h"

namespace r1 {

class BlockManager {
 public:
  /// `n_blocks` blocks for `n_layers` layers of this shape. Throws Error when memory is short.
  BlockManager(const KvShape& shape, int64_t n_layers, int64_t n_blocks);

  int64_t total() const { return static_cast<int64_t>(users_.size()); }
  int64_t free_blocks() const { return static_cast<int64_t>(free_.size()); }
  int64_t users(int32_t block) const { return users_[static_cast<size_t>(block)]; }
  /// Bytes of all stores.
  size_t bytes() const;

  /// A free block with one user. Throws Error if there is none.
  int32_t allocate();
  /// One more user.
  void share(int32_t block);
  /// One user less; without users the block is free.
  void release(int32_t block);
  /// The block itself if the caller is its only user, else a copy of it (and the caller leaves the old one).
  int32_t own(int32_t block);

  /// What attention needs; block_table and table_stride are the caller's to set.
  KvView view() const;

 private:
  KvShape shape_;
  std::vector<Tensor> k_, v_;  // one a layer: [n_blocks, Hk, dk, 16], [n_blocks, Hk, dv, 16]
  std::vector<int32_t> users_;
  std::vector<int32_t> free_;  // taken from the back
};

}  // namespace r1
