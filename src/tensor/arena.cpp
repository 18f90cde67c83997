// The step arena. Paper: none.
#include "tensor/arena.h"

#include <sys/mman.h>

#include "kernels/device.h"

namespace r1 {

namespace {
/// Addresses of a CPU arena, which cost nothing until they are used, and the step in which it takes memory.
constexpr size_t kAddresses = size_t{256} << 30, kStep = size_t{1} << 20;
constexpr size_t kFirstPiece = size_t{64} << 20;
/// cudaMalloc's own alignment: vector loads of every kernel fit.
constexpr size_t kAlign = 64, kDeviceAlign = 256;

size_t round_up(size_t bytes, size_t to) { return (std::max<size_t>(bytes, 1) + to - 1) / to * to; }
}  // namespace

Arena::Arena(bool meta, Device device) : meta_(meta), device_(device) {
  own_buffers_ = !meta && device == Device::kCuda && device::info().emulated;
}

Arena::~Arena() {
  if (base_) ::munmap(base_, addresses_);
}

void Arena::grow(size_t bytes) {
  for (size_t want = kAddresses; !base_ && want >= kStep; want /= 2) {  // less where the address space is limited
    void* p = ::mmap(nullptr, want, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p != MAP_FAILED) base_ = static_cast<std::byte*>(p), addresses_ = want;
  }
  const size_t taken = (bytes + kStep - 1) / kStep * kStep;
  if (taken > addresses_ || ::mprotect(base_ + taken_, taken - taken_, PROT_READ | PROT_WRITE) != 0)
    fail("out of memory: ", bytes, " bytes wanted for activations");
  taken_ = taken;
}

std::byte* Arena::allocate_on_device(size_t bytes) {
  const auto fits = [&](const Piece& p) {
    return total_ < p.begin + p.bytes && std::max(total_, p.begin) + bytes <= p.begin + p.bytes;
  };
  auto piece = std::find_if(pieces_.begin(), pieces_.end(), fits);
  if (piece == pieces_.end()) {
    const size_t begin = pieces_.empty() ? 0 : pieces_.back().begin + pieces_.back().bytes;
    const size_t want = own_buffers_ ? bytes : std::max({bytes, kFirstPiece, taken_});
    pieces_.push_back({begin, want, {device::allocate(want, "activations"), device::release}});
    taken_ += want;
    piece = pieces_.end() - 1;
  }
  const size_t at = std::max(total_, piece->begin);
  total_ = at + bytes;
  return static_cast<std::byte*>(piece->memory.get()) + (at - piece->begin);
}

void* Arena::allocate(size_t bytes) {
  const bool on_device = device_ == Device::kCuda && !meta_;
  const size_t rounded = round_up(bytes, device_ == Device::kCuda ? kDeviceAlign : kAlign), at = total_;
  std::byte* p = nullptr;
  if (on_device) {
    p = allocate_on_device(rounded);
  } else {
    if (!meta_ && at + rounded > taken_) grow(at + rounded);
    if (!meta_) p = base_ + at;
    total_ = at + rounded;
  }
  peak_ = std::max(peak_, total_);
  return p;
}

void Arena::rewind(Mark m) {
  total_ = m.total;
  while (own_buffers_ && !pieces_.empty() && pieces_.back().begin >= m.total) {
    taken_ -= pieces_.back().bytes;
    pieces_.pop_back();
  }
}

void Arena::reset() {
  rewind({0});
  if (pieces_.size() <= 1) return;
  const size_t all = taken_;
  pieces_.clear();  // before the next is taken: both may not fit
  pieces_.push_back({0, all, {device::allocate(all, "activations"), device::release}});
}

}  // namespace r1
