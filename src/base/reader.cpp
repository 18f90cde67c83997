// The checks behind reader.h. Paper: none.
#include "base/reader.h"

#include "base/text.h"

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
  const size_t valid = valid_utf8_prefix(s);
  return valid == s.size() ? std::string_view::npos : valid;
}

}  // namespace r1
