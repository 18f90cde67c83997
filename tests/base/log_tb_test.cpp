// TensorBoard files, read back by a reader that shares no code with the writer: bitwise CRC, generic protobuf walk.
#include "base/log_tb.h"

#include <cmath>
#include <cstring>
#include <map>
#include <vector>

#include "base/io.h"
#include "base/log.h"
#include "support/catch.h"
#include "support/files.h"

using namespace r1;
using r1_test::TempDir;

namespace {

uint32_t slow_crc32c(const std::string& s) {  // msb-first long division on reflected bytes
  uint32_t crc = 0xffffffffu;
  for (const unsigned char byte : s)
    for (int bit = 0; bit < 8; ++bit) {
      const uint32_t top = (crc ^ (byte >> bit)) & 1u;
      crc >>= 1;
      if (top) crc ^= 0x82F63B78u;
    }
  return ~crc;
}

uint64_t little(const std::string& s, size_t at, int bytes) {
  uint64_t v = 0;
  for (int i = bytes - 1; i >= 0; --i) v = v << 8 | static_cast<unsigned char>(s.at(at + static_cast<size_t>(i)));
  return v;
}

std::vector<std::string> records_of(const std::string& file) {
  std::vector<std::string> out;
  for (size_t at = 0; at < file.size();) {
    const auto unmask = [](uint64_t m) {
      const auto r = static_cast<uint32_t>(m - 0xa282ead8u);
      return r >> 17 | r << 15;
    };
    const std::string head = file.substr(at, 8);
    const auto n = static_cast<size_t>(little(file, at, 8));
    CHECK(unmask(little(file, at + 8, 4)) == slow_crc32c(head));
    out.push_back(file.substr(at + 12, n));
    CHECK(unmask(little(file, at + 12 + n, 4)) == slow_crc32c(out.back()));
    at += 16 + n;
  }
  return out;
}

// Fields of one message: number -> raw value (varint and fixed as integer bits, bytes as string).
struct Field {
  uint64_t bits = 0;
  std::string bytes;
};
std::map<uint64_t, Field> fields_of(const std::string& m) {
  std::map<uint64_t, Field> out;
  size_t at = 0;
  const auto varint = [&] {
    uint64_t v = 0;
    for (int shift = 0;; shift += 7) {
      const auto b = static_cast<unsigned char>(m.at(at++));
      v |= static_cast<uint64_t>(b & 0x7f) << shift;
      if (!(b & 0x80)) return v;
    }
  };
  while (at < m.size()) {
    const uint64_t key = varint();
    Field& f = out[key >> 3];
    if ((key & 7) == 0) f.bits = varint();
    if ((key & 7) == 1) f.bits = little(m, at, 8), at += 8;
    if ((key & 7) == 5) f.bits = little(m, at, 4), at += 4;
    if ((key & 7) == 2) {
      const auto n = static_cast<size_t>(varint());
      f.bytes = m.substr(at, n), at += n;
    }
  }
  return out;
}

float as_float(uint64_t bits) {
  const auto b = static_cast<uint32_t>(bits);
  float f;
  std::memcpy(&f, &b, 4);
  return f;
}

}  // namespace

TEST_CASE("crc32c gives the check value of RFC 3720") {
  CHECK(crc32c("123456789", 9) == 0xE3069283u);
  CHECK(crc32c(std::string(32, '\0').data(), 32) == 0x8A9136AAu);
  CHECK(slow_crc32c("123456789") == 0xE3069283u);
}

TEST_CASE("scalars come back from the event file") {
  TempDir dir;
  std::string path;
  {
    TensorBoardWriter w(dir / "tb", std::nullopt);
    path = w.path();
    w.scalar("grpo/kl", 0, 0.25);
    w.scalar("eval/pass_at_1", 1234567890123, std::nan(""));
  }
  CHECK(path.find("/events.out.tfevents.") != std::string::npos);
  const auto records = records_of(read_text(path));
  REQUIRE(records.size() == 3);
  CHECK(fields_of(records[0])[3].bytes == "brain.Event:2");
  auto event = fields_of(records[1]);
  double wall = 0;
  std::memcpy(&wall, &event[1].bits, 8);
  CHECK(wall > 1.6e9);
  auto value = fields_of(fields_of(event[5].bytes)[1].bytes);
  CHECK(value[1].bytes == "grpo/kl");
  CHECK(as_float(value[2].bits) == 0.25f);
  event = fields_of(records[2]);
  CHECK(event[2].bits == 1234567890123u);
  CHECK(std::isnan(as_float(fields_of(fields_of(event[5].bytes)[1].bytes)[2].bits)));
}

TEST_CASE("a resumed run voids the points after the resumed update") {
  TempDir dir;
  TensorBoardWriter w(dir / "tb", RunPosition{10, 20});
  const auto records = records_of(read_text(w.path()));
  REQUIRE(records.size() == 2);
  auto event = fields_of(records[1]);
  CHECK(event[2].bits == 21);
  CHECK(fields_of(event[7].bytes)[1].bits == 1);  // SessionLog.START
}
