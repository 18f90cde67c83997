// Dense contiguous tensors: a pointer, a shape, a device, and an owner or none (arena memory). Views share memory.
// Trap: what data() points at may be a GPU's memory: only kernels may follow it there. to_vector(), to() and
// copy_from() cross over. Paper: none.
#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/types.h"

namespace r1 {

/// Up to 4 extents. Shape{} is a scalar.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<int64_t> d) {
    R1_CHECK(d.size() <= 4, "shape of ", d.size(), " dims, expected at most 4");
    for (int64_t x : d) dims_[static_cast<size_t>(rank_++)] = x;
  }
  int rank() const { return rank_; }
  /// Extent i; negative i counts from the back.
  int64_t operator[](int i) const { return dims_[static_cast<size_t>(i < 0 ? rank_ + i : i)]; }
  int64_t numel() const {
    int64_t n = 1;
    for (int i = 0; i < rank_; ++i) n *= dims_[static_cast<size_t>(i)];
    return n;
  }
  bool operator==(const Shape& o) const = default;
  std::string str() const;  ///< "[2, 3]"

 private:
  std::array<int64_t, 4> dims_{};
  int rank_ = 0;
};

class Tensor {
 public:
  Tensor() = default;
  /// A view of memory that somebody else owns.
  Tensor(void* data, Shape shape, DType dtype = DType::kReal, std::shared_ptr<void> owner = nullptr,
         Device device = Device::kCpu)
      : data_(data), shape_(shape), dtype_(dtype), device_(device), owner_(std::move(owner)) {}
  /// Own zeroed, 64-byte aligned memory. `what` names its use in the error that a full GPU gives.
  static Tensor zeros(Shape shape, DType dtype = DType::kReal, Device device = Device::kCpu,
                      const char* what = "a tensor");
  /// Own memory, uninitialised.
  static Tensor empty(Shape shape, DType dtype = DType::kReal, Device device = Device::kCpu,
                      const char* what = "a tensor");
  /// Own memory with these numbers, row by row.
  static Tensor of(Shape shape, std::initializer_list<real> numbers);
  /// Own memory without data: shape and type only (counting parameters, planning memory).
  static Tensor meta(Shape shape, DType dtype = DType::kReal) { return Tensor(nullptr, shape, dtype); }

  bool defined() const { return data_ != nullptr || shape_.rank() > 0; }
  const Shape& shape() const { return shape_; }
  int64_t size(int i) const { return shape_[i]; }
  int64_t numel() const { return shape_.numel(); }
  DType dtype() const { return dtype_; }
  Device device() const { return device_; }
  size_t bytes() const { return static_cast<size_t>(numel()) * size_of(dtype_); }
  void* raw() const { return data_; }
  real* data() const { return static_cast<real*>(data_); }
  int32_t* ints() const { return static_cast<int32_t*>(data_); }
  /// The numbers, wherever they are; waits for the kernels that write them.
  std::vector<real> to_vector() const;
  /// This tensor if it is there already, else a copy there.
  Tensor to(Device device, const char* what = "a tensor") const;
  /// The same numbers in own memory on `device`.
  Tensor copy(Device device, const char* what = "a tensor") const;

  /// Same memory, other shape of equal size.
  Tensor reshape(Shape shape) const;
  /// Rows [begin, end) of the first dimension: same memory.
  Tensor rows(int64_t begin, int64_t end) const;
  /// Sets every byte to zero.
  void zero() const;
  /// Copies the elements of `from` (same shape and type, any device).
  void copy_from(const Tensor& from) const;

 private:
  void* data_ = nullptr;
  Shape shape_;
  DType dtype_ = DType::kReal;
  Device device_ = Device::kCpu;
  std::shared_ptr<void> owner_;
};

}  // namespace r1
