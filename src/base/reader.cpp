// The checks behind reader.h. Paper: none.
#include "base/reader.h"

#include <bit>

namespace r1 {

static_assert(std::endian::native == std::endian::little, "file formats are read as little-endian memory");

void Reader::error(const std::string& message) const { fail(name_, ": ", message, " at byte ", offset()); }

Bytes Reader::take(uint64_t n, const char* what) {
  if (n > remaining()) error(cat(what, " needs ", n, " bytes, only ", remaining(), " are left"));
  const Bytes b = bytes_.subspan(pos_, static_cast<size_t>(n));
  pos_ += static_cast<size_t>(n);
  return b;
}

uint64_t Reader::extent(uint64_t count, uint64_t min_size, const char* what) const {
  uint64_t bytes = 0;
  if (!checked_mul(count, min_size, &bytes) || bytes > remaining())
    error(cat(what, " declares ", count, " items of at least ", min_size, " bytes, only ", remaining(), " are left"));
  return bytes;
}

void Reader::expect_end(const char* what) const {
  if (!at_end()) error(cat(remaining(), " bytes after the end of ", what));
}

size_t find_invalid_utf8(std::string_view s) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(s[i]); };
  for (size_t i = 0; i < s.size();) {
    const uint8_t c = byte(i);
    const size_t length = c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
    if (length == 0 || length > s.size() - i) return i;
    for (size_t k = 1; k < length; ++k)
      if ((byte(i + k) & 0xC0) != 0x80) return i;
    // The second byte excludes overlong forms, surrogates and what lies beyond U+10FFFF.
    if ((c == 0xE0 && byte(i + 1) < 0xA0) || (c == 0xED && byte(i + 1) > 0x9F) || (c == 0xF0 && byte(i + 1) < 0x90) ||
        (c == 0xF4 && byte(i + 1) > 0x8F))
      return i;
    i += length;
  }
  return std::string_view::npos;
}

}  // namespace r1
