// Pair counts are kept up to date merge by merge: only the words that contain the chosen pair are touched. A heap
// holds (count, pair) entries; outdated ones are dropped when they come up. Paper: [V3 §4.1].
#include "tokenizer/bpe_trainer.h"

#include <algorithm>
#include <map>
#include <queue>

#include "base/check.h"

namespace r1 {
namespace {

using Pair = std::pair<token_t, token_t>;

struct PairHash {
  size_t operator()(const Pair& p) const {
    const uint64_t key = uint64_t{static_cast<uint32_t>(p.first)} << 32 | static_cast<uint32_t>(p.second);
    return static_cast<size_t>((key ^ key >> 29) * 0x9E3779B97F4A7C15u);
  }
};

struct Word {
  std::vector<token_t> ids;
  int64_t count;
};

struct PairInfo {
  int64_t count = 0;
  std::vector<size_t> words;  ///< where it occurs or occurred; may repeat and be outdated
};

class Learner {
 public:
  /// `tokens` grows while we learn; the order of pairs looks bytes up in it.
  Learner(const std::vector<std::string>& tokens, std::vector<Word> words)
      : words_(std::move(words)), heap_(Less{&tokens}) {
    for (size_t w = 0; w < words_.size(); ++w) count_pairs(w, +1);
    for (const auto& [pair, info] : pairs_) heap_.push({info.count, pair});
  }

  /// The most frequent pair, or nothing if none reaches min_count.
  bool best(int64_t min_count, Pair& out) {
    while (!heap_.empty()) {
      const Entry top = heap_.top();
      const auto it = pairs_.find(top.pair);
      if (it != pairs_.end() && it->second.count == top.count) {
        out = top.pair;
        return top.count >= min_count;
      }
      heap_.pop();
    }
    return false;
  }

  /// Replaces the pair by `id` everywhere.
  void merge(const Pair& pair, token_t id) {
    std::vector<size_t> touched = std::move(pairs_[pair].words);
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    changed_.clear();
    for (const size_t w : touched) {
      if (!contains(words_[w], pair)) continue;
      count_pairs(w, -1);
      replace(words_[w].ids, pair, id);
      count_pairs(w, +1);
    }
    pairs_.erase(pair);
    for (const Pair& p : changed_)
      if (const auto it = pairs_.find(p); it != pairs_.end() && it->second.count > 0) heap_.push({it->second.count, p});
  }

 private:
  struct Entry {
    int64_t count;
    Pair pair;
  };
  struct Less {
    const std::vector<std::string>* tokens;
    bool operator()(const Entry& a, const Entry& b) const {
      if (a.count != b.count) return a.count < b.count;
      const auto bytes = [&](token_t id) -> const std::string& { return (*tokens)[static_cast<size_t>(id)]; };
      if (const int c = bytes(a.pair.first).compare(bytes(b.pair.first)); c != 0) return c < 0;
      return bytes(a.pair.second) < bytes(b.pair.second);
    }
  };

  static bool contains(const Word& word, const Pair& pair) {
    for (size_t i = 0; i + 1 < word.ids.size(); ++i)
      if (Pair{word.ids[i], word.ids[i + 1]} == pair) return true;
    return false;
  }

  static void replace(std::vector<token_t>& ids, const Pair& pair, token_t id) {
    size_t out = 0;
    for (size_t i = 0; i < ids.size(); ++out) {
      const bool here = i + 1 < ids.size() && Pair{ids[i], ids[i + 1]} == pair;
      ids[out] = here ? id : ids[i];
      i += here ? 2 : 1;
    }
    ids.resize(out);
  }

  void count_pairs(size_t w, int64_t sign) {
    const Word& word = words_[w];
    for (size_t i = 0; i + 1 < word.ids.size(); ++i) {
      const Pair p{word.ids[i], word.ids[i + 1]};
      PairInfo& info = pairs_[p];
      info.count += sign * word.count;
      if (sign > 0) info.words.push_back(w);
      changed_.push_back(p);
    }
  }

  std::vector<Word> words_;
  std::unordered_map<Pair, PairInfo, PairHash> pairs_;
  std::vector<Pair> changed_;
  std::priority_queue<Entry, std::vector<Entry>, Less> heap_;
};

}  // namespace

void BpeTrainer::add(std::string_view text) {
  pre_tokenizer_.each_piece(text, [&](std::string_view piece) { ++counts_[std::string(piece)]; });
}

TokenizerData BpeTrainer::train(int64_t vocab_size, const std::vector<std::string>& specials, int64_t min_count) const {
  const auto base = static_cast<int64_t>(256 + specials.size());
  if (vocab_size < base) fail("tokenizer training: vocabulary of ", vocab_size, ", expected at least ", base);
  TokenizerData data;
  data.pre_tokenizer = pre_tokenizer_;
  for (const std::string& s : specials) {
    data.specials.push_back({s, static_cast<token_t>(data.tokens.size())});
    data.tokens.push_back(s);
  }
  const auto first_byte = static_cast<token_t>(data.tokens.size());
  for (int b = 0; b < 256; ++b) data.tokens.emplace_back(1, static_cast<char>(static_cast<unsigned char>(b)));

  std::vector<Word> words;
  for (const auto& [text, count] : std::map<std::string, int64_t>(counts_.begin(), counts_.end())) {
    Word word{{}, count};
    for (const char c : text) word.ids.push_back(first_byte + static_cast<unsigned char>(c));
    words.push_back(std::move(word));
  }
  std::unordered_map<std::string, token_t> ids;  // of merged tokens
  Learner learner(data.tokens, std::move(words));
  Pair pair;
  while (static_cast<int64_t>(data.tokens.size()) < vocab_size && learner.best(min_count, pair)) {
    const auto bytes = [&](token_t id) -> const std::string& { return data.tokens[static_cast<size_t>(id)]; };
    // "ab" + "c" after "a" + "bc": a second way to the same token, not a second token.
    const auto [known, fresh] =
        ids.emplace(bytes(pair.first) + bytes(pair.second), static_cast<token_t>(data.tokens.size()));
    if (fresh) data.tokens.push_back(known->first);
    data.merges.push_back({pair.first, pair.second, known->second});
    learner.merge(pair, known->second);
  }
  return data;
}

}  // namespace r1
