#include "tokenizer/bpe_trainer.h"

#include <map>

#include "base/rng.h"
#include "support/catch.h"
#include "support/shared_data.h"
#include "tokenizer/byte_level.h"

using namespace r1;

namespace {

PreTokenizer gpt2() {
  PreTokenizer p;
  p.add_gpt2();
  return p;
}

/// The definition, slowly: recount all pairs before each merge.
std::vector<std::pair<std::string, std::string>> slow_merges(const std::vector<std::string>& words, size_t n) {
  std::vector<std::vector<std::string>> split;
  for (const std::string& w : words) {
    split.emplace_back();
    for (const char c : w) split.back().emplace_back(1, c);
  }
  std::vector<std::pair<std::string, std::string>> out;
  while (out.size() < n) {
    std::map<std::pair<std::string, std::string>, int> count;
    for (const auto& w : split)
      for (size_t i = 0; i + 1 < w.size(); ++i) ++count[{w[i], w[i + 1]}];
    if (count.empty()) break;
    auto best = count.begin();
    for (auto it = count.begin(); it != count.end(); ++it)
      if (it->second >= best->second) best = it;  // map order: the last of equals is the greatest
    out.push_back(best->first);
    for (auto& w : split)
      for (size_t i = 0; i + 1 < w.size(); ++i)
        if (w[i] == out.back().first && w[i + 1] == out.back().second) w[i] += w[i + 1], w.erase(w.begin() + i + 1);
  }
  return out;
}

}  // namespace

TEST_CASE("the trainer equals the definition on random words") {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    Rng rng(seed, Stream::kTest);
    std::vector<std::string> words;
    BpeTrainer trainer{PreTokenizer{}};  // no splits: a text is one piece
    for (int i = 0; i < 60; ++i) {
      std::string w;
      for (int k = rng.range(1, 9); k > 0; --k) w += static_cast<char>('a' + rng.below(3));
      words.push_back(w);
      trainer.add(w);
    }
    const TokenizerData data = trainer.train(256 + 40, {});
    const auto want = slow_merges(words, data.merges.size());
    REQUIRE(want.size() == data.merges.size());
    for (size_t i = 0; i < want.size(); ++i) {
      INFO("seed " << seed << " merge " << i);
      CHECK(data.tokens[static_cast<size_t>(data.merges[i].left)] == want[i].first);
      CHECK(data.tokens[static_cast<size_t>(data.merges[i].right)] == want[i].second);
    }
    // What was learnt also encodes: words of one token come out as one id, and all words come back.
    const Tokenizer tokenizer(data);
    for (const std::string& w : words) CHECK(tokenizer.decode(tokenizer.encode(w)) == w);
  }
}

TEST_CASE("ties go to the greater pair of byte strings, bytes unsigned") {
  BpeTrainer trainer{PreTokenizer{}};
  trainer.add("ab");
  trainer.add("\xC3\xA9");
  const TokenizerData data = trainer.train(257, {});
  CHECK(data.tokens.back() == "\xC3\xA9");
}

TEST_CASE("the published merges of a corpus are reproduced", "[shared]") {
  const auto corpus = r1_test::shared_file("bpe_training/corpus.en");
  const auto merges = r1_test::shared_file("bpe_training/train-bpe-reference-merges.txt");
  if (!corpus || !merges) return;
  BpeTrainer trainer(gpt2());
  const std::string mark = "<|endoftext|>";
  for (size_t at = 0; at <= corpus->size();) {
    const size_t end = std::min(corpus->find(mark, at), corpus->size());
    trainer.add(std::string_view(*corpus).substr(at, end - at));
    at = end + mark.size();
  }
  const TokenizerData data = trainer.train(500, {mark});
  std::istringstream lines(*merges);
  size_t i = 0;
  for (std::string line; std::getline(lines, line); ++i) {
    REQUIRE(i < data.merges.size());
    const auto text = [&](token_t id) { return to_byte_level(data.tokens[static_cast<size_t>(id)]); };
    CHECK(text(data.merges[i].left) + " " + text(data.merges[i].right) == line);
  }
  CHECK(i == 243);
  CHECK(data.merges.size() == 243);
}

TEST_CASE("a vocabulary that cannot hold the bytes is refused") {
  const BpeTrainer trainer(gpt2());
  CHECK_THROWS_WITH(trainer.train(256, {"<think>"}), ContainsSubstring("expected at least 257"));
}
