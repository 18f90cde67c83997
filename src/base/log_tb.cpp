// TFRecord framing and the few protobuf fields that a scalar needs. Paper: none.
#include "base/log_tb.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace r1 {
namespace {

constexpr std::array<uint32_t, 256> crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c >> 1) ^ (c & 1 ? 0x82F63B78u : 0u);  // reflected polynomial 0x1EDC6F41
    table[i] = c;
  }
  return table;
}
constexpr auto kCrcTable = crc_table();

// TFRecord stores a rotated CRC plus a constant, so that a CRC of data with embedded CRCs stays meaningful.
uint32_t masked_crc(const std::string& s) {
  const uint32_t c = crc32c(s.data(), s.size());
  return ((c >> 15) | (c << 17)) + 0xa282ead8u;
}

template <class T>
void put_bytes(std::string& out, T value) {
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  for (size_t i = 0; i < sizeof value; ++i) out += static_cast<char>(bits >> (8 * i) & 0xff);
}

void put_varint(std::string& out, uint64_t v) {
  for (; v >= 0x80; v >>= 7) out += static_cast<char>((v & 0x7f) | 0x80);
  out += static_cast<char>(v);
}

enum Wire : uint32_t { kVarint = 0, kDouble = 1, kBytes = 2, kFloat = 5 };

void put_key(std::string& out, uint32_t field, Wire wire) { put_varint(out, field << 3 | wire); }

void put_string(std::string& out, uint32_t field, const std::string& s) {
  put_key(out, field, kBytes);
  put_varint(out, s.size());
  out += s;
}

std::string event_head(int64_t step) {
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  std::string e;
  put_key(e, 1, kDouble);
  put_bytes(e, now);
  put_key(e, 2, kVarint);
  put_varint(e, static_cast<uint64_t>(step));
  return e;
}

}  // namespace

uint32_t crc32c(const void* data, size_t n) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  uint32_t c = 0xffffffffu;
  for (size_t i = 0; i < n; ++i) c = (c >> 8) ^ kCrcTable[(c ^ bytes[i]) & 0xff];
  return ~c;
}

TensorBoardWriter::TensorBoardWriter(const std::string& folder, std::optional<RunPosition> resume) {
  if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) fail(folder, ": cannot make: ", std::strerror(errno));
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  // TensorBoard reads the files of a folder in the order of their names: seconds first.
  path_ = cat(folder, "/events.out.tfevents.", std::chrono::duration_cast<std::chrono::seconds>(now).count(), ".r1.",
              ::getpid(), ".", std::chrono::duration_cast<std::chrono::nanoseconds>(now).count() % 1000000000);
  file_ = std::fopen(path_.c_str(), "wbe");
  if (!file_) fail(path_, ": cannot write: ", std::strerror(errno));
  std::string first = event_head(0);
  put_string(first, 3, "brain.Event:2");
  write_event(first);
  if (resume) {
    std::string session, event = event_head(resume->update + 1);
    put_key(session, 1, kVarint);
    put_varint(session, 1);
    put_string(event, 7, session);
    write_event(event);
  }
  flush();
}

TensorBoardWriter::~TensorBoardWriter() {
  if (file_) std::fclose(file_);
}

void TensorBoardWriter::scalar(const std::string& tag, int64_t update, double value) {
  std::string scalar, summary, event = event_head(update);
  put_string(scalar, 1, tag);
  put_key(scalar, 2, kFloat);
  put_bytes(scalar, static_cast<float>(value));
  put_string(summary, 1, scalar);
  put_string(event, 5, summary);
  write_event(event);
}

void TensorBoardWriter::write_event(const std::string& event) {
  std::string length, record;
  put_bytes(length, static_cast<uint64_t>(event.size()));
  record = length;
  put_bytes(record, masked_crc(length));
  record += event;
  put_bytes(record, masked_crc(event));
  if (std::fwrite(record.data(), 1, record.size(), file_) != record.size())
    fail(path_, ": cannot write: ", std::strerror(errno));
}

void TensorBoardWriter::flush() {
  if (std::fflush(file_) != 0) fail(path_, ": cannot write: ", std::strerror(errno));
}

}  // namespace r1
