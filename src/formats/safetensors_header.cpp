// The validator of safetensors headers: a state machine over JSON events keeps nothing that the format does not know,
// so memory stays in proportion to the header; then the extents are checked in the order of the data. Paper: none.
#include <algorithm>
#include <numeric>

#include "base/fields.h"
#include "base/reader.h"
#include "formats/safetensors.h"

namespace r1 {

namespace {

using Fault = SafetensorsFault;
constexpr size_t kMaxRank = 32;

template <class... A>
[[noreturn]] void reject(Fault fault, const A&... a) {
  throw SafetensorsError(fault, cat(a..., " [", fault_name(fault), "]"));
}

/// Receives nlohmann's parse events. A false return stops the parse; `problem` then says why.
class HeaderEvents : public nlohmann::json_sax<nlohmann::json> {
 public:
  SafetensorsHeader header;
  std::string problem;
  Fault fault = Fault::kInvalidHeaderDeserialization;

  bool null() override { return stop("null is not expected"); }
  bool boolean(bool) override { return stop("true/false is not expected"); }
  bool number_integer(number_integer_t v) override { return stop(cat("number ", v, ", expected a count")); }
  bool number_float(number_float_t, const string_t& text) override {
    return stop("number " + text + ", expected a count");
  }
  bool binary(binary_t&) override { return stop("binary value is not expected"); }

  bool number_unsigned(number_unsigned_t v) override {
    if (state_ == State::kShape) {
      if (tensor().shape.size() == kMaxRank) return stop(cat("more than ", kMaxRank, " dimensions"));
      if (v > static_cast<uint64_t>(INT64_MAX)) {
        fault = Fault::kValidationOverflow;
        return stop(cat("dimension ", v, " is too large"));
      }
      tensor().shape.push_back(static_cast<int64_t>(v));
      return true;
    }
    if (state_ != State::kOffsets || offsets_ == 2) return stop(cat("number ", v, " is not expected"));
    (offsets_++ == 0 ? tensor().begin : tensor().end) = v;
    return true;
  }

  bool string(string_t& s) override {
    if (state_ == State::kMetaValue) {
      header.metadata[key_] = s;
      return go(State::kMeta);
    }
    if (state_ != State::kDtype) return stop("text '" + s + "' is not expected");
    const auto t = dtype_of(s);
    if (!t) return stop("unknown element type '" + s + "'");
    tensor().dtype = *t;
    return go(State::kTensor);
  }

  bool start_object(std::size_t) override {
    switch (state_) {
      case State::kStart:
        return go(State::kTop);
      case State::kMetaStart:
        return go(State::kMeta);
      case State::kTensorStart:
        return go(State::kTensor);
      default:
        return stop("object is not expected");
    }
  }

  bool key(string_t& k) override {
    if (state_ == State::kTop) return top_key(k);
    if (state_ == State::kMeta) {
      key_ = k;
      if (header.metadata.count(k)) return stop("key '" + k + "' appears twice in __metadata__", Fault::kDuplicateName);
      return go(State::kMetaValue);
    }
    const unsigned bit = k == "dtype" ? 1 : k == "shape" ? 2 : k == "data_offsets" ? 4 : 0;
    if (bit == 0) return stop("unknown key '" + k + "', expected dtype, shape, data_offsets");
    if (seen_ & bit) return stop("key '" + k + "' appears twice", Fault::kDuplicateName);
    seen_ |= bit;
    return go(bit == 1 ? State::kDtype : bit == 2 ? State::kShapeStart : State::kOffsetsStart);
  }

  bool end_object() override {
    if (state_ != State::kTensor) return state_ == State::kMeta ? go(State::kTop) : go(State::kEnd);
    if (seen_ != 7) return stop("dtype, shape or data_offsets is missing");
    return go(State::kTop);
  }

  bool start_array(std::size_t) override {
    if (state_ == State::kShapeStart) return go(State::kShape);
    if (state_ == State::kOffsetsStart) return go(State::kOffsets);
    return stop("list is not expected");
  }

  bool end_array() override {
    if (state_ == State::kOffsets && offsets_ != 2) return stop("data_offsets needs two numbers");
    return go(State::kTensor);
  }

  bool parse_error(std::size_t at, const std::string&, const nlohmann::detail::exception&) override {
    problem = cat("not valid JSON at byte ", at);
    return false;
  }

 private:
  enum class State : uint8_t {
    kStart,
    kTop,
    kMetaStart,
    kMeta,
    kMetaValue,
    kTensorStart,
    kTensor,
    kDtype,
    kShapeStart,
    kShape,
    kOffsetsStart,
    kOffsets,
    kEnd
  };

  bool go(State s) {
    state_ = s;
    return true;
  }

  bool stop(const std::string& why, Fault f) {
    fault = f;
    return stop(why);
  }

  bool stop(const std::string& why) {
    problem = state_ == State::kStart || state_ == State::kTop || header.tensors.empty()
                  ? why
                  : cat("tensor '", tensor().name, "': ", why);
    return false;
  }

