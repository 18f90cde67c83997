// One kernel on one problem: its buffers on host and device, how to run it, what it should give. A case (KernelCase)
// describes the problem once; checking, sweeping, timing and listing all use that. Values are floats on the host,
// already rounded to the buffer's type; what a kernel should give is computed by the CPU kernel in float.
// Paper: none.
#pragma once
#include <deque>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/bf16.h"
#include "base/registry.h"
#include "kernels/kernel.h"

namespace r1::harness {

using Dims = std::vector<int64_t>;

enum class Type : uint8_t { kFloat, kBf16, kInt, kDouble };
constexpr size_t size_of(Type t) { return t == Type::kBf16 ? 2 : t == Type::kDouble ? 8 : 4; }
template <class T>
constexpr Type type_of() {
  if constexpr (std::is_same_v<T, bf16>) return Type::kBf16;
  if constexpr (std::is_same_v<T, int32_t>) return Type::kInt;
  if constexpr (std::is_same_v<T, double>) return Type::kDouble;
  return Type::kFloat;
}

/// What random inputs are: numbers in [-1, 1), or small integers, for which many kernels are exact.
enum class Fill : uint8_t { kReal, kInteger };

/// An argument [rows, cols], rows ld apart. In device memory it stands between guards, `shift` elements off alignment;
/// inputs hold NaN between their rows, outputs a pattern everywhere.
struct Buffer {
  std::string name;
  Type type = Type::kFloat;
  int64_t rows = 0, cols = 0, ld = 0;
  bool input = false, output = false;
  double tolerance = 0;          ///< outputs: allowed |got - want| / |want|; 0: by type
  std::vector<float> value;      ///< [rows * ld] inputs
  std::vector<int32_t> ints;     ///< instead, for kInt
  std::vector<float> want;       ///< [rows * ld] outputs, by the CPU kernel
  std::vector<std::byte> image;  ///< the device region as it is before each run
  std::byte* region = nullptr;
  std::byte* data = nullptr;  ///< first element on the device
  int64_t elements() const { return rows > 0 ? (rows - 1) * ld + cols : 0; }
  template <class T>
  T* on_device() const {
    return reinterpret_cast<T*>(data);
  }
};

/// Fills the next value of an input: row, column, uniform number in [0, 1).
using Filler = std::function<float(int64_t row, int64_t col, float u)>;

class Trial {
 public:
  Trial(Dims dims, Fill fill, int shift, bool timing)
      : dims(std::move(dims)), fill(fill), shift(shift), timing(timing) {}
  ~Trial();
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  template <class T>
  Buffer& in(const char* name, int64_t rows, int64_t cols, int64_t ld = 0, const Filler& f = nullptr) {
    return add(name, type_of<T>(), rows, cols, ld, true, false, f);
  }
  template <class T>
  Buffer& out(const char* name, int64_t rows, int64_t cols, int64_t ld = 0) {
    return add(name, type_of<T>(), rows, cols, ld, false, true, nullptr);
  }
  template <class T>
  Buffer& inout(const char* name, int64_t rows, int64_t cols, int64_t ld = 0, const Filler& f = nullptr) {
    return add(name, type_of<T>(), rows, cols, ld, true, true, f);
  }
  int64_t dim(size_t i) const { return dims.at(i); }
  /// Row length that leaves a gap when checking, none when timing.
  int64_t gap(int64_t cols, int64_t by) const { return timing ? cols : cols + by; }

  Dims dims;
  Fill fill;
  int shift;    ///< elements off 16-byte alignment
  bool timing;  ///< no reference wanted, sizes are large
  size_t workspace = 0;
  std::function<void(const Exec&)> run;  ///< on the device
  std::function<void()> reference;       ///< fills `want` of every output
  bool fast = false;                     ///< Exec::exact is false: no promise about the batch, tolerances instead
  bool exact = false;                    ///< device and CPU give the same bits, always
  bool exact_integers = false;           ///< ... when inputs are integers
  double flops = 0, bytes = 0;
  std::deque<Buffer> buffers;

  void upload();                            ///< allocates at first; puts every buffer in its state before a run
  void launch(void* stream = nullptr);      ///< run on the device (does not wait)
  std::vector<std::byte> fetch(Buffer& b);  ///< the device region
  std::vector<float> values_of(const Buffer& b, const std::vector<std::byte>& region) const;
  int64_t workspace_overrun() const;  ///< bytes from the workspace's end to a byte written beyond it; -1: none

 private:
  Buffer& add(const char* name, Type t, int64_t rows, int64_t cols, int64_t ld, bool input, bool output,
              const Filler& f);
  std::byte* scratch_ = nullptr;
};

/// Guard bytes before and after each buffer, and the pattern of what is not written.
constexpr size_t kGuard = 256;
constexpr uint8_t kPattern = 0xff;  // as a float or bf16: NaN

struct KernelCase {
  const char* dims = "";  ///< names of the sizes, "rows, cols"
  std::vector<Dims> check, bench;
  void (*make)(Trial&) = nullptr;
  int batch_dim = -1;                   ///< index of a size that no row's bits may depend on
  bool tensor_cores = false;            ///< judged in FLOP/s, not bytes/s
  const char* file = __builtin_FILE();  ///< where it is registered: compiled again beside a reader's kernel
};

}  // namespace r1::harness

#ifdef R1_READER
// Case files that are compiled beside a reader's .cu (harness/reader.cpp) register in a list of their own library,
// which the program asks for; the reader's file counts its launches, which tells whose kernel a case ran.
extern "C" {
__attribute__((visibility("default"), used)) inline const void* r1_reader_cases() {
  return &r1::Registry<r1::harness::KernelCase>::get();
}
__attribute__((visibility("default"), used)) inline unsigned long long r1_reader_launches = 0;
}
#endif
