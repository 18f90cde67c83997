#include "base/text.h"

#include "support/catch.h"

using namespace r1;

TEST_CASE("every code point survives writing and reading") {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string s;
    append_utf8(s, c);
    const CodePoint d = decode_utf8(s, 0);
    if (d.value != c || static_cast<size_t>(d.length) != s.size()) FAIL("U+" << std::hex << static_cast<uint32_t>(c));
  }
}

TEST_CASE("malformed UTF-8 is refused where it begins") {
  const std::vector<std::string> bad = {"\x80",
                                        "\xC0\x80",
                                        "\xC1\xBF",
                                        "\xE0\x80\x80",
                                        "\xED\xA0\x80",
                                        "\xF4\x90\x80\x80",
                                        "\xF0\x80\x80\x80",
                                        "\xF8\x88\x80\x80\x80",
                                        "\xE4\xB8",
                                        "\xC3",
                                        "\xC3(",
                                        "\xE2\x28\xA1",
                                        "\xF0\x9F\x98",
                                        "\xFF"};
  for (const std::string& s : bad) {
    INFO(in_quotes(s));
    CHECK(decode_utf8(s, 0).length == 0);
    CHECK(valid_utf8_prefix("aé" + s) == 3);
  }
  CHECK(valid_utf8_prefix("等等 wait 🚀") == std::string("等等 wait 🚀").size());
}

TEST_CASE("quoting shows what cannot be printed") {
  CHECK(in_quotes("a\n\xFFé") == "'a\\x0a\\xffé'");
  CHECK(in_quotes("abcdef", 3) == "'abc...'");
}

TEST_CASE("trim takes ASCII blanks at both ends only") {
  CHECK(trim(" \t a b\r\n") == "a b");
  CHECK(trim(" \n").empty());
  CHECK(trim("\u00A0x") == "\u00A0x");
}
