// Strict JSON on top of nlohmann-json's parser callback. Paper: none.
#include "base/json_file.h"

#include <unordered_set>
#include <vector>

#include "base/io.h"
#include "base/reader.h"

namespace r1 {

namespace {

void check_text(std::string_view text, const std::string& where, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes)
    fail(where, ": ", text.size(), " bytes of JSON, expected at most ", limits.max_bytes);
  if (const size_t at = find_invalid_utf8(text); at != std::string_view::npos) fail(where, ": not UTF-8 at byte ", at);
  if (const size_t at = text.find('\0'); at != std::string_view::npos) fail(where, ": NUL in JSON at byte ", at);
  if (text.starts_with("\xEF\xBB\xBF")) fail(where, ": byte-order mark before the JSON, expected none");
}

/// nlohmann's "[json.exception.parse_error.101] parse error at line 1, column 2: ..." without its tag.
std::string plain_message(const std::exception& e) {
  const std::string s = e.what();
  const size_t end = s.find("] ");
  return end == std::string::npos ? s : s.substr(end + 2);
}

template <class J>
J parse_strictly(std::string_view text, const std::string& where, const JsonLimits& limits) {
  check_text(text, where, limits);
  std::vector<std::unordered_set<std::string>> open;  // keys seen in each open object
  const auto check = [&](int depth, typename J::parse_event_t event, J& value) {
    using Event = typename J::parse_event_t;
    const bool opens = event == Event::object_start || event == Event::array_start;
    if (opens && depth >= limits.max_depth) fail(where, ": JSON nested deeper than ", limits.max_depth);
    if (event == Event::object_start) open.emplace_back();
    if (event == Event::object_end) open.pop_back();
    if (event == Event::key) {
      const auto& key = value.template get_ref<const std::string&>();
      if (!open.back().insert(key).second) fail(where, ": key '", key, "' appears twice");
      if (open.back().size() > limits.max_keys) fail(where, ": an object of more than ", limits.max_keys, " keys");
    }
    return true;
  };
  try {
    return J::parse(text.begin(), text.end(), check);
  } catch (const typename J::exception& e) {
    fail(where, ": not valid JSON: ", plain_message(e));
  }
}

}  // namespace

Json parse_json(std::string_view text, const std::string& where, const JsonLimits& limits) {
  return parse_strictly<Json>(text, where, limits);
}

nlohmann::json parse_large_json(std::string_view text, const std::string& where, const JsonLimits& limits) {
  return parse_strictly<nlohmann::json>(text, where, limits);
}

Json read_json_file(const std::string& path, const JsonLimits& limits) {
  return parse_json(read_text(path, limits.max_bytes), path, limits);
}

void write_json_file(const std::string& path, const Json& j) { write_file(path, j.dump(2) + "\n"); }

}  // namespace r1
