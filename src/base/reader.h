// Strict reading of bytes that somebody else wrote: every integer is unsigned and checked, every extent is compared
// with what is left, nothing is allocated from a declared count before the count fits, errors carry the offset.
// Every binary format of the project reads through this class; our own files are treated as hostile too. Paper: none.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/io.h"

namespace r1 {

/// *out = a + b; false when it does not fit in 64 bits.
[[nodiscard]] inline bool checked_add(uint64_t a, uint64_t b, uint64_t* out) {
  return !__builtin_add_overflow(a, b, out);
}
/// *out = a * b; false when it does not fit in 64 bits.
[[nodiscard]] inline bool checked_mul(uint64_t a, uint64_t b, uint64_t* out) {
  return !__builtin_mul_overflow(a, b, out);
}

/// A cursor over little-endian bytes. All methods throw Error "FILE: MESSAGE at byte N" on bad input.
class Reader {
 public:
  /// `name` is the file's name for messages; `base` is the offset of bytes[0] in it.
  Reader(Bytes bytes, std::string name, uint64_t base = 0) : bytes_(bytes), name_(std::move(name)), base_(base) {}

  uint64_t offset() const { return base_ + pos_; }
  uint64_t remaining() const { return bytes_.size() - pos_; }
  bool at_end() const { return remaining() == 0; }
  const std::string& name() const { return name_; }

  /// A number as it lies in the file; `what` names the field in errors.
  template <class T>
  requires std::is_arithmetic_v<T> T read(const char* what) {
    T v;
    std::memcpy(&v, take(sizeof(T), what).data(), sizeof(T));
    return v;
  }
  uint8_t u8(const char* what) { return read<uint8_t>(what); }
  uint32_t u32(const char* what) { return read<uint32_t>(what); }
  uint64_t u64(const char* what) { return read<uint64_t>(what); }
  /// The next n bytes: a view, valid as long as the underlying memory.
  Bytes take(uint64_t n, const char* what);
  /// The next n bytes as own text.
  std::string text(uint64_t n, const char* what) { return std::string(as_text(take(n, what))); }
  /// Values of one type after the count has been compared with what is left.
  template <class T>
  requires std::is_arithmetic_v<T> std::vector<T> array(uint64_t count, const char* what) {
    const Bytes b = take(extent(count, sizeof(T), what), what);
    std::vector<T> out(static_cast<size_t>(count));
    if (count > 0) std::memcpy(out.data(), b.data(), b.size());
    return out;
  }
  /// A declared count whose items take at least `min_size` bytes each must fit in the rest: ask before reserving.
  /// Returns count * min_size.
  uint64_t extent(uint64_t count, uint64_t min_size, const char* what) const;
  /// Demands the end of the input.
  void expect_end(const char* what) const;
  [[noreturn]] void error(const std::string& message) const;

 private:
  Bytes bytes_;
  std::string name_;
  uint64_t base_ = 0;
  size_t pos_ = 0;
};

/// Position of the first byte that is not well-formed UTF-8 (overlong forms and surrogates included), or npos.
size_t find_invalid_utf8(std::string_view text);

}  // namespace r1
