// JSON files, strictly: no duplicate keys, no depth beyond a cap, no bytes that are not UTF-8, nothing after the value.
// Trap: nlohmann-json alone keeps the last of two equal keys, stops silently at a NUL and skips a byte-order mark;
// its ordered objects look keys up one by one, so their size is capped too. Paper: none.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/fields.h"

namespace r1 {

struct JsonLimits {
  uint64_t max_bytes = uint64_t{4} << 20;
  int max_depth = 64;
  size_t max_keys = 4096;  ///< in one object
};

/// Parses one value. Throws Error "WHERE: MESSAGE" with the byte offset where there is one.
Json parse_json(std::string_view text, const std::string& where, const JsonLimits& limits = {});
/// For objects of very many keys (shard indices, tokenizer.json): sorted by key, look-ups in logarithmic time.
nlohmann::json parse_large_json(std::string_view text, const std::string& where, const JsonLimits& limits);
Json read_json_file(const std::string& path, const JsonLimits& limits = {});
/// Replaces the file, all or nothing; indented, with a final newline.
void write_json_file(const std::string& path, const Json& j);

}  // namespace r1
