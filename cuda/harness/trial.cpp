// Buffers of a trial: values, guards, patterns, copies. Paper: none.
#include "harness/trial.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/device.h"

namespace r1::harness {

namespace {

constexpr int64_t kPeriod = 1048576;  ///< timing: so many different values, repeated on the device

uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

/// Values of a row depend on the row alone, so that a smaller problem is the beginning of a larger one.
void fill_values(Buffer& b, Fill fill, bool timing, const Filler& f) {
  uint64_t name = 1469598103934665603ull;
  for (char c : b.name) name = (name ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  const auto number = [&](int64_t r, int64_t c) {
    const float u = float(mix(name ^ (uint64_t(r) << 32) ^ uint64_t(c)) >> 40) / 16777216.0f;
    float x = f ? f(r, c, u) : fill == Fill::kInteger ? std::floor(u * 9) - 4 : 2 * u - 1;
    if (!f && x == 0 && u < 0.5f) x = -0.0f;  // of either sign: a sum that begins with 0 loses that of -0
    return b.type == Type::kBf16 ? to_float(to_bf16(x)) : x;
  };
  const int64_t n = timing && b.elements() > kPeriod ? kPeriod : b.elements();
  if (b.type == Type::kInt) {
    b.ints.resize(size_t(n));
    for (int64_t i = 0; i < n; ++i) b.ints[size_t(i)] = int32_t(number(i / b.ld, i % b.ld));
    return;
  }
  b.value.assign(size_t(n), std::numeric_limits<float>::quiet_NaN());
  for (int64_t i = 0; i < n; ++i)
    if (i % b.ld < b.cols) b.value[size_t(i)] = number(i / b.ld, i % b.ld);
}

void write_values(std::byte* to, const Buffer& b) {
  const size_t n = b.type == Type::kInt ? b.ints.size() : b.value.size();
  if (b.type == Type::kInt) std::memcpy(to, b.ints.data(), n * 4);
  if (b.type == Type::kFloat) std::memcpy(to, b.value.data(), n * 4);
  if (b.type == Type::kBf16)
    for (size_t i = 0; i < n; ++i) {
      const bf16 x = to_bf16(b.value[i]);
      std::memcpy(to + 2 * i, &x, 2);
    }
  if (b.type == Type::kDouble)
    for (size_t i = 0; i < n; ++i) {
      const double x = double(b.value[i]);
      std::memcpy(to + 8 * i, &x, 8);
    }
}

}  // namespace

Trial::~Trial() {
  for (Buffer& b : buffers) device::release(b.region);
  device::release(scratch_);
}

Buffer& Trial::add(const char* name, Type t, int64_t rows, int64_t cols, int64_t ld, bool input, bool output,
                   const Filler& f) {
  Buffer& b = buffers.emplace_back();
  b.name = name, b.type = t, b.rows = rows, b.cols = cols, b.ld = ld ? ld : cols, b.input = input, b.output = output;
  if (input) fill_values(b, fill, timing, f);
  if (output && !timing) {
    b.want.assign(size_t(b.elements()), std::numeric_limits<float>::quiet_NaN());
    if (input) b.want = b.value;
  }
  return b;
}

void Trial::upload() {
  const bool emulated = device::info().emulated;
  for (Buffer& b : buffers) {
    const size_t bytes = size_t(b.elements()) * size_of(b.type), off = kGuard + size_t(shift) * size_of(b.type);
    const size_t whole = bytes + 2 * kGuard + 16;
    if (!b.region) {
      b.region = static_cast<std::byte*>(device::allocate(whole, b.name.c_str()));
      b.data = b.region + off;
      const size_t part = timing ? std::min(bytes, size_t(kPeriod) * size_of(b.type)) : bytes;
      b.image.assign(part + whole - bytes, std::byte{kPattern});
      if (b.input) write_values(b.image.data() + off, b);
    }
    // In the emulator fresh memory is the pattern already; left alone, it counts as unwritten, and the race build
    // reports who reads what lies around the elements.
    const size_t first = emulated ? off : 0, count = b.image.size() - (emulated ? whole - bytes : 0);
    device::to_device(b.region + first, b.image.data() + first, count);
    for (size_t done = size_t(kPeriod) * size_of(b.type); timing && done < bytes; done *= 2)
      device::copy(b.data + done, b.data, std::min(done, bytes - done));
  }
  if (!workspace || (scratch_ && timing)) return;
  device::release(scratch_);  // what the last run left is gone
  scratch_ = static_cast<std::byte*>(device::allocate(workspace + kGuard, "workspace"));
  const std::vector<std::byte> pattern(workspace + kGuard, std::byte{kPattern});
  if (!emulated) device::to_device(scratch_, pattern.data(), pattern.size());
}

int64_t Trial::workspace_overrun() const {
  if (!scratch_) return -1;
  std::vector<std::byte> guard(kGuard);
  device::to_host(guard.data(), scratch_ + workspace, guard.size());
  for (size_t i = 0; i < guard.size(); ++i)
    if (guard[i] != std::byte{kPattern}) return int64_t(i);
  return -1;
}

void Trial::launch(void* stream) {
  Exec ex;
  ex.device = Device::kCuda;
  ex.stream = stream;
  ex.workspace = scratch_;
  ex.workspace_bytes = workspace;
  ex.exact = !fast;
  run(ex);
}

std::vector<std::byte> Trial::fetch(Buffer& b) {
  std::vector<std::byte> got(b.image.size());
  device::to_host(got.data(), b.region, got.size());
  return got;
}

std::vector<float> Trial::values_of(const Buffer& b, const std::vector<std::byte>& region) const {
  std::vector<float> v(size_t(b.elements()));
  const std::byte* from = region.data() + (b.data - b.region);
  for (size_t i = 0; i < v.size(); ++i) {
    if (b.type == Type::kFloat) std::memcpy(&v[i], from + 4 * i, 4);
    if (b.type == Type::kBf16) {
      bf16 x;
      std::memcpy(&x, from + 2 * i, 2);
      v[i] = to_float(x);
    }
    if (b.type == Type::kDouble) {
      double x;
      std::memcpy(&x, from + 8 * i, 8);
      v[i] = float(x);
    }
    if (b.type == Type::kInt) {
      int32_t x;
      std::memcpy(&x, from + 4 * i, 4);
      v[i] = float(x);
    }
  }
  return v;
}

}  // namespace r1::harness
