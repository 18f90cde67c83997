// Tensor memory. Paper: none.
#include "tensor/tensor.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "kernels/device.h"

namespace r1 {

namespace {
constexpr size_t kAlign = 64;
/// Tensors from here on get pages of their own, which go back to the system at once: malloc may keep them.
constexpr size_t kOwnPages = size_t{1} << 20;

std::shared_ptr<void> memory(size_t bytes) {
  if (bytes >= kOwnPages) {
    void* p = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) fail("out of memory: ", bytes, " bytes wanted");
    return {p, [bytes](void* pages) { ::munmap(pages, bytes); }};
  }
  const size_t rounded = (std::max<size_t>(bytes, 1) + kAlign - 1) / kAlign * kAlign;
  std::shared_ptr<void> p(std::aligned_alloc(kAlign, rounded), std::free);
  if (!p) fail("out of memory: ", bytes, " bytes wanted");
  return p;
}
}  // namespace

std::string Shape::str() const {
  std::string s = "[";
  for (int i = 0; i < rank_; ++i) s += (i ? ", " : "") + std::to_string((*this)[i]);
  return s + "]";
}

Tensor Tensor::empty(Shape shape, DType dtype, Device device, const char* what) {
  const size_t bytes = static_cast<size_t>(shape.numel()) * size_of(dtype);
  std::shared_ptr<void> owner =
      device == Device::kCpu
          ? memory(bytes)
          : std::shared_ptr<void>(device::allocate(std::max<size_t>(bytes, 1), what), device::release);
  void* data = owner.get();
  return Tensor(data, shape, dtype, std::move(owner), device);
}

Tensor Tensor::zeros(Shape shape, DType dtype, Device device, const char* what) {
  Tensor t = empty(shape, dtype, device, what);
  t.zero();  // makes it resident now: a plan can be held against it
  return t;
}

Tensor Tensor::of(Shape shape, std::initializer_list<real> numbers) {
  R1_CHECK(static_cast<int64_t>(numbers.size()) == shape.numel(), numbers.size(), " numbers for a shape of ",
           shape.str());
  Tensor t = zeros(shape);
  std::copy(numbers.begin(), numbers.end(), t.data());
  return t;
}

Tensor Tensor::reshape(Shape shape) const {
  R1_CHECK(shape.numel() == numel(), "cannot view ", shape_.str(), " as ", shape.str());
  return Tensor(data_, shape, dtype_, owner_, device_);
}

Tensor Tensor::rows(int64_t begin, int64_t end) const {
  R1_CHECK(shape_.rank() > 0 && 0 <= begin && begin <= end && end <= size(0), "rows ", begin, " to ", end, " of ",
           shape_.str());
  const int64_t row = size(0) ? numel() / size(0) : 0;
  Shape s = shape_.rank() == 1   ? Shape{end - begin}
            : shape_.rank() == 2 ? Shape{end - begin, size(1)}
            : shape_.rank() == 3 ? Shape{end - begin, size(1), size(2)}
                                 : Shape{end - begin, size(1), size(2), size(3)};
  void* p = data_ ? static_cast<std::byte*>(data_) + static_cast<size_t>(begin * row) * size_of(dtype_) : nullptr;
  return Tensor(p, s, dtype_, owner_, device_);
}

std::vector<real> Tensor::to_vector() const {
  const Tensor here = to(Device::kCpu);
  return {here.data(), here.data() + numel()};
}

Tensor Tensor::to(Device device, const char* what) const {
  return device == device_ || !data_ ? *this : copy(device, what);
}

Tensor Tensor::copy(Device device, const char* what) const {
  Tensor there = empty(shape_, dtype_, device, what);
  there.copy_from(*this);
  return there;
}

void Tensor::zero() const {
  if (!data_ || numel() == 0) return;
  if (device_ == Device::kCpu)
    std::memset(data_, 0, bytes());
  else
    device::zero(data_, bytes());
}

void Tensor::copy_from(const Tensor& from) const {
  R1_CHECK(from.shape() == shape_ && from.dtype() == dtype_, "copy of ", from.shape().str(), " into ", shape_.str());
  if (!data_ || !from.raw() || numel() == 0) return;
  const bool here = device_ == Device::kCpu, there = from.device() == Device::kCpu;
  if (here && there)
    std::memcpy(data_, from.raw(), bytes());
  else if (here)
    device::to_host(data_, from.raw(), bytes());
  else if (there)
    device::to_device(data_, from.raw(), bytes());
  else
    device::copy(data_, from.raw(), bytes());
}

}  // namespace r1
