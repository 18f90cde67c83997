// SHA-256 (FIPS 180-4), for the manifests of checkpoints and the hashes of shipped files. Paper: none.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace r1 {

/// Feed bytes in any portions, then ask once for the 64 hex digits.
class Sha256 {
 public:
  void update(std::span<const std::byte> bytes);
  void update(std::string_view text) { update(std::as_bytes(std::span(text.data(), text.size()))); }
  /// Closes the message.
  std::string hex();

 private:
  void block(const std::byte* p);
  std::array<uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::byte, 64> buffer_{};
  size_t buffered_ = 0;
  uint64_t length_ = 0;
};

std::string sha256_hex(std::span<const std::byte> bytes);
std::string sha256_hex(std::string_view text);
/// Hash of a file's bytes; throws Error when it cannot be read.
std::string sha256_file(const std::string& path);

}  // namespace r1
