#include "tasks/math_1_corpus.h"

#include <map>

#include "rewards/rule_reward.h"
#include "support/catch.h"
#include "tasks/math_1_oracle.h"
#include "tokenizer/template.h"
#include "tokenizer/toy.h"

using namespace r1;

namespace {

std::vector<Document> documents(const Corpus& corpus, uint64_t seed, int n, double progress = .5) {
  std::vector<Document> out;
  for (int i = 0; i < n; ++i) out.push_back(corpus.document(seed, static_cast<uint64_t>(i), progress));
  return out;
}

std::vector<Document> defaults(int n, double progress = .5) {
  return documents(*make_math_corpus({}), 11, n, progress);
}

/// The expression of a labelled question, labels dropped.
ClockExpression asked(const Document& d) {
  std::string plain;
  for (const char c : d.question)
    if ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '*') plain += c;
  const auto e = parse_clock(plain);
  REQUIRE(e.has_value());
  return *e;
}

Tokenizer toy_tokenizer() {
  std::vector<std::string> texts;
  for (const Document& d : defaults(6000)) {
    for (const Piece& p : chat_template("toy").prompt(d.question))
      if (!p.special) texts.push_back(p.text);
    for (const Piece& p : d.body)
      if (!p.special) texts.push_back(p.text);
  }
  return train_toy_tokenizer(texts);
}

}  // namespace

TEST_CASE("a document is a function of seed and index, and the mixture is kept") {
  std::map<std::string, int> kinds, drill;
  const auto docs = defaults(10000);
  for (const Document& d : docs) ++kinds[d.kind];
  for (const Document& d : defaults(10000, .1)) ++drill[d.kind];
  const MathRecipe r;
  const auto near = [](int n, double p) { return std::abs(n - 10000 * p) < 5 * std::sqrt(10000 * p * (1 - p)); };
  CHECK(near(kinds["chat"], r.full.chat));
  CHECK(near(kinds["sheet"], r.full.sheet));
  CHECK(near(kinds["lesson"], r.full.lesson));
  CHECK(near(kinds["table"], r.full.table));
  CHECK(near(kinds["note"], r.full.note));
  CHECK(near(drill["note"], r.drill.note));
  const auto again = defaults(50);
  for (size_t i = 0; i < 50; ++i) CHECK(plain(again[i].body) == plain(docs[i].body));
  CHECK(plain(make_math_corpus({})->document(12, 3, .5).body) != plain(docs[3].body));
}

TEST_CASE("conversations ask training questions only, and no drill shows a held-out question of level 1") {
  for (const double progress : {.1, .5})
    for (const Document& d : defaults(6000, progress)) {
      if (d.kind == "chat") CHECK(math_split(asked(d)) == Split::kTrain);
      if (d.kind == "chat" || d.kind == "table") continue;
      const std::string text = plain(d.body);
      std::string bare;  // every "47+8=" in the text, labels dropped
      for (const char c : text.substr(text.find(' ') + 1))
        if (c < 'a' || c > 'z') bare += c;
      for (size_t at = 0; at + 4 < bare.size(); ++at) {
        const auto e = parse_clock(std::string_view(bare).substr(at, 4));
        if (e && bare[at + 4] == '=' && e->start >= 10 && math_split(*e) != Split::kTrain) FAIL(d.kind << ": " << text);
      }
    }
}

TEST_CASE("rates of the recipe show in the documents, read by the oracle") {
  MathRecipe recipe;
  recipe.full = {1, 0, 0, 0, 0};
  recipe.check_product_en = .25, recipe.check_product_zh = .5;
  int lines[2] = {}, checks[2] = {}, right = 0, sums = 0, sums_right = 0, full = 0, tagged = 0, n = 0;
  const Tokenizer tokenizer = toy_tokenizer();
  const OutputParser parser(tokenizer);
  for (const Document& d : documents(*make_math_corpus(recipe), 5, 8000)) {
    const OracleReport report = math_oracle(math_problem(asked(d), 0), plain(d.body));
    std::vector<token_t> ids = tokenizer.encode(d.body);
    ids.push_back(tokenizer.special(kEos));
    ++n, full += parser.parse(ids).broken == FormRule::kOk;
    for (const Piece& p : d.body)
      if (p.special) {
        ++tagged;
        break;
      }
    for (const LineReport& l : report.lines) {
      CHECK(l.operands_right);
      CHECK_FALSE(l.spoiled());
      CHECK((!l.checked || l.check_right));
      if (l.op == '*') {
        ++lines[l.language], checks[l.language] += l.checked, right += l.quick_right;
      } else {
        ++sums, sums_right += l.quick_right;
      }
    }
  }
  const auto near = [](int k, int of, double p) { return std::abs(k - of * p) < 5 * std::sqrt(of * p * (1 - p)); };
  CHECK(near(full, n, recipe.tag_full));
  CHECK(near(tagged, n, recipe.tag_full + recipe.tag_part));
  CHECK(near(checks[0], lines[0], .25));
  CHECK(near(checks[1], lines[1], .5));
  CHECK(near(right, lines[0] + lines[1], recipe.product_right + .1 * (1 - recipe.product_right)));
  CHECK(near(sums_right, sums, recipe.sum_right + .01 * (1 - recipe.sum_right)));
}

TEST_CASE("the toy tokenizer makes one token of every word of the world") {
  const Tokenizer t = toy_tokenizer();
  CHECK(t.vocab_size() <= kToyMaxVocab);
  double tokens = 0, longest = 0;
  for (const Document& d : defaults(500)) {
    const auto ids = encode_document(t, chat_template("toy"), d.question, d.body);
    tokens += static_cast<double>(ids.size()) / 500, longest = std::max(longest, static_cast<double>(ids.size()));
    for (const token_t id : ids) {
      const std::string& s = t.bytes(id);
      const bool letter = (s[0] >= 'a' && s[0] <= 'z') || s[0] == ' ' || static_cast<unsigned char>(s[0]) >= 0x80;
      if (letter && s.size() > 1) continue;
      CHECK((s.size() == 1 || t.is_special(id)));
    }
  }
  CHECK((tokens > 30 && tokens < 70));
  CHECK(longest < 220);
  for (int language = 0; language < 2; ++language) {
    const MathWords& w = math_words(language);
    for (const char* word : {w.calc, w.first, w.then, w.so, w.wait, w.ok, w.wrong, w.result, w.blunt}) {
      INFO(word);
      CHECK(t.encode(word).size() == 1);
    }
  }
}

TEST_CASE("a wrong recipe is named") {
  const auto refuses = [](const char* json, const std::string& what) {
    CHECK_THROWS_WITH(Registry<CorpusFactory>::get().find("corpus", "math-1")(Json::parse(json)),
                      ContainsSubstring(what));
  };
  refuses(R"({"full": {"chat": 0.5}})", "'full' sums to 0.85");
  refuses(R"({"lazzy": 0.5})", "did you mean 'lazy'");
  refuses(R"({"tag_full": 0.9})", "tag_full and tag_part sum to 1.08");
  refuses(R"({"level_weights": [1, 2]})", "level_weights");
  refuses(R"({"level_weights": [0, 0, 0, 0, 0]})", "level_weights");
  refuses(R"({"user_en": 1.5})", "user_en");
  const auto corpus = make_math_corpus({});
  MathRecipe back;
  fields::from_json(back, corpus->recipe(), "recipe");
  CHECK(fields::to_json(back) == corpus->recipe());
}
