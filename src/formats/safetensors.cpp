// safetensors files: opening, converting reads, and the writer that goes through the same validator. Paper: none.
#include "formats/safetensors.h"

#include <algorithm>
#include <numeric>
#include <sstream>
#include <utility>

#include "base/fields.h"
#include "base/reader.h"

namespace r1 {

namespace {

constexpr uint64_t kMaxHeader = 100'000'000;

/// "1, 2, 3" with the given separator.
std::string joined(const std::vector<int64_t>& v, const char* separator) {
  std::string s;
  for (size_t i = 0; i < v.size(); ++i) {
    if (i > 0) s += separator;
    s += std::to_string(v[i]);
  }
  return s;
}

std::string shape_text(const std::vector<int64_t>& shape) { return cat("[", joined(shape, ", "), "]"); }

/// Text as a JSON string; Error when it is not UTF-8.
std::string quoted(const std::string& s, const std::string& where) {
  if (find_invalid_utf8(s) != std::string_view::npos) fail(where, ": a tensor name or metadata text is not UTF-8");
  return Json(s).dump();
}

std::string header_text(const std::vector<TensorInfo>& tensors, const std::map<std::string, std::string>& metadata,
                        const std::string& where) {
  std::ostringstream h;
  const char* comma = "";
  h << "{";
  if (!metadata.empty()) {
    h << "\"__metadata__\":{";
    for (const auto& [k, v] : metadata) h << std::exchange(comma, ",") << quoted(k, where) << ":" << quoted(v, where);
    h << "}";
  }
  for (const auto& t : tensors)
    h << std::exchange(comma, ",") << quoted(t.name, where) << ":{\"dtype\":\"" << dtype_name(t.dtype)
      << "\",\"shape\":[" << joined(t.shape, ",") << "],\"data_offsets\":[" << t.begin << "," << t.end << "]}";
  h << "}";
  std::string text = h.str();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data begin aligned to 8
  return text;
}

/// Orders by alignment and fills in the offsets; returns the size of the data.
uint64_t place(std::vector<TensorInfo>& tensors, const std::string& where) {
  std::stable_sort(tensors.begin(), tensors.end(),
                   [](const auto& a, const auto& b) { return dtype_bits(a.dtype) > dtype_bits(b.dtype); });
  uint64_t at = 0;
  for (auto& t : tensors) {
    uint64_t bits = dtype_bits(t.dtype);
    for (int64_t d : t.shape)
      if (d < 0 || !checked_mul(bits, static_cast<uint64_t>(d), &bits))
        fail(where, ": tensor '", t.name, "': cannot write shape ", shape_text(t.shape));
    t.begin = at;
    if (!checked_add(at, bits / 8, &at)) fail(where, ": tensors exceed 2^64 bytes");
    t.end = at;
  }
  return at;
}

}  // namespace

Safetensors Safetensors::parse(Bytes file, const std::string& where) {
  const auto reject = [&](SafetensorsFault f, const std::string& what) {
    throw SafetensorsError(f, cat(where, ": ", what, " [", fault_name(f), "]"));
  };
  if (file.size() < 8) reject(SafetensorsFault::kHeaderTooSmall, cat(file.size(), " bytes, expected at least 8"));
  Reader reader(file, where);
  const uint64_t n = reader.u64("header length");
  if (n > kMaxHeader)
    reject(SafetensorsFault::kHeaderTooLarge, cat("header of ", n, " bytes, expected at most ", kMaxHeader));
  if (n > reader.remaining())
    reject(SafetensorsFault::kInvalidHeaderLength,
           cat("header of ", n, " bytes, the file has ", reader.remaining(), " more"));
  Safetensors s;
  s.where_ = where;
  const Bytes header = reader.take(n, "header");
  s.data_ = reader.take(reader.remaining(), "data");
  s.header_ = parse_safetensors_header(as_text(header), s.data_.size(), where);
  s.by_name_.resize(s.header_.tensors.size());
  std::iota(s.by_name_.begin(), s.by_name_.end(), 0u);
  std::sort(s.by_name_.begin(), s.by_name_.end(),
            [&](uint32_t a, uint32_t b) { return s.header_.tensors[a].name < s.header_.tensors[b].name; });
  return s;
}

Safetensors Safetensors::open(const std::string& path, bool map) {
  if (map) {
    auto file = std::make_shared<MappedFile>(path);
    Safetensors s = parse(file->bytes(), path);
    s.owner_ = std::move(file);
    return s;
  }
  auto buffer = std::make_shared<std::vector<std::byte>>(read_file(path));
  Safetensors s = parse(*buffer, path);
  s.owner_ = std::move(buffer);
  return s;
}

const TensorInfo* Safetensors::find(std::string_view name) const {
  const auto it = std::lower_bound(by_name_.begin(), by_name_.end(), name, [&](uint32_t i, std::string_view n) {
    return std::string_view(header_.tensors[i].name) < n;
  });
  if (it == by_name_.end() || header_.tensors[*it].name != name) return nullptr;
  return &header_.tensors[*it];
}

const TensorInfo& Safetensors::require(std::string_view name) const {
  const TensorInfo* t = find(name);
  if (!t) fail(where_, ": tensor '", name, "' is missing");
  return *t;
}

const TensorInfo& Safetensors::require(std::string_view name, const std::vector<int64_t>& shape) const {
  const TensorInfo& t = require(name);
  if (t.shape != shape)
    fail(where_, ": tensor '", name, "' has shape ", shape_text(t.shape), ", expected ", shape_text(shape));
  return t;
}

void Safetensors::read(const TensorInfo& t, int64_t first, std::span<real> out) const {
  const int64_t n = t.numel(), count = static_cast<int64_t>(out.size());
  R1_CHECK(first >= 0 && count <= n - first, "read of ", count, " from ", first, " in '", t.name, "' of ", n);
  if (!is_convertible(t.dtype))
    fail(where_, ": tensor '", t.name, "': element type ", dtype_name(t.dtype), " cannot be converted yet");
  const uint64_t size = dtype_bits(t.dtype) / 8;
  convert_in(t.dtype, bytes(t).subspan(static_cast<size_t>(first) * size, out.size() * size), out.data());
}

std::vector<double> Safetensors::read_double(const TensorInfo& t) const {
  if (!is_convertible(t.dtype))
    fail(where_, ": tensor '", t.name, "': element type ", dtype_name(t.dtype), " cannot be converted yet");
  std::vector<double> out(static_cast<size_t>(t.numel()));
  convert_in(t.dtype, bytes(t), out.data());
  return out;
}

SafetensorsWriter::SafetensorsWriter(const std::string& path, std::vector<TensorInfo> tensors,
                                     const std::map<std::string, std::string>& metadata)
    : path_(path), tensors_(std::move(tensors)) {
  const uint64_t data = place(tensors_, path);
  const std::string header = header_text(tensors_, metadata, path);
  if (header.size() > kMaxHeader) fail(path, ": header of ", header.size(), " bytes, expected at most ", kMaxHeader);
  parse_safetensors_header(header, data, path);
  file_ = std::make_unique<AtomicFile>(path, 8 + header.size() + data);
  const uint64_t n = header.size();
  file_->write(std::as_bytes(std::span(&n, 1)));
  file_->write(header);
}

const TensorInfo& SafetensorsWriter::next(const std::string& name) {
  R1_CHECK(done_ < tensors_.size(), path_, ": tensor '", name, "' was not declared");
  R1_CHECK(tensors_[done_].name == name, path_, ": tensor '", name, "', expected '", tensors_[done_].name, "' next");
  return tensors_[done_++];
}

void SafetensorsWriter::add(const std::string& name, Bytes data) {
  const TensorInfo& t = next(name);
  R1_CHECK(data.size() == t.end - t.begin, path_, ": tensor '", name, "' has ", data.size(), " bytes, expected ",
           t.end - t.begin);
  file_->write(data);
}

template <class T>
void SafetensorsWriter::add_values(const std::string& name, std::span<const T> values) {
  const TensorInfo& t = next(name);
  R1_CHECK(static_cast<int64_t>(values.size()) == t.numel(), path_, ": tensor '", name, "' has ", values.size(),
           " numbers, expected ", t.numel());
  constexpr size_t kPortion = size_t{1} << 18;
  std::vector<std::byte> buffer(std::min(values.size(), kPortion) * (dtype_bits(t.dtype) / 8));
  for (size_t i = 0; i < values.size(); i += kPortion) {
    const auto part = values.subspan(i, std::min(kPortion, values.size() - i));
    convert_out(t.dtype, part.data(), static_cast<int64_t>(part.size()), buffer.data());
    file_->write(Bytes(buffer).first(part.size() * (dtype_bits(t.dtype) / 8)));
  }
}
template void SafetensorsWriter::add_values(const std::string&, std::span<const float>);
template void SafetensorsWriter::add_values(const std::string&, std::span<const double>);

void SafetensorsWriter::commit() {
  R1_CHECK(done_ == tensors_.size(), path_, ": ", done_, " of ", tensors_.size(), " tensors were written");
  file_->commit();
}

}  // namespace r1
