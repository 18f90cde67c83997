// Tensor memory and the step arena. Paper: none.
#include "tensor/tensor.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace r1 {

namespace {
constexpr size_t kAlign = 64;
constexpr size_t kChunk = size_t{4} << 20;

void* aligned(size_t bytes) {
  void* p = std::aligned_alloc(kAlign, (std::max<size_t>(bytes, 1) + kAlign - 1) / kAlign * kAlign);
  if (!p) fail("out of memory: ", bytes, " bytes wanted");
  return p;
}
}  // namespace

std::string Shape::str() const {
  std::string s = "[";
  for (int i = 0; i < rank_; ++i) s += (i ? ", " : "") + std::to_string((*this)[i]);
  return s + "]";
}

Tensor Tensor::zeros(Shape shape, DType dtype) {
  const size_t bytes = static_cast<size_t>(shape.numel()) * size_of(dtype);
  std::shared_ptr<void> owner(aligned(bytes), std::free);
  std::memset(owner.get(), 0, bytes);
  void* data = owner.get();
  return Tensor(data, shape, dtype, std::move(owner));
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
  return Tensor(data_, shape, dtype_, owner_);
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
  return Tensor(p, s, dtype_, owner_);
}

void Tensor::zero() const {
  if (data_ && numel() > 0) std::memset(data_, 0, bytes());
}

void Tensor::copy_from(const Tensor& from) const {
  R1_CHECK(from.shape() == shape_ && from.dtype() == dtype_, "copy of ", from.shape().str(), " into ", shape_.str());
  if (data_ && from.raw() && numel() > 0) std::memcpy(data_, from.raw(), bytes());
}

void Arena::Unmap::operator()(std::byte* p) const { ::munmap(p, bytes); }

void Arena::add_chunk(size_t bytes) {
  void* p = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) fail("out of memory: ", bytes, " bytes wanted for activations");
  chunks_.emplace_back(static_cast<std::byte*>(p), Unmap{bytes});
}

void* Arena::allocate(size_t bytes) {
  bytes = (std::max<size_t>(bytes, 1) + kAlign - 1) / kAlign * kAlign;
  total_ += bytes;
  peak_ = std::max(peak_, total_);
  if (meta_) return nullptr;
  while (chunk_ < chunks_.size() && used_ + bytes > chunks_[chunk_].get_deleter().bytes) ++chunk_, used_ = 0;
  if (chunk_ == chunks_.size()) {
    add_chunk(std::max(bytes, kChunk));
    used_ = 0;
  }
  void* p = chunks_[chunk_].get() + used_;
  used_ += bytes;
  return p;
}

void Arena::reset() {
  if (chunks_.size() > 1) {  // one chunk for all from now on; an eighth more, so that small growth does not move it
    chunks_.clear();
    add_chunk(peak_ + peak_ / 8);
  }
  chunk_ = used_ = total_ = 0;
}

void Arena::rewind(Mark m) { chunk_ = m.chunk, used_ = m.used, total_ = m.total; }

size_t Arena::reserved() const {
  size_t n = 0;
  for (const auto& c : chunks_) n += c.get_deleter().bytes;
  return n;
}

}  // namespace r1
