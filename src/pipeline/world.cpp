// A toy world put together. Paper: [R1 §2.1], [R1 §2.2].
#include "pipeline/world.h"

#include <algorithm>

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

World::World(const WorldConfig& c, std::unique_ptr<Tokenizer> tokenizer, const RewardWeights& rewards)
    : corpus_(Registry<CorpusFactory>::get().find("corpus", c.name)(c.recipe)),
      task_(Registry<TaskFactory>::get().find("task", c.task.empty() ? c.name : c.task)()),
      tokenizer_(tokenizer ? std::move(tokenizer) : learn_tokenizer(*corpus_)),
      template_(&chat_template(c.chat_template)),
      reward_(std::make_unique<RuleReward>(*tokenizer_, rewards)),
      eos_(tokenizer_->special(kEos)) {}

std::vector<uint8_t> World::targets(const Document& d, const std::vector<token_t>& ids) const {
  std::vector<uint8_t> mask(ids.size(), 1);
  size_t at = d.question.empty() ? 1 : prompt_of(d.question).size();  // bos alone, or the framed question
  std::fill_n(mask.begin(), at, uint8_t{0});
  size_t token_begin = 0, piece = 0, piece_end = d.body.empty() ? 0 : d.body[0].text.size();
  for (; at + 1 < ids.size(); ++at) {  // the last one is eos
    while (token_begin >= piece_end) piece_end += d.body[++piece].text.size();
    mask[at] = !d.body[piece].given;
    token_begin += tokenizer_->bytes(ids[at]).size();
  }
  return mask;
}

Example World::example(uint64_t seed, uint64_t index, double progress) const {
  const Document d = corpus_->document(seed, index, progress);
  Example e;
  e.tokens = encode_document(*tokenizer_, *template_, d.question, d.body);
  e.mask = targets(d, e.tokens);
  e.index = index;
  return e;
}

std::vector<token_t> World::prompt_of(const std::string& question) const {
  return tokenizer_->encode(template_->prompt(question));
}

std::vector<token_t> World::prompt(const Problem& p) const { return prompt_of(p.prompt); }

std::string World::text(const std::vector<token_t>& ids) const {
  std::string out;
  for (token_t id : ids) out += tokenizer_->valid(id) ? tokenizer_->bytes(id) : "\xEF\xBF\xBD";
  return out;
}

std::function<Score()> World::begin_judging(const Problem& p, const std::vector<token_t>& answer) const {
  return reward_->begin(p, answer);
}

Score World::judge(const Problem& p, const std::vector<token_t>& answer) const { return reward_->score(p, answer); }

}  // namespace r1
