// Where tests keep files: a directory of their own that vanishes, and the shared reference data where it is at hand.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "base/check.h"

namespace r1_test {

/// A fresh directory below the system's temporary one, removed at the end of the scope.
class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "r1-test-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) r1::fail("cannot create a temporary directory");
    path_ = pattern;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// PATH below the shared data ($R1_SHARED_DATA or ../shared/data beside the repository); nothing where it is absent.
inline std::optional<std::string> shared_data(const std::string& path) {
  const char* env = std::getenv("R1_SHARED_DATA");
  const std::string root = env ? env : std::string(R1_SOURCE_DIR) + "/../shared/data";
  const std::string full = root + "/" + path;
  std::error_code ignored;
  if (std::filesystem::exists(full, ignored)) return full;
  return std::nullopt;
}

}  // namespace r1_test
