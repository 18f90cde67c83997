// Where the data of others lies, beside the repository: tests that use it skip with a message when it is absent.
#pragma once
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "support/catch.h"

namespace r1_test {

/// The text of a file under R1_SHARED_DATA (or ../shared/data), or nothing after a WARN that names it.
inline std::optional<std::string> shared_file(const std::string& path) {
  const char* const set = std::getenv("R1_SHARED_DATA");
  const std::string full = (set ? std::string(set) : std::string(R1_SOURCE_DIR) + "/../shared/data") + "/" + path;
  std::ifstream in(full, std::ios::binary);
  if (!in) {
    WARN("skipped: no " << full << " (set R1_SHARED_DATA)");
    return std::nullopt;
  }
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// One JSON value a line.
inline std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::vector<nlohmann::json> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    if (!line.empty()) out.push_back(nlohmann::json::parse(line));
  return out;
}

}  // namespace r1_test
