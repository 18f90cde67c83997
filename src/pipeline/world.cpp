// A toy world put together. Paper: [R1 §2.1], [R1 §2.2].
#include "pipeline/world.h"

#include "tokenizer/toy.h"

namespace r1 {

namespace {

constexpr uint64_t kTokenizerDocuments = 8000;  // the words of checks are rare: with fewer they stay in pieces

/// The tokenizer of a corpus: learnt from the same documents every time, half from each end of the curriculum.
std::unique_ptr<Tokenizer> learn_tokenizer(const Corpus& corpus) {
  std::vector<std::string> texts;
  for (uint64_t i = 0; i < kTokenizerDocuments; ++i) {
    const Document d = corpus.document(0, i, i % 2 ? 0.0 : 0.99);
    if (!d.question.empty()) texts.push_back(d.question);
    for (const Piece& p : d.body)
      if (!p.special) texts.push_back(p.text);
  }
  return std::make_unique<Tokenizer>(train_toy_tokenizer(texts));
}

}  // namespace

World::World(const WorldConfig& c, std::unique_ptr<Tokenizer> tokenizer, const RuleRewardConfig& rewards)
    : corpus_(Registry<CorpusFactory>::get().find("corpus", c.name)(c.recipe)),
      task_(Registry<TaskFactory>::get().find("task", c.name)()),
      tokenizer_(tokenizer ? std::move(tokenizer) : learn_tokenizer(*corpus_)),
      template_(&chat_template(c.chat_template)),
      reward_(std::make_unique<RuleReward>(*tokenizer_, rewards)),
      eos_(tokenizer_->special(kEos)) {}

Example World::example(uint64_t seed, uint64_t index, double progress) const {
  const Document d = corpus_->document(seed, index, progress);
  Example e;
  e.tokens = encode_document(*tokenizer_, *template_, d.question, d.body);
  e.mask.assign(e.tokens.size(), 1);
  e.index = index;
  return e;
}

std::vector<token_t> World::prompt(const Problem& p) const { return tokenizer_->encode(template_->prompt(p.prompt)); }

std::string World::text(const std::vector<token_t>& ids) const {
  std::string out;
  for (token_t id : ids) out += tokenizer_->valid(id) ? tokenizer_->bytes(id) : "\xEF\xBF\xBD";
  return out;
}

Score World::judge(const Problem& p, const std::vector<token_t>& answer) const { return reward_->score(p, answer); }

}  // namespace r1
