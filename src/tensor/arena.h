// Bump allocator for the activations of one step. Paper: none.
#pragma once
#include <algorithm>
#include <memory>
#include <vector>

#include "tensor/tensor.h"

namespace r1 {

/// On the CPU it reserves addresses at first and takes memory as far as it is used: nothing ever moves, there are no
/// gaps, and what is resident is the high-water mark. On a GPU it takes memory in pieces, each as large as all before,
/// and turns them into one at reset(), so that from the second step on nothing is allocated. In the emulator each
/// tensor has a buffer of its own, between guards and poisoned afresh. `reset` keeps the memory elsewhere.
/// A meta arena counts without allocating and hands out null pointers.
class Arena {
 public:
  explicit Arena(bool meta = false, Device device = Device::kCpu);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  /// 64-byte aligned, uninitialised.
  void* allocate(size_t bytes);
  Tensor tensor(Shape shape, DType dtype = DType::kReal) {
    return Tensor(allocate(static_cast<size_t>(shape.numel()) * size_of(dtype)), shape, dtype, nullptr, device_);
  }
  void reset();
  /// A point to return to: frees what was allocated since.
  struct Mark {
    size_t total;
  };
  Mark mark() const { return {total_}; }
  void rewind(Mark m);
  size_t in_use() const { return total_; }
  size_t peak() const { return peak_; }
  /// Bytes taken from the system so far.
  size_t taken() const { return taken_; }
  bool meta() const { return meta_; }
  Device device() const { return device_; }

 private:
  void grow(size_t bytes);
  std::byte* allocate_on_device(size_t bytes);

  std::byte* base_ = nullptr;
  size_t addresses_ = 0, taken_ = 0, total_ = 0, peak_ = 0;
  bool meta_;
  Device device_;
  struct Piece {
    size_t begin, bytes;  ///< where it stands in the count of total_
    std::shared_ptr<void> memory;
  };
  std::vector<Piece> pieces_;  ///< of a GPU's memory, in order
  bool own_buffers_ = false;   ///< emulator: a piece is one tensor
};

}  // namespace r1
