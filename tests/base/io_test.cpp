#include "base/io.h"

#include <filesystem>

#include "base/json_file.h"
#include "base/reader.h"
#include "base/sha256.h"
#include "support/catch.h"
#include "support/files.h"

using namespace r1;
using r1_test::TempDir;

namespace {
std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}
std::string text_of(size_t n, char c) { return std::string(n, c); }
size_t files_in(const std::string& dir) {
  size_t n = 0;
  for ([[maybe_unused]] const auto& e : std::filesystem::directory_iterator(dir)) ++n;
  return n;
}
}  // namespace

TEST_CASE("SHA-256 gives the NIST example values") {
  CHECK(sha256_hex(std::string_view("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex(std::string_view("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex(std::string_view("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256_hex(text_of(1000000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("a file read in portions is the file, and so is its hash") {
  const TempDir dir;
  for (size_t size : {size_t{0}, size_t{5}, size_t{1} << 20, (size_t{5} << 19) + 3}) {
    std::string text;
    for (size_t i = 0; i < size; ++i) text += static_cast<char>('a' + i % 23);
    write_file(dir / "x", text);
    std::string read;
    size_t largest = 0;
    read_portions(dir / "x", [&](Bytes b) { read += as_text(b), largest = std::max(largest, b.size()); });
    CHECK(read == text);
    CHECK(largest <= size_t{1} << 20);
    CHECK(sha256_file(dir / "x") == sha256_hex(text));
  }
  CHECK(message_of([&] { sha256_file(dir / "none"); }).find("none: cannot open") != std::string::npos);
}

TEST_CASE("SHA-256 does not depend on how the message is portioned") {
  const std::string s = text_of(300, 'x');
  for (size_t n : {0u, 1u, 54u, 55u, 56u, 57u, 63u, 64u, 65u, 119u, 120u, 128u, 300u}) {
    Sha256 h;
    for (size_t i = 0; i < n; ++i) h.update(std::string_view(s).substr(i, 1));
    CHECK(h.hex() == sha256_hex(std::string_view(s).substr(0, n)));
  }
}

TEST_CASE("files are read, mapped and replaced whole") {
  TempDir dir;
  write_file(dir / "a", "first");
  CHECK(read_text(dir / "a") == "first");
  const MappedFile old(dir / "a");
  write_file(dir / "a", "second text");
  CHECK(as_text(old.bytes()) == "first");  // the mapping keeps the replaced file
  CHECK(as_text(MappedFile(dir / "a").bytes()) == "second text");
  write_file(dir / "empty", "");
  CHECK(MappedFile(dir / "empty").bytes().empty());
  CHECK(read_file(dir / "empty").empty());
  CHECK(files_in(dir.path()) == 2);
  CHECK(sha256_file(dir / "a") == sha256_hex(std::string_view("second text")));
}

TEST_CASE("unreadable files are one line with file and reason") {
  TempDir dir;
  CHECK(message_of([&] { read_text(dir / "none"); }) == (dir / "none") + ": cannot open: No such file or directory");
  CHECK(message_of([&] { read_file(dir.path()); }) == dir.path() + ": cannot read: not a regular file");
  CHECK(message_of([&] { MappedFile m(dir / "none"); }).find("No such file") != std::string::npos);
  CHECK(message_of([&] { write_file(dir / "no/such/a", "x"); }).find("cannot open") != std::string::npos);
  write_file(dir / "a", "12345");
  CHECK(message_of([&] { read_text(dir / "a", 4); }) == (dir / "a") + ": 5 bytes, expected at most 4");
  CHECK(message_of([&] { make_directories(dir / "a"); }).find("cannot create directory") != std::string::npos);
  make_directories(dir / "x/y/z");
  make_directories(dir / "x/y/z");
  CHECK(std::filesystem::is_directory(dir / "x/y/z"));
}

TEST_CASE("a fault at any call of a save leaves the old file or the new one") {
  TempDir dir;
  const std::string path = dir / "state", old = text_of(1000, 'o'), fresh = text_of(5000, 'n');
  const auto save = [&] {
    AtomicFile f(path, fresh.size());
    f.write(std::string_view(fresh).substr(0, 2000));
    f.write(std::string_view(fresh).substr(2000));
    f.commit();
  };
  write_file(path, old);
  int64_t calls = 0;
  {
    ScopedFaults none({});
    save();
    calls = none.calls();
  }
  REQUIRE(calls == 7);  // create, reserve, 2 writes, fsync, rename, fsync of the directory
  for (auto kind :
       {FaultPlan::Kind::kEnospc, FaultPlan::Kind::kEio, FaultPlan::Kind::kShortWrite, FaultPlan::Kind::kCrash})
    for (int64_t at = 0; at < calls; ++at) {
      write_file(path, old);
      std::string error;
      {
        ScopedFaults faults({kind, at});
        error = message_of(save);
      }
      const std::string now = read_text(path);
      INFO("kind " << static_cast<int>(kind) << " at call " << at << ": " << error);
      if (kind == FaultPlan::Kind::kShortWrite) {
        CHECK(error.empty());
        CHECK(now == fresh);
        continue;
      }
      CHECK(error.find(at < 6 ? path : dir.path() + ": ") == 0);
      CHECK(error.find('\n') == std::string::npos);
      CHECK(now == (at < 6 ? old : fresh));
      if (kind == FaultPlan::Kind::kEnospc) CHECK(error.find("No space left on device") != std::string::npos);
      if (kind != FaultPlan::Kind::kCrash && at < 6) CHECK(files_in(dir.path()) == 1);  // nothing left beside it
    }
}

TEST_CASE("a log grows, and resume cuts it to a known length") {
  TempDir dir;
  {
    AppendFile log(dir / "log");
    log.write("one\n");
    log.write("two\n");
    CHECK(log.size() == 8);
    log.sync();
  }
  AppendFile log(dir / "log", 4);
  log.write("three\n");
  CHECK(read_text(dir / "log") == "one\nthree\n");
  CHECK_THROWS_WITH(AppendFile(dir / "log", 99), ContainsSubstring("10 bytes, expected at least 99"));
  ScopedFaults faults({FaultPlan::Kind::kEnospc, 0});
  CHECK_THROWS_WITH(log.write("x"), ContainsSubstring("cannot write: No space left on device"));
}

TEST_CASE("the reader never goes past the end and never trusts a count") {
  const std::string s("\x01\x02\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff", 13);
  Reader r(as_bytes(s), "f", 100);
  CHECK(r.u8("a") == 1);
  CHECK(r.u32("b") == 2);
  CHECK(r.offset() == 105);
  CHECK_THROWS_WITH(r.extent(UINT64_MAX, 4, "list"), ContainsSubstring("f: list declares 18446744073709551615 items"));
  CHECK_THROWS_WITH(r.array<double>(2, "list"), ContainsSubstring("only 8 are left at byte 105"));
  CHECK_THROWS_WITH(r.take(9, "text"), ContainsSubstring("text needs 9 bytes, only 8 are left at byte 105"));
  CHECK_THROWS_WITH(r.expect_end("file"), ContainsSubstring("8 bytes after the end of file"));
  CHECK(r.array<uint32_t>(2, "list") == std::vector<uint32_t>{0xffffffffu, 0xffffffffu});
  r.expect_end("file");
  CHECK_THROWS_AS(r.u8("c"), Error);
  CHECK(r.array<float>(0, "nothing").empty());
  uint64_t out = 0;
  CHECK(!checked_add(UINT64_MAX, 1, &out));
  CHECK(!checked_mul(uint64_t{1} << 32, uint64_t{1} << 32, &out));
  CHECK((checked_mul(3, 5, &out) && out == 15));
}

TEST_CASE("UTF-8 is judged strictly") {
  CHECK(find_invalid_utf8("plain, caf\xC3\xA9, \xE7\xAD\x94, \xF0\x9F\x98\x80") == std::string_view::npos);
  CHECK(find_invalid_utf8("a\xFF") == 1);
  CHECK(find_invalid_utf8("ab\xC0\x80") == 2);        // overlong
  CHECK(find_invalid_utf8("\xE0\x9F\xBF") == 0);      // overlong
  CHECK(find_invalid_utf8("\xED\xA0\x80") == 0);      // surrogate
  CHECK(find_invalid_utf8("\xF4\x90\x80\x80") == 0);  // beyond U+10FFFF
  CHECK(find_invalid_utf8("\xE7\xAD") == 0);          // cut
  CHECK(find_invalid_utf8("\xE7\x28\xAD") == 0);      // no continuation
}

TEST_CASE("JSON files are read strictly") {
  const auto error = [](std::string_view text) { return message_of([&] { parse_json(text, "f.json"); }); };
  CHECK(parse_json("{\"a\": [1, 2.5, \"x\"]}", "f")["a"][1] == 2.5);
  CHECK(error("{\"a\": 1, \"b\": {\"a\": 1}, \"a\": 2}") == "f.json: key 'a' appears twice");
  CHECK(error("{\"a\": 1").find("f.json: not valid JSON: parse error at line 1, column 8") == 0);
  CHECK(error(std::string_view("{}\0x", 4)) == "f.json: NUL in JSON at byte 2");
  CHECK(error("\xEF\xBB\xBF{}").find("byte-order mark") != std::string::npos);
  CHECK(error("{\"\xFF\": 1}") == "f.json: not UTF-8 at byte 2");
  CHECK(error("{} x").find("not valid JSON") != std::string::npos);
  CHECK(error(text_of(65, '[') + text_of(65, ']')).find("deeper than 64") != std::string::npos);
  CHECK(error(text_of(64, '[') + text_of(64, ']')).empty());
  CHECK(error(text_of(100000, '[')) != "");
  std::string wide = "{";
  for (int i = 0; i < 5000; ++i) wide += cat(i ? "," : "", "\"k", i, "\":0");
  CHECK(error(wide + "}").find("more than 4096 keys") != std::string::npos);
  TempDir dir;
  write_json_file(dir / "a.json", Json{{"b", 1}, {"a", 2}});
  CHECK(read_text(dir / "a.json") == "{\n  \"b\": 1,\n  \"a\": 2\n}\n");
  CHECK(read_json_file(dir / "a.json")["a"] == 2);
}
