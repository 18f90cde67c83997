// The system's count of our memory follows what we really touch.
#include "base/memory.h"

#include <cstring>
#include <memory>

#include "support/catch.h"

using namespace r1;

TEST_CASE("resident size and peak follow touched memory, and the peak can be taken back") {
  const ProcessMemory before = process_memory();
  if (before.resident == 0) return;  // not Linux
  constexpr size_t kBytes = size_t{64} << 20;
  auto block = std::make_unique<char[]>(kBytes);
  std::memset(block.get(), 1, kBytes);
  const ProcessMemory with = process_memory();
  CHECK(with.resident > before.resident + kBytes * 9 / 10);
  CHECK(with.peak >= with.resident - (size_t{1} << 20));
  block.reset();
  CHECK(process_memory().resident < with.resident - kBytes * 9 / 10);
  if (reset_peak_memory()) CHECK(process_memory().peak < with.peak - kBytes * 9 / 10);
}

TEST_CASE("bytes in words") {
  CHECK(format_bytes(0) == "0.0 B");
  CHECK(format_bytes(1536) == "1.5 KiB");
  CHECK(format_bytes(3.0 * (1 << 30)) == "3.0 GiB");
}