  bool top_key(const string_t& k) {
    if (k == "__metadata__") {
      if (metadata_seen_) return stop("__metadata__ appears twice", Fault::kDuplicateName);
      metadata_seen_ = true;
      return go(State::kMetaStart);
    }
    header.tensors.emplace_back();
    tensor().name = k;
    seen_ = 0, offsets_ = 0;
    return go(State::kTensorStart);
  }

  TensorInfo& tensor() { return header.tensors.back(); }

  State state_ = State::kStart;
  std::string key_;
  unsigned seen_ = 0;  ///< bits of the keys met in the current tensor
  int offsets_ = 0;
  bool metadata_seen_ = false;
};

void check_names(const SafetensorsHeader& h, const std::string& where) {
  std::vector<std::string_view> names;
  names.reserve(h.tensors.size());
  for (const auto& t : h.tensors) names.push_back(t.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) reject(Fault::kDuplicateName, where, ": tensor '", *twice, "' appears twice");
}

/// Bytes that shape and type ask for.
uint64_t declared_bytes(const TensorInfo& t, const std::string& where) {
  uint64_t n = 1, bits = 0;
  bool fits = true;
  for (int64_t d : t.shape) fits = fits && checked_mul(n, static_cast<uint64_t>(d), &n);
  if (!fits || n > static_cast<uint64_t>(INT64_MAX) || !checked_mul(n, dtype_bits(t.dtype), &bits))
    reject(Fault::kValidationOverflow, where, ": tensor '", t.name, "': shape x type does not fit in 64 bits");
  if (bits % 8) reject(Fault::kMisalignedSlice, where, ": tensor '", t.name, "': ", bits, " bits are no whole bytes");
  return bits / 8;
}

void check_extents(const SafetensorsHeader& h, uint64_t data_bytes, const std::string& where) {
  uint64_t end = 0;
  for (const TensorInfo& t : h.tensors) {
    if (t.begin != end || t.end < t.begin)
      reject(Fault::kInvalidOffset, where, ": tensor '", t.name, "': data_offsets [", t.begin, ", ", t.end,
             "], expected to begin at ", end);
    const uint64_t bytes = declared_bytes(t, where);
    if (t.end - t.begin != bytes)
      reject(Fault::kTensorInvalidInfo, where, ": tensor '", t.name, "': data_offsets hold ", t.end - t.begin,
             " bytes, shape and type need ", bytes);
    end = t.end;
  }
  if (end != data_bytes)
    reject(Fault::kMetadataIncompleteBuffer, where, ": tensors end at byte ", end, " of the data, the file has ",
           data_bytes);
}

}  // namespace

std::string_view fault_name(Fault f) {
  switch (f) {
    case Fault::kHeaderTooSmall:
      return "HeaderTooSmall";
    case Fault::kHeaderTooLarge:
      return "HeaderTooLarge";
    case Fault::kInvalidHeaderLength:
      return "InvalidHeaderLength";
    case Fault::kInvalidHeader:
      return "InvalidHeader";
    case Fault::kInvalidHeaderDeserialization:
      return "InvalidHeaderDeserialization";
    case Fault::kDuplicateName:
      return "DuplicateName";
    case Fault::kInvalidOffset:
      return "InvalidOffset";
    case Fault::kTensorInvalidInfo:
      return "TensorInvalidInfo";
    case Fault::kMisalignedSlice:
      return "MisalignedSlice";
    case Fault::kValidationOverflow:
      return "ValidationOverflow";
    case Fault::kMetadataIncompleteBuffer:
      return "MetadataIncompleteBuffer";
  }
  return "?";
}

SafetensorsHeader parse_safetensors_header(std::string_view header, uint64_t data_bytes, const std::string& where) {
  if (const size_t at = find_invalid_utf8(header); at != std::string_view::npos)
    reject(Fault::kInvalidHeader, where, ": header is not UTF-8 at byte ", at);
  if (!header.starts_with('{')) reject(Fault::kInvalidHeader, where, ": header does not begin with '{'");
  // nlohmann takes a NUL for the end of the text.
  if (header.find('\0') != std::string_view::npos)
    reject(Fault::kInvalidHeaderDeserialization, where, ": NUL in the header");
  HeaderEvents events;
  constexpr size_t kMinEntry = 50;  // bytes of the shortest possible tensor entry
  events.header.tensors.reserve(header.size() / kMinEntry + 1);
  if (!nlohmann::json::sax_parse(header.begin(), header.end(), &events))
    reject(events.fault, where, ": header: ", events.problem);
  auto& tensors = events.header.tensors;
  check_names(events.header, where);
  std::stable_sort(tensors.begin(), tensors.end(), [](const TensorInfo& a, const TensorInfo& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  check_extents(events.header, data_bytes, where);
  return std::move(events.header);
}

}  // namespace r1
