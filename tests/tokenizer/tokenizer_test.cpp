#include "tokenizer/tokenizer.h"

#include "base/rng.h"
#include "support/catch.h"
#include "tokenizer/bpe_trainer.h"
#include "tokenizer/byte_level.h"

using namespace r1;

namespace {

Tokenizer small_tokenizer() {
  PreTokenizer pre;
  pre.add_gpt2();
  BpeTrainer trainer(std::move(pre));
  trainer.add("wait, let me check: the first step was wrong. wait wait 等等 等等 <think> </think> <think>");
  return Tokenizer(trainer.train(320, {"<eos>", "<think>", "</think>"}));
}

TokenizerData bytes_only() { return BpeTrainer{PreTokenizer{}}.train(258, {"<eos>", "<pad>"}); }

}  // namespace

TEST_CASE("byte-level form covers every byte and comes back") {
  std::string all;
  for (int b = 0; b < 256; ++b) all += static_cast<char>(static_cast<unsigned char>(b));
  CHECK(from_byte_level(to_byte_level(all)) == all);
  CHECK(to_byte_level(" a\n") == "ĠaĊ");
  CHECK_FALSE(from_byte_level("a b").has_value());  // a bare space stands for no byte
  CHECK_FALSE(from_byte_level("等").has_value());
}

TEST_CASE("decode(encode(x)) == x for all valid UTF-8 and for any bytes") {
  const Tokenizer t = small_tokenizer();
  std::string block;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    append_utf8(block, c);
    if (block.size() < 4096 && c != 0x10FFFF) continue;
    if (t.decode(t.encode(block)) != block) FAIL("block that ends at U+" << std::hex << static_cast<uint32_t>(c));
    block.clear();
  }
  for (int pair = 0; pair < 65536; ++pair) {
    const std::string s = {static_cast<char>(pair >> 8), static_cast<char>(pair & 255)};
    if (t.decode(t.encode(s)) != s) FAIL("bytes " << pair);
  }
  Rng rng(1, Stream::kTest);
  for (int i = 0; i < 300; ++i) {
    std::string s;
    for (int k = rng.range(0, 200); k > 0; --k) s += static_cast<char>(rng.below(rng.chance(.5) ? 256 : 128));
    CHECK(t.decode(t.encode(s)) == s);
  }
}

TEST_CASE("text can never forge a special token") {
  const Tokenizer t = small_tokenizer();
  const token_t think = t.special("<think>");
  for (const std::string text : {"<think>", "a<think>b</think><eos>", "<<think>>"}) {
    for (const token_t id : t.encode(text)) CHECK_FALSE(t.is_special(id));
    CHECK(t.decode(t.encode(text)) == text);
  }
  const std::vector<Piece> pieces = {special_piece("<think>"), text_piece("<think>"), special_piece("</think>")};
  const std::vector<token_t> ids = t.encode(pieces);
  CHECK(ids.front() == think);
  CHECK(std::count(ids.begin(), ids.end(), think) == 1);
  CHECK(t.encode_with_specials("<think>wait</think>").front() == think);
  CHECK_THROWS_WITH(t.encode({special_piece("<thinks>")}), ContainsSubstring("no special token '<thinks>'"));
}

TEST_CASE("merges apply by rank, leftmost first") {
  TokenizerData data = bytes_only();
  const auto id = [&](char c) { return static_cast<token_t>(2 + static_cast<unsigned char>(c)); };
  data.tokens.insert(data.tokens.end(), {"bc", "ab", "abc", "aa"});
  data.merges = {{id('b'), id('c'), 258}, {id('a'), id('b'), 259}, {id('a'), 258, 260}, {id('a'), id('a'), 261}};
  const Tokenizer t(data);
  CHECK(t.encode("abc") == std::vector<token_t>{260});  // bc first, then a + bc; never ab + c
  CHECK(t.encode("ab") == std::vector<token_t>{259});
  CHECK(t.encode("aaaaa") == std::vector<token_t>{261, 261, id('a')});
  CHECK(t.encode("").empty());
}

TEST_CASE("a long hostile piece is encoded in reasonable time") {
  TokenizerData data = bytes_only();
  token_t last = 2 + 'a';
  for (int k = 1; k <= 12; ++k) {  // a, aa, aaaa, ...
    data.tokens.emplace_back(size_t{1} << k, 'a');
    data.merges.push_back({last, last, static_cast<token_t>(data.tokens.size() - 1)});
    last = data.merges.back().result;
  }
  const Tokenizer t(data);
  const std::vector<token_t> ids = t.encode(std::string(1 << 19, 'a'));
  CHECK(ids == std::vector<token_t>(1 << 7, last));
}

TEST_CASE("hostile patterns end in an error, not in a hang") {
  PreTokenizer pre;
  CHECK_THROWS_WITH(pre.add_split("(a"), ContainsSubstring("pre-tokenizer pattern"));
  CHECK_THROWS_WITH(pre.add_split("a\\Cb"), ContainsSubstring("pre-tokenizer pattern"));
  pre.add_split("(?:a+)+$|(?:a|aa)+$");
  CHECK_THROWS_WITH(pre.pieces(std::string(60, 'a') + "!"), ContainsSubstring("limit"));
}

TEST_CASE("splits isolate matches, one step inside the other") {
  PreTokenizer pre;
  pre.add_split("\\p{N}{1,3}");
  pre.add_split("[a-z]+");
  CHECK(pre.pieces("ab12345c--") == std::vector<std::string>{"ab", "123", "45", "c", "--"});
  PreTokenizer digits;
  digits.add_digits(true);
  CHECK(digits.pieces("a12") == std::vector<std::string>{"a", "1", "2"});
  PreTokenizer run;
  run.add_digits(false);
  CHECK(run.pieces("a12b") == std::vector<std::string>{"a", "12", "b"});
}

TEST_CASE("a malformed vocabulary is refused by name") {
  const auto refuses = [](auto change, const std::string& what) {
    TokenizerData data = bytes_only();
    change(data);
    CHECK_THROWS_WITH(Tokenizer(data), ContainsSubstring(what));
  };
  refuses([](TokenizerData& d) { d.tokens[2 + 'a'] = "zz"; }, "no token for byte 97");
  refuses([](TokenizerData& d) { d.tokens.push_back("a"); }, "are both the byte 'a'");
  refuses([](TokenizerData& d) { d.specials.push_back({"<x>", 9999}); }, "'<x>' has id 9999");
  refuses([](TokenizerData& d) { d.specials.push_back({"<pad>", 5}); }, "'<pad>' is there twice");
  refuses([](TokenizerData& d) { d.specials.push_back({"<y>", 1}); }, "id 1 is special twice");
  refuses([](TokenizerData& d) { d.merges = {{2 + 'a', 2 + 'b', 2 + 'c'}}; }, "joins 'a' and 'b' to 'c'");
  refuses([](TokenizerData& d) { d.merges = {{2 + 'a', 2 + 'b', -4}}; }, "no ordinary token");
  refuses([](TokenizerData& d) { d.merges = {{0, 2 + 'b', 3}}; }, "no ordinary token");
  CHECK_THROWS_WITH(Tokenizer(bytes_only()).decode(std::vector<token_t>{258}), ContainsSubstring("token id 258"));
  CHECK_THROWS_WITH(Tokenizer(bytes_only()).decode(std::vector<token_t>{-1}), ContainsSubstring("token id -1"));
}
