// safetensors, strictly: 8-byte little-endian header length, JSON header, data. One validator serves reader and writer.
// Checked: header size caps, UTF-8, a closed set of keys, no duplicate names, every offset the end of the one before
// (no hole, no overlap), sizes = shape x type without overflow, no trailing bytes.
// Known difference from HuggingFace's reader: white space before '{' is rejected, as the format's own text asks.
// Trap: element values are not checked, NaN and infinity may be there. Paper: none.
#pragma once
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/io.h"
#include "formats/dtype.h"

namespace r1 {

/// What is wrong with a file; the names are those of HuggingFace's reader where it has the case.
enum class SafetensorsFault : uint8_t {
  kHeaderTooSmall,
  kHeaderTooLarge,
  kInvalidHeaderLength,
  kInvalidHeader,
  kInvalidHeaderDeserialization,
  kDuplicateName,
  kInvalidOffset,
  kTensorInvalidInfo,
  kMisalignedSlice,
  kValidationOverflow,
  kMetadataIncompleteBuffer,
};
std::string_view fault_name(SafetensorsFault f);

struct SafetensorsError : Error {
  SafetensorsError(SafetensorsFault f, const std::string& message) : Error(message), fault(f) {}
  SafetensorsFault fault;
};

struct TensorInfo {
  std::string name;
  FileDtype dtype = FileDtype::kF32;
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0;  ///< bytes of the data section
  int64_t numel() const {
    int64_t n = 1;
    for (int64_t d : shape) n *= d;
    return n;
  }
};

struct SafetensorsHeader {
  std::vector<TensorInfo> tensors;  ///< in the order of their data
  std::map<std::string, std::string> metadata;
};

/// Checks a header against the size of its data section. Throws SafetensorsError starting with `where`.
SafetensorsHeader parse_safetensors_header(std::string_view header, uint64_t data_bytes, const std::string& where);

/// An open file. Tensors are views into it; nothing is copied until asked for.
class Safetensors {
 public:
  /// Maps the file (`map` = false reads it into memory instead). Throws SafetensorsError or Error naming the path.
  static Safetensors open(const std::string& path, bool map = true);
  /// Over memory that outlives this object.
  static Safetensors parse(Bytes file, const std::string& where);

  const std::vector<TensorInfo>& tensors() const { return header_.tensors; }
  const std::map<std::string, std::string>& metadata() const { return header_.metadata; }
  const std::string& where() const { return where_; }
  /// Null when there is none of that name.
  const TensorInfo* find(std::string_view name) const;
  /// Throws Error when there is none of that name, or its shape is another.
  const TensorInfo& require(std::string_view name, const std::vector<int64_t>& shape) const;
  const TensorInfo& require(std::string_view name) const;
  Bytes bytes(const TensorInfo& t) const { return data_.subspan(t.begin, t.end - t.begin); }
  /// Elements [first, first + out.size()) in row order, converted.
  void read(const TensorInfo& t, int64_t first, std::span<real> out) const;
  /// The whole tensor in double.
  std::vector<double> read_double(const TensorInfo& t) const;

 private:
  std::shared_ptr<const void> owner_;  ///< the mapping or buffer behind data_
  Bytes data_;
  std::string where_;
  SafetensorsHeader header_;
  std::vector<uint32_t> by_name_;
};

/// Writes a file tensor by tensor, atomically. Trap: wider types come first in the file (alignment), so tensors are
/// added in the order of tensors(), which is the declared order where all have one type.
class SafetensorsWriter {
 public:
  /// `tensors`: name, dtype and shape; offsets are computed. The header passes the reader's validator before the file
  /// is opened, and the whole size is reserved on the disk.
  SafetensorsWriter(const std::string& path, std::vector<TensorInfo> tensors,
                    const std::map<std::string, std::string>& metadata = {{"format", "pt"}});
  const std::vector<TensorInfo>& tensors() const { return tensors_; }
  /// The next tensor as raw bytes.
  void add(const std::string& name, Bytes data);
  /// The next tensor from numbers: its type is F32, F64, BF16 or F16.
  void add(const std::string& name, std::span<const float> values) { add_values(name, values); }
  void add(const std::string& name, std::span<const double> values) { add_values(name, values); }
  /// Throws unless every tensor was added; then the file is in place.
  void commit();

 private:
  template <class T>
  void add_values(const std::string& name, std::span<const T> values);
  const TensorInfo& next(const std::string& name);

  std::string path_;
  std::vector<TensorInfo> tensors_;
  std::unique_ptr<AtomicFile> file_;
  size_t done_ = 0;
};

}  // namespace r1
